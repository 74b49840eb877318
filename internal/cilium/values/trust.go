package values

import (
	"crypto/sha256"
	"encoding/hex"
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
	enabled, _ := get(release, "tls", "caBundle", "enabled")
	value, _ := get(release, "tls", "caBundle", "content")
	content, _ = value.(string)
	return content, enabled == true
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
