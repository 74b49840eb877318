package values

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// trustMark starts a trust bundle that kubectl-aksmesh set, so that it takes
// back its own and never a user's. PEM readers skip text between blocks.
const trustMark = "# set by kubectl-aksmesh while the mesh moves to another CA\n"

// trustAnnotation makes clustermesh-apiserver's pods start anew when the
// bundle changes: etcd reads the CAs that it trusts only at its start.
const trustAnnotation = "aksmesh.io/trust-bundle"

// userMark parts it from the user's own bundle, which stays trusted meanwhile
// and is all that is left afterwards.
const userMark = "# the bundle of this release's own values\n"

// trust lets the cluster trust more CAs than its own, for a while.
func (w *Wish) trust(v Values) {
	if len(w.TrustBundle) > 0 {
		setTrust(v, w.TrustBundle, w.OwnBundle)
	}
}

// WithTrust returns a release's values with a bundle (PEM) to trust for a
// while, in place of an earlier one and beside the user's own. The argument is
// not changed.
func WithTrust(release Values, bundle []byte) Values {
	out := WithoutTrustBundle(release)
	setTrust(out, bundle, OwnBundle(out))
	return out
}

func setTrust(v Values, bundle []byte, own string) {
	content := trustMark + string(bundle)
	if own != "" {
		content += userMark + own
	}
	set(v, true, "tls", "caBundle", "enabled")
	set(v, content, "tls", "caBundle", "content")
	sum := sha256.Sum256([]byte(string(bundle) + own))
	set(v, hex.EncodeToString(sum[:8]), "clustermesh", "apiserver", "podAnnotations", trustAnnotation)
}

// TrustBundle returns the CAs, PEM, that kubectl-aksmesh had a release trust
// for a while; nil if there are none, or if the bundle is the user's.
func TrustBundle(release Values) []byte {
	text, _ := bundleContent(release)
	bundle, ok := strings.CutPrefix(text, trustMark)
	if !ok {
		return nil
	}
	bundle, _, _ = strings.Cut(bundle, userMark)
	return []byte(bundle)
}

// OwnBundle is the bundle, PEM, that a release's own values have it trust;
// empty if there is none. One in a ConfigMap or Secret that the user made
// beside the chart is not among the values: see [ForeignBundle].
func OwnBundle(release Values) string {
	text, on := bundleContent(release)
	if !on {
		return ""
	}
	if strings.HasPrefix(text, trustMark) {
		_, own, _ := strings.Cut(text, userMark)
		return own
	}
	return text
}

// ForeignBundle says whether a release trusts a bundle that its values only
// name: it would be lost by a bundle of kubectl-aksmesh's.
func ForeignBundle(release Values) bool {
	text, on := bundleContent(release)
	return on && text == ""
}

func bundleContent(release Values) (content string, on bool) {
	value, _ := get(release, "tls", "caBundle", "content")
	content, _ = value.(string)
	return content, isOn(release, false, "tls", "caBundle", "enabled")
}

// MakesBundle says whether the chart makes a trust bundle of these values.
func MakesBundle(release Values) bool {
	content, on := bundleContent(release)
	return on && content != ""
}

// Bundle is the object in which a release has its trust bundle.
type Bundle struct {
	Name, Key string
	Secret    bool // and no ConfigMap
}

// Object names it as plans do, as "ConfigMap kube-system/cilium-root-ca.crt".
func (b Bundle) Object(namespace string) string {
	kind := "ConfigMap"
	if b.Secret {
		kind = "Secret"
	}
	return kind + " " + namespace + "/" + b.Name
}

// BundleOf is where a release has its trust bundle, whether or not there is one.
func BundleOf(release Values) Bundle {
	text := func(key, usual string) string {
		at, _ := get(release, "tls", "caBundle", key)
		given, _ := at.(string)
		return cmp.Or(given, usual)
	}
	return Bundle{
		Name: text("name", "cilium-root-ca.crt"), Key: text("key", "ca.crt"),
		Secret: isOn(release, false, "tls", "caBundle", "useSecret"),
	}
}

// ReplaceCAs returns values whose own bundle, if there is one, has a CA (PEM) in
// the place of those with these SHA-256 fingerprints (hex): such a bundle counts
// instead of the cluster's own CA. The argument is not changed.
func ReplaceCAs(release Values, fingerprints []string, ca []byte) Values {
	out := clone(release)
	own := OwnBundle(out)
	if own == "" {
		return out
	}
	added := certParts(string(ca))
	var kept strings.Builder
	for _, part := range certParts(own) {
		again := slices.ContainsFunc(added, func(a certPart) bool { return a.fingerprint == part.fingerprint })
		if part.fingerprint == "" || !again && !slices.Contains(fingerprints, part.fingerprint) {
			kept.WriteString(part.text)
		}
	}
	if text := kept.String(); text != "" && !strings.HasSuffix(text, "\n") {
		kept.WriteByte('\n')
	}
	set(out, kept.String()+string(ca), "tls", "caBundle", "content")
	return out
}

// WithoutTrustBundle returns values without what [WithTrust] sets for a bundle.
// The argument is not changed, and a user's own bundle stays.
func WithoutTrustBundle(release Values) Values {
	out := clone(release)
	if TrustBundle(out) == nil {
		return out
	}
	if own := OwnBundle(out); own != "" {
		set(out, own, "tls", "caBundle", "content")
	} else {
		remove(out, "tls", "caBundle", "content")
		remove(out, "tls", "caBundle", "enabled")
	}
	remove(out, "clustermesh", "apiserver", "podAnnotations", trustAnnotation)
	return out
}

// remove deletes what is at path, and the maps that are empty without it.
func remove(v Values, path ...string) {
	if len(path) == 1 {
		delete(v, path[0])
		return
	}
	next, ok := v[path[0]].(Values)
	if !ok {
		return
	}
	remove(next, path[1:]...)
	if len(next) == 0 {
		delete(v, path[0])
	}
}
