package values

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"slices"
	"strings"
)

// BundledCAs are the SHA-256 fingerprints, hex, of the certificates in a
// release's trust bundle, ours or a user's, in the bundle's order.
func BundledCAs(release Values) []string {
	text := bundleText(release)
	var all []string
	for _, part := range certParts(text) {
		if part.fingerprint != "" {
			all = append(all, part.fingerprint)
		}
	}
	return all
}

// DistrustCAs returns values whose trust bundle lacks the certificates of
// these SHA-256 fingerprints (hex), and says whether one was there. A bundle
// that is empty without them goes as a whole, or the cluster would trust
// nobody. The pods of clustermesh-apiserver start anew: etcd reads what it
// trusts only when it starts. The argument is not changed.
func DistrustCAs(release Values, fingerprints []string) (Values, bool) {
	out := clone(release)
	text := bundleText(release)
	var kept strings.Builder
	left, dropped := 0, false
	for _, part := range certParts(text) {
		if slices.Contains(fingerprints, part.fingerprint) {
			dropped = true
			continue
		}
		if part.fingerprint != "" {
			left++
		}
		kept.WriteString(part.text)
	}
	switch {
	case !dropped:
		return out, false
	case left == 0:
		remove(out, "tls", "caBundle", "content")
		remove(out, "tls", "caBundle", "enabled")
		remove(out, "clustermesh", "apiserver", "podAnnotations", trustAnnotation)
		return out, true
	}
	set(out, kept.String(), "tls", "caBundle", "content")
	sum := sha256.Sum256([]byte(kept.String()))
	set(out, hex.EncodeToString(sum[:8]), "clustermesh", "apiserver", "podAnnotations", trustAnnotation)
	return out, true
}

func bundleText(release Values) string {
	content, _ := get(release, "tls", "caBundle", "content")
	text, _ := content.(string)
	return text
}

// certPart is one certificate of a bundle, or the text before one, in which
// kubectl-aksmesh and people leave marks. It has a fingerprint only if it is a
// certificate.
type certPart struct{ text, fingerprint string }

// certParts takes a bundle apart; the texts joined are the bundle.
func certParts(bundle string) []certPart {
	const begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
	var parts []certPart
	for bundle != "" {
		from := strings.Index(bundle, begin)
		to := strings.Index(bundle, end)
		if from < 0 || to < from {
			return append(parts, certPart{text: bundle})
		}
		to += len(end)
		for to < len(bundle) && (bundle[to] == '\n' || bundle[to] == '\r') {
			to++
		}
		if from > 0 {
			parts = append(parts, certPart{text: bundle[:from]})
		}
		cert := certPart{text: bundle[from:to]}
		if block, _ := pem.Decode([]byte(cert.text)); block != nil {
			sum := sha256.Sum256(block.Bytes)
			cert.fingerprint = hex.EncodeToString(sum[:])
		}
		parts = append(parts, cert)
		bundle = bundle[to:]
	}
	return parts
}
