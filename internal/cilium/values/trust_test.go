package values

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/pki"
)

func TestTrustBundleIsTakenBackWithoutATrace(t *testing.T) {
	before := Values{"cluster": Values{"name": "aks-1"}, "tls": Values{"secretSync": Values{"enabled": true}}}
	wish := Wish{TrustBundle: []byte("-----BEGIN CERTIFICATE-----\n")}
	during := merge(before, nil)
	wish.trust(during)
	if got := string(TrustBundle(during)); got != "-----BEGIN CERTIFICATE-----\n" {
		t.Errorf("bundle read back is %q", got)
	}
	if diff := cmp.Diff(before, WithoutTrustBundle(during)); diff != "" {
		t.Errorf("values after the bundle is gone (-before +after):\n%s", diff)
	}
}

func TestUsersTrustBundleStays(t *testing.T) {
	user := Values{"tls": Values{"caBundle": Values{"enabled": true, "content": "-----BEGIN CERTIFICATE-----\n"}}}
	if diff := cmp.Diff(user, WithoutTrustBundle(user)); diff != "" || OwnBundle(user) == "" || TrustBundle(user) != nil {
		t.Errorf("a user's bundle was taken for ours:\n%s", diff)
	}
}

// A user's own bundle is trusted beside ours, and is all that is left after it.
func TestUsersTrustBundleIsTrustedMeanwhile(t *testing.T) {
	user := Values{"tls": Values{"caBundle": Values{"enabled": true, "content": "user's PEM\n", "name": "roots"}}}
	during := WithTrust(WithTrust(user, []byte("first\n")), []byte("second\n"))
	content, _ := get(during, "tls", "caBundle", "content")
	for _, want := range []string{"second\n", "user's PEM\n"} {
		if !strings.Contains(content.(string), want) {
			t.Errorf("the bundle lacks %q: %q", want, content)
		}
	}
	if got := string(TrustBundle(during)); got != "second\n" {
		t.Errorf("TrustBundle is %q, want only what is trusted for a while", got)
	}
	if diff := cmp.Diff(user, WithoutTrustBundle(during)); diff != "" {
		t.Errorf("afterwards (-before +after):\n%s", diff)
	}
	named := Values{"tls": Values{"caBundle": Values{"enabled": true, "useSecret": true}}}
	if !ForeignBundle(named) || ForeignBundle(user) || ForeignBundle(Values{}) {
		t.Error("only a bundle that is merely named is foreign")
	}
}

// Where the bundle is depends on values that stay when its text goes.
func TestWhereTheBundleIs(t *testing.T) {
	for name, tc := range map[string]struct {
		ca    Values // tls.caBundle
		want  Bundle
		makes bool
	}{
		"as usual":            {nil, Bundle{Name: "cilium-root-ca.crt", Key: "ca.crt"}, false},
		"made":                {Values{"enabled": true, "content": "PEM"}, Bundle{Name: "cilium-root-ca.crt", Key: "ca.crt"}, true},
		"made, and off":       {Values{"enabled": false, "content": "PEM"}, Bundle{Name: "cilium-root-ca.crt", Key: "ca.crt"}, false},
		"named":               {Values{"enabled": true, "name": "roots", "key": "all.pem"}, Bundle{Name: "roots", Key: "all.pem"}, false},
		"in a Secret":         {Values{"enabled": true, "content": "PEM", "useSecret": true}, Bundle{Name: "cilium-root-ca.crt", Key: "ca.crt", Secret: true}, true},
		"with an empty name":  {Values{"name": ""}, Bundle{Name: "cilium-root-ca.crt", Key: "ca.crt"}, false},
		"enabled by its text": {Values{"enabled": "true", "content": "PEM"}, Bundle{Name: "cilium-root-ca.crt", Key: "ca.crt"}, true},
	} {
		values := Values{}
		if tc.ca != nil {
			set(values, tc.ca, "tls", "caBundle")
		}
		if diff := cmp.Diff(tc.want, BundleOf(values)); diff != "" || MakesBundle(values) != tc.makes {
			t.Errorf("%s: made %t, want %t (-want +got):\n%s", name, MakesBundle(values), tc.makes, diff)
		}
	}
}

// A user's own bundle replaces what a cluster trusts by itself, so it has to
// name the new CA when the old one goes.
func TestReplaceCAs(t *testing.T) {
	before, after, roots := newPEM(t), newPEM(t), newPEM(t)
	old, err := pki.Fingerprints(before)
	if err != nil {
		t.Fatal(err)
	}
	user := Values{"tls": Values{"caBundle": Values{"enabled": true, "content": "# ours\n" + string(before) + "# all\n" + string(roots)}}}
	for _, from := range []Values{user, WithoutTrustBundle(WithTrust(user, slices.Concat(before, after))), ReplaceCAs(user, old, after)} {
		got := ReplaceCAs(from, old, after)
		if diff := cmp.Diff("# ours\n# all\n"+string(roots)+string(after), OwnBundle(got)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	unended := Values{"tls": Values{"caBundle": Values{"enabled": true, "content": strings.TrimSpace(string(roots))}}}
	if diff := cmp.Diff(string(roots)+string(after), OwnBundle(ReplaceCAs(unended, old, after))); diff != "" {
		t.Errorf("a bundle whose last line does not end (-want +got):\n%s", diff)
	}
	without := Values{"cluster": Values{"name": "aks-1"}}
	if diff := cmp.Diff(without, ReplaceCAs(without, old, after)); diff != "" {
		t.Errorf("without a bundle (-want +got):\n%s", diff)
	}
}

func newPEM(t *testing.T) []byte {
	t.Helper()
	pair, err := pki.NewCA(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return pair.Cert
}
