package values

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"strings"
)

// Masked stands for a secret in everything that is shown.
const Masked = "<hidden>"

// Mask returns a copy of v in which every text that may be a secret is
// [Masked]: under a key that speaks of a key, secret, password, token or
// credential; the value of an environment variable with such a name; a private
// key anywhere; and the password inside a URL.
func Mask(v Values) Values {
	masked, _ := maskAny("", v).(Values)
	return masked
}

func maskAny(key string, v any) any {
	switch v := v.(type) {
	case Values:
		out := make(Values, len(v))
		name, _ := v["name"].(string)
		for k, value := range v {
			if k == "value" && speaksOfSecret(name) {
				out[k] = maskAny(name, value)
				continue
			}
			out[k] = maskAny(inherit(key, k), value)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = maskAny(key, v[i])
		}
		return out
	case string:
		return maskText(key, v)
	}
	return v
}

// inherit keeps the parent's name if that already speaks of a secret, so that
// everything below it is hidden too.
func inherit(parent, key string) string {
	if speaksOfSecret(parent) {
		return parent
	}
	return key
}

func maskText(key, text string) string {
	switch {
	case text == "":
		return text
	case speaksOfSecret(key), strings.Contains(text, "PRIVATE KEY"):
		return Masked
	}
	return maskURLs(text)
}

// speaksOfSecret goes by the last word of a name in camelCase, kebab-case or
// dotted form: caKey, tls.key and client-secret hold secrets; keyFile,
// secretName and useSecret only speak of where one is.
func speaksOfSecret(name string) bool {
	lower := strings.ToLower(name)
	for _, word := range []string{"password", "passwd", "token", "credential"} {
		if strings.Contains(lower, word) {
			return true
		}
	}
	for _, word := range []string{"key", "keys", "secret", "secrets", "psk"} {
		if strings.HasSuffix(lower, word) && !strings.HasPrefix(lower, "use") {
			return true
		}
	}
	return false
}

func maskURLs(text string) string {
	if !strings.Contains(text, "://") || !strings.Contains(text, "@") {
		return text
	}
	userinfo := regexp.MustCompile(`://[^/@\s]+@`)
	return userinfo.ReplaceAllString(text, "://"+Masked+"@")
}

// short shows a text on one line: a long one by its length and fingerprint.
func short(text string) string {
	text = strings.TrimRight(text, "\n")
	lines := strings.Count(text, "\n") + 1
	if lines == 1 {
		return text
	}
	sum := sha256.Sum256([]byte(text))
	return fmt.Sprintf("(%d lines, sha256 %x…)", lines, sum[:6])
}
