package values

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
