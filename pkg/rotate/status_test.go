package rotate

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// TestRenewal: what renews a certificate depends on its Secret, and on how the
// mesh's and how Hubble's are made.
func TestRenewal(t *testing.T) {
	now := time.Date(2026, 11, 6, 9, 0, 0, 0, time.UTC)
	soon := time.Date(2026, 12, 24, 6, 0, 0, 0, time.UTC) // as cert-manager says
	newYear := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	const mesh1, server, relay, relayServer = "clustermesh-apiserver-server-cert", "hubble-server-certs", "hubble-relay-client-certs", "hubble-relay-server-certs"
	for name, test := range map[string]struct {
		change func(values map[string]any)
		secret string
		by     string
		at     *time.Time
	}{
		"the mesh's by Helm":                {nil, mesh1, "each Helm revision", nil},
		"Hubble's by Helm":                  {nil, server, "only ca rotate, and upgrade", nil},
		"relay's by Helm":                   {func(v map[string]any) { set(v, "hubble.relay.enabled", true) }, relay, "only ca rotate, and upgrade", nil},
		"relay's server by Helm":            {func(v map[string]any) { set(v, "hubble.relay", relayWithTLS()) }, relayServer, "each Helm revision", nil},
		"relay is off":                      {nil, relay, "nothing: it is left over", nil},
		"the mesh's by a CronJob":           {func(v map[string]any) { set(v, "clustermesh.apiserver.tls.auto.method", "cronJob") }, mesh1, "CronJob, at 0 0 1 */4 *", &newYear},
		"Hubble's, the mesh's by a CronJob": {func(v map[string]any) { set(v, "clustermesh.apiserver.tls.auto.method", "cronJob") }, server, "only ca rotate", nil},
		"Hubble's by a CronJob": {func(v map[string]any) {
			set(v, "hubble.tls.auto", map[string]any{"method": "cronJob", "schedule": "@yearly"})
		}, server, "CronJob, at @yearly", &newYear},
		"the mesh's, Hubble's by a CronJob": {func(v map[string]any) { set(v, "hubble.tls.auto.method", "cronJob") }, mesh1, "each Helm revision", nil},
		"by a CronJob without a schedule": {func(v map[string]any) {
			set(v, "hubble.tls.auto", map[string]any{"method": "cronJob", "schedule": nil})
		}, server, "there is no CronJob", nil},
		"by a CronJob that nobody can read": {func(v map[string]any) {
			set(v, "hubble.tls.auto", map[string]any{"method": "cronJob", "schedule": "soon"})
		}, server, "CronJob, at soon", nil},
		"Hubble's by cert-manager":           {func(v map[string]any) { set(v, "hubble.tls.auto.method", "certmanager") }, server, "cert-manager", &soon},
		"the mesh's, by cert-manager Hubble": {func(v map[string]any) { set(v, "hubble.tls.auto.method", "certmanager") }, mesh1, "each Helm revision", nil},
		"the user's own":                     {func(v map[string]any) { set(v, "hubble.tls.auto.enabled", false) }, server, "its user", nil},
	} {
		f := mesh.Facts{Release: &mesh.Release{Values: inMesh()}}
		if test.change != nil {
			test.change(f.Release.Values)
		}
		by, at := renewal(&f, &mesh.Cert{Secret: test.secret, RenewalTime: &soon}, now)
		if !strings.Contains(by, test.by) || !cmp.Equal(at, test.at) {
			t.Errorf("%s: %q at %v, want %q at %v", name, by, at, test.by, test.at)
		}
	}
	if by, _ := renewal(&mesh.Facts{Release: &mesh.Release{}}, &mesh.Cert{Secret: mesh1}, now); by != "unknown" {
		t.Errorf("values that are not known: %q", by)
	}
}

func relayWithTLS() map[string]any {
	return map[string]any{"enabled": true, "tls": map[string]any{"server": map[string]any{"enabled": true}}}
}

// TestIssuers: chains are told by the authority's name and fingerprint.
func TestIssuers(t *testing.T) {
	before, after, other := newAuthority(t), newAuthority(t), newAuthority(t)
	s := snapshot(t, stand{ca: before, certs: before, keeps: &after})
	f := &s.Clusters[0]
	set(f.Release.Values, "hubble.relay.enabled", true)
	for secret, by := range map[string]authority{"hubble-server-certs": after, "hubble-relay-client-certs": other} {
		cert := signedBy(secret, by)
		cert.Issuer = "CN=Cilium CA,O=Example"
		f.Certs = append(f.Certs, cert)
	}
	got := map[string]string{}
	for _, cert := range StatusOf(s, time.Now()).Clusters[0].Certificates {
		got[cert.Secret] = cert.Issuer + " " + cert.IssuerFingerprint
	}
	want := map[string]string{
		"clustermesh-apiserver-server-cert": " " + before.facts.Fingerprint,
		"hubble-server-certs":               "Cilium CA " + after.facts.Fingerprint,
		"hubble-relay-client-certs":         "Cilium CA ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestProblems: what nobody uses, and what Hubble has from elsewhere, is none.
func TestProblems(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	const signer, ended = "was signed by another authority", "has expired"
	old := time.Now().Add(-time.Hour)
	for name, test := range map[string]struct {
		secret string
		end    time.Time
		change func(values map[string]any)
		want   string
	}{
		"the mesh's":               {"clustermesh-apiserver-remote-cert", time.Time{}, nil, signer},
		"Hubble's":                 {"hubble-server-certs", time.Time{}, nil, signer},
		"Hubble's by cert-manager": {"hubble-server-certs", time.Time{}, func(v map[string]any) { set(v, "hubble.tls.auto.method", "certmanager") }, ""},
		"ended, by cert-manager":   {"hubble-server-certs", old, func(v map[string]any) { set(v, "hubble.tls.auto.method", "certmanager") }, ended},
		"left over":                {"hubble-relay-client-certs", old, nil, ""},
	} {
		s := snapshot(t, stand{ca: ca, certs: ca})
		cert := untrusted(test.secret, other)
		cert.NotAfter = test.end
		s.Clusters[0].Certs = append(s.Clusters[0].Certs, cert)
		if test.change != nil {
			test.change(s.Clusters[0].Release.Values)
		}
		got := strings.Join(StatusOf(s, time.Now()).Problems, "; ")
		if test.want == "" && got != "" || !strings.Contains(got, test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
