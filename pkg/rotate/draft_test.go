package rotate

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/pki"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// authority is a CA and what a snapshot says of it.
type authority struct {
	pair  pki.Pair
	facts mesh.CA
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	pair, err := pki.NewCA(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	facts, err := pki.Inspect(pki.Secret("kube-system", pair), nil)
	if err != nil {
		t.Fatal(err)
	}
	return authority{pair, *facts}
}

// stand is how far a rotation has come in one cluster.
type stand struct {
	ca, certs authority
	trusts    []authority // for a while
	keeps     *authority  // as the next one
	cut       bool        // in the middle of a Helm revision
	left      bool        // the bundle is there, and no value says so
	own       []authority // the user's own bundle
}

func snapshot(t *testing.T, stands ...stand) mesh.Snapshot {
	t.Helper()
	var s mesh.Snapshot
	for i, at := range stands {
		release := mesh.Release{Status: "deployed", ChartVersion: "1.20.1", Values: inMesh()}
		if at.own != nil {
			set(release.Values, "tls.caBundle", map[string]any{"enabled": true, "content": string(bundleOf(t, at.own))})
		}
		if at.trusts != nil {
			release.Values = values.WithTrust(release.Values, bundleOf(t, at.trusts))
		}
		ca := at.ca.facts
		ca.BundleKept = at.left
		if at.cut {
			release.Status = "pending-upgrade"
		}
		f := mesh.Facts{
			Context: fmt.Sprintf("aks-%d", i+1), Config: &mesh.Config{ClusterName: fmt.Sprintf("m%d", i+1)}, Release: &release, CA: &ca,
			Certs: []mesh.Cert{signedBy("clustermesh-apiserver-server-cert", at.certs)},
		}
		if at.keeps != nil {
			f.NextCA = &at.keeps.facts.Cert
		}
		s.Clusters = append(s.Clusters, f)
	}
	return s
}

func bundleOf(t *testing.T, all []authority) []byte {
	t.Helper()
	var cas [][]byte
	for _, one := range all {
		cas = append(cas, one.pair.Cert)
	}
	bundle, err := pki.Trust(cas...)
	if err != nil {
		t.Fatal(err)
	}
	return bundle
}

// TestWaves reads from clusters where a rotation stands, and expects the rest.
func TestWaves(t *testing.T) {
	before, after := newAuthority(t), newAuthority(t)
	both := []authority{before, after}
	end := []string{"bundle", "trust-end", "trust-ended", "bundle-end", "connected"}
	all := append([]string{"trust", "trusted", "ca", "issue", "issued", "renewed"}, end...)
	and := func(first ...string) []string { return append(first, end...) }
	for name, test := range map[string]struct {
		stands []stand
		want   map[string][]string // steps by cluster, besides those of the new CA's copy
		makes  bool
	}{
		"fresh": {[]stand{{ca: before, certs: before}, {ca: before, certs: before}}, map[string][]string{"aks-1": all, "aks-2": all}, true},
		"killed after the new CA": {
			[]stand{{ca: before, certs: before, keeps: &after}, {ca: before, certs: before}},
			map[string][]string{"aks-1": all, "aks-2": all}, false,
		},
		"one trusts both": {
			[]stand{{ca: before, certs: before, keeps: &after, trusts: both}, {ca: before, certs: before}},
			map[string][]string{"aks-1": all[1:], "aks-2": all}, false,
		},
		"one has the new CA": {
			[]stand{{ca: after, certs: before, keeps: &after, trusts: both}, {ca: before, certs: before, trusts: both}},
			map[string][]string{"aks-1": and("trusted", "issue", "issued", "renewed"), "aks-2": all[1:]}, false,
		},
		"one has certificates of the new CA": {
			[]stand{{ca: before, certs: before, keeps: &after, trusts: both}, {ca: after, certs: after, trusts: both}},
			map[string][]string{"aks-1": all[1:], "aks-2": and("trusted", "issued", "renewed")}, false,
		},
		"all have certificates of the new CA": {
			[]stand{{ca: after, certs: after, keeps: &after, trusts: both}, {ca: after, certs: after}},
			map[string][]string{"aks-1": and("issued", "renewed"), "aks-2": {"issued", "renewed", "connected"}}, false,
		},
		"cut in its last revision": {
			[]stand{{ca: after, certs: after, keeps: &after, cut: true}, {ca: after, certs: after}},
			map[string][]string{"aks-1": and("issued", "renewed"), "aks-2": {"issued", "renewed", "connected"}}, false,
		},
		"cut while it signs": {
			[]stand{{ca: after, certs: after, keeps: &after, trusts: both, cut: true}, {ca: before, certs: before, trusts: both}},
			map[string][]string{"aks-1": and("trust", "trusted", "issued", "renewed"), "aks-2": all[1:]}, false,
		},
		"only the copy is left": {
			[]stand{{ca: after, certs: after, keeps: &after}, {ca: after, certs: after}},
			map[string][]string{"aks-1": {"issued", "renewed", "connected"}, "aks-2": {"issued", "renewed", "connected"}}, false,
		},
		"the bundle is left": {
			[]stand{{ca: after, certs: after, keeps: &after, left: true}, {ca: after, certs: after}},
			map[string][]string{"aks-1": {"issued", "renewed", "trust-ended", "bundle-end", "connected"}, "aks-2": {"issued", "renewed", "connected"}}, false,
		},
		"bundles of the user's own stay": {
			[]stand{{ca: before, certs: before, own: []authority{before}}, {ca: after, certs: after, keeps: &after, own: []authority{before}, trusts: both}},
			map[string][]string{"aks-1": {"trust", "trusted", "ca", "issue", "issued", "renewed", "trust-end", "trust-ended", "connected"}, "aks-2": {"trusted", "issued", "renewed", "trust-end", "trust-ended", "connected"}}, false,
		},
		"two authorities": {
			[]stand{{ca: before, certs: before, keeps: &after, trusts: both}, {ca: newAuthority(t), certs: before, trusts: both}},
			map[string][]string{"aks-1": all, "aks-2": all}, false,
		},
	} {
		draft, err := Make(snapshot(t, test.stands...))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, makes, forgets := map[string][]string{}, false, false
		for _, step := range draft.Plan(Live{Wait: true}).Steps {
			switch cluster, id, _ := strings.Cut(step.ID, "/"); id {
			case stepNext:
				makes = true
			case stepForget:
				forgets = true
			default:
				got[cluster] = append(got[cluster], id)
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" || makes != test.makes || !forgets {
			t.Errorf("%s: makes a CA %v, want %v; forgets its copy %v (-want +got):\n%s", name, makes, test.makes, forgets, diff)
		}
	}
}

// TestWavesDoNotOverlap: every replacement needs that all trust both, and every
// end of trust that all certificates are new.
func TestWavesDoNotOverlap(t *testing.T) {
	ca := newAuthority(t)
	draft, err := Make(snapshot(t, stand{ca: ca, certs: ca}, stand{ca: ca, certs: ca}, stand{ca: ca, certs: ca}))
	if err != nil {
		t.Fatal(err)
	}
	barriers := map[string]string{stepAdopt: stepTrusted, stepKeep: stepRenewed, stepEnd: stepRenewed, stepForget: stepConnected}
	for _, step := range draft.Plan(Live{Wait: true}).Steps {
		_, own, _ := strings.Cut(step.ID, "/")
		before, ok := barriers[own]
		if !ok {
			continue
		}
		needs := map[string]bool{}
		for _, id := range step.Needs {
			needs[id] = true
		}
		for i := range draft.Clusters {
			if want := id(draft.Clusters[i].Context, before); !needs[want] {
				t.Errorf("%s does not need %s", step.ID, want)
			}
		}
	}
}

// TestWithoutWaitNobodyIsAsked: --wait=false is for those who look themselves,
// and for clusters whose pods cannot be asked.
func TestWithoutWaitNobodyIsAsked(t *testing.T) {
	ca := newAuthority(t)
	draft, err := Make(snapshot(t, stand{ca: ca, certs: ca}, stand{ca: ca, certs: ca}))
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range draft.Plan(Live{}).Steps {
		if strings.HasSuffix(step.ID, "/"+stepRenewed) {
			t.Errorf("%s is planned", step.ID)
		}
		if step.ID == id("aks-1", stepEnd) && !slices.Contains(step.Needs, id("aks-2", stepIssued)) {
			t.Errorf("%s does not need aks-2's certificates: %v", step.ID, step.Needs)
		}
	}
}

// TestTheBundleOutlivesItsRelease: Helm is told to keep it before the revision
// that has it made no more, and it goes when no pod mounts it.
func TestTheBundleOutlivesItsRelease(t *testing.T) {
	ca := newAuthority(t)
	draft, err := Make(snapshot(t, stand{ca: ca, certs: ca}, stand{ca: ca, certs: ca}))
	if err != nil {
		t.Fatal(err)
	}
	for step, before := range map[string]string{stepEnd: stepKeep, stepEnded: stepEnd, stepDrop: stepEnded, stepForget: stepDrop} {
		for _, planned := range draft.Plan(Live{}).Steps {
			if planned.ID == id("aks-1", step) && !slices.Contains(planned.Needs, id("aks-1", before)) {
				t.Errorf("%s does not need %s: %v", step, before, planned.Needs)
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	ca := newAuthority(t)
	other, third := newAuthority(t), newAuthority(t)
	with := func(path string, value any, certs ...mesh.Cert) func(*mesh.Snapshot) {
		return func(s *mesh.Snapshot) {
			set(s.Clusters[0].Release.Values, path, value)
			s.Clusters[0].Certs = append(s.Clusters[0].Certs, certs...)
		}
	}
	for name, test := range map[string]struct {
		change func(*mesh.Snapshot)
		want   string // empty if there is nothing against it
	}{
		"no Cilium":      {func(s *mesh.Snapshot) { s.Clusters[1].Release = nil }, `context "aks-2" has no Cilium`},
		"no CA":          {func(s *mesh.Snapshot) { s.Clusters[1].CA = nil }, `context "aks-2" has no Secret kube-system/cilium-ca`},
		"GitOps":         {func(s *mesh.Snapshot) { s.Clusters[1].Release.Owner = "Argo CD application cilium" }, "suspend it"},
		"cert-manager":   {with("clustermesh.apiserver.tls.auto.method", "certmanager"), "made by certmanager"},
		"user's own":     {with("clustermesh.apiserver.tls.auto.enabled", false), "its user keeps"},
		"foreign bundle": {with("tls.caBundle", map[string]any{"enabled": true, "name": "corporate-roots"}), "tls.caBundle.content"},
		"CA as values":   {with("tls.ca", map[string]any{"cert": "PEM", "key": "PEM"}), "tls.ca.cert and tls.ca.key"},
		"two next ones": {func(s *mesh.Snapshot) {
			s.Clusters[0].NextCA, s.Clusters[1].NextCA = &other.facts.Cert, &third.facts.Cert
		}, "not the same"},
		"lost key": {func(s *mesh.Snapshot) { s.Clusters[1].CA.KeyMatches = false }, `context "aks-2": the private key in Secret kube-system/cilium-ca`},
		"lost key, and the new one is trusted": {func(s *mesh.Snapshot) {
			both := []authority{ca, other}
			*s = snapshot(t, stand{ca: ca, certs: ca, keeps: &other, trusts: both}, stand{ca: ca, certs: ca, trusts: both})
			s.Clusters[1].CA.KeyMatches = false
		}, ""},
		"no CronJob": {with("clustermesh.apiserver.tls.auto", map[string]any{"method": "cronJob", "schedule": ""}), "clustermesh.apiserver.tls.auto.schedule"},

		"Hubble by cert-manager, of this CA":    {with("hubble.tls.auto.method", "certmanager", signedBy("hubble-server-certs", ca)), "hubble.tls.auto.method=helm"},
		"Hubble by its user, of this CA":        {with("hubble.tls.auto.enabled", false, signedBy("hubble-server-certs", ca)), "Secret hubble-server-certs"},
		"Hubble by cert-manager, trusted":       {with("hubble.tls.auto.method", "certmanager", signedBy("hubble-server-certs", other)), ""},
		"Hubble by cert-manager, not trusted":   {with("hubble", map[string]any{"relay": map[string]any{"enabled": true}, "tls": map[string]any{"auto": map[string]any{"method": "certmanager"}}}, untrusted("hubble-server-certs", other)), "tls.caBundle.content"},
		"Hubble by cert-manager, asked by none": {with("hubble.tls.auto.method", "certmanager", untrusted("hubble-server-certs", other)), ""},
		"Hubble by nobody":                      {with("hubble.enabled", false, untrusted("hubble-server-certs", other)), ""},
		"Hubble without a CronJob":              {with("hubble.tls.auto", map[string]any{"method": "cronJob", "schedule": nil}), "hubble.tls.auto.schedule"},
		"Hubble's relay no more, of this CA":    {with("hubble.tls.auto.method", "certmanager", signedBy("hubble-relay-client-certs", ca)), ""},
		"Hubble by a CronJob, the mesh by Helm": {with("hubble.tls.auto.method", "cronJob", signedBy("hubble-server-certs", ca)), ""},
	} {
		s := snapshot(t, stand{ca: ca, certs: ca}, stand{ca: ca, certs: ca})
		test.change(&s)
		_, err := Make(s)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: error %v, want one with %q", name, err, test.want)
		}
	}
}

// TestOnlyWhatIsMadeAnewIsWaitedFor: a certificate that the release makes no
// more, or that is not made of cilium-ca, does not hold a rotation up.
func TestOnlyWhatIsMadeAnewIsWaitedFor(t *testing.T) {
	before, after := newAuthority(t), newAuthority(t)
	both := []authority{before, after}
	for name, test := range map[string]struct {
		left   string // Secret whose certificate is of the old CA
		change func(values map[string]any)
		moved  bool
	}{
		"relay is off":         {"hubble-relay-client-certs", func(map[string]any) {}, true},
		"relay is on":          {"hubble-relay-client-certs", func(v map[string]any) { set(v, "hubble.relay.enabled", true) }, false},
		"Hubble by Helm":       {"hubble-server-certs", func(map[string]any) {}, false},
		"Hubble by a CronJob":  {"hubble-server-certs", func(v map[string]any) { set(v, "hubble.tls.auto.method", "cronJob") }, false},
		"Hubble is off":        {"hubble-server-certs", func(v map[string]any) { set(v, "hubble.enabled", false) }, true},
		"kvstoremesh is off":   {"clustermesh-apiserver-local-cert", func(v map[string]any) { set(v, "clustermesh.apiserver.kvstoremesh.enabled", false) }, true},
		"kvstoremesh as usual": {"clustermesh-apiserver-local-cert", func(map[string]any) {}, false},
	} {
		s := snapshot(t, stand{ca: after, certs: after, keeps: &after, trusts: both}, stand{ca: after, certs: after})
		s.Clusters[0].Certs = append(s.Clusters[0].Certs, signedBy(test.left, before))
		test.change(s.Clusters[0].Release.Values)
		draft, err := Make(s)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if draft.moved != test.moved || draft.Clusters[0].Issue == test.moved {
			t.Errorf("%s: all is signed anew %t, the first has to sign %t; want %t", name, draft.moved, draft.Clusters[0].Issue, test.moved)
		}
	}
}

// inMesh are the values of a release that is in a mesh.
func inMesh() map[string]any {
	return map[string]any{"clustermesh": map[string]any{"useAPIServer": true}}
}

// set puts a value at a path with dots.
func set(v map[string]any, path string, value any) {
	keys := strings.Split(path, ".")
	for _, key := range keys[:len(keys)-1] {
		next, ok := v[key].(map[string]any)
		if !ok {
			next = map[string]any{}
			v[key] = next
		}
		v = next
	}
	v[keys[len(keys)-1]] = value
}

// signedBy is a certificate of a CA that the cluster trusts.
func signedBy(secret string, by authority) mesh.Cert {
	return mesh.Cert{Secret: secret, AuthorityID: by.facts.SubjectKey, SignedByCA: true}
}

func untrusted(secret string, by authority) mesh.Cert {
	cert := signedBy(secret, by)
	cert.SignedByCA = false
	return cert
}
