package rotate

import (
	"fmt"
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
}

func snapshot(t *testing.T, stands ...stand) mesh.Snapshot {
	t.Helper()
	var s mesh.Snapshot
	for i, at := range stands {
		release := mesh.Release{Status: "deployed", ChartVersion: "1.20.1", Values: map[string]any{}}
		if at.trusts != nil {
			var cas [][]byte
			for _, one := range at.trusts {
				cas = append(cas, one.pair.Cert)
			}
			bundle, err := pki.Trust(cas...)
			if err != nil {
				t.Fatal(err)
			}
			release.Values = values.WithTrust(release.Values, bundle)
		}
		if at.cut {
			release.Status = "pending-upgrade"
		}
		f := mesh.Facts{
			Context: fmt.Sprintf("aks-%d", i+1), Config: &mesh.Config{ClusterName: fmt.Sprintf("m%d", i+1)}, Release: &release, CA: &at.ca.facts,
			Certs: []mesh.Cert{{Secret: "clustermesh-apiserver-server-cert", AuthorityID: at.certs.facts.SubjectKey}},
		}
		if at.keeps != nil {
			f.NextCA = &at.keeps.facts.Cert
		}
		s.Clusters = append(s.Clusters, f)
	}
	return s
}

// TestWaves reads from clusters where a rotation stands, and expects the rest.
func TestWaves(t *testing.T) {
	before, after := newAuthority(t), newAuthority(t)
	both := []authority{before, after}
	all := []string{"trust", "trusted", "ca", "issue", "issued", "trust-end", "trust-ended", "connected"}
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
			map[string][]string{"aks-1": {"trusted", "issue", "issued", "trust-end", "trust-ended", "connected"}, "aks-2": all[1:]}, false,
		},
		"one has certificates of the new CA": {
			[]stand{{ca: before, certs: before, keeps: &after, trusts: both}, {ca: after, certs: after, trusts: both}},
			map[string][]string{"aks-1": all[1:], "aks-2": {"trusted", "issued", "trust-end", "trust-ended", "connected"}}, false,
		},
		"all have certificates of the new CA": {
			[]stand{{ca: after, certs: after, keeps: &after, trusts: both}, {ca: after, certs: after}},
			map[string][]string{"aks-1": {"issued", "trust-end", "trust-ended", "connected"}, "aks-2": {"issued", "connected"}}, false,
		},
		"cut in its last revision": {
			[]stand{{ca: after, certs: after, keeps: &after, cut: true}, {ca: after, certs: after}},
			map[string][]string{"aks-1": {"issued", "trust-end", "trust-ended", "connected"}, "aks-2": {"issued", "connected"}}, false,
		},
		"cut while it signs": {
			[]stand{{ca: after, certs: after, keeps: &after, trusts: both, cut: true}, {ca: before, certs: before, trusts: both}},
			map[string][]string{"aks-1": {"trust", "trusted", "issued", "trust-end", "trust-ended", "connected"}, "aks-2": all[1:]}, false,
		},
		"only the copy is left": {
			[]stand{{ca: after, certs: after, keeps: &after}, {ca: after, certs: after}},
			map[string][]string{"aks-1": {"issued", "connected"}, "aks-2": {"issued", "connected"}}, false,
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
	barriers := map[string]string{stepAdopt: stepTrusted, stepEnd: stepIssued, stepForget: stepConnected}
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

func TestRefusals(t *testing.T) {
	ca := newAuthority(t)
	other, third := newAuthority(t), newAuthority(t)
	for name, test := range map[string]struct {
		change func(*mesh.Snapshot)
		want   string
	}{
		"no Cilium":      {func(s *mesh.Snapshot) { s.Clusters[1].Release = nil }, `context "aks-2" has no Cilium`},
		"no CA":          {func(s *mesh.Snapshot) { s.Clusters[1].CA = nil }, `context "aks-2" has no Secret kube-system/cilium-ca`},
		"GitOps":         {func(s *mesh.Snapshot) { s.Clusters[1].Release.Owner = "Argo CD application cilium" }, "suspend it"},
		"cert-manager":   {func(s *mesh.Snapshot) { s.Clusters[0].Release.Values = madeBy("certmanager") }, "made by certmanager"},
		"user's own":     {func(s *mesh.Snapshot) { s.Clusters[0].Release.Values = provided() }, "its user keeps"},
		"foreign bundle": {func(s *mesh.Snapshot) { s.Clusters[0].Release.Values = foreign() }, "tls.caBundle.content"},
		"two next ones": {func(s *mesh.Snapshot) {
			s.Clusters[0].NextCA, s.Clusters[1].NextCA = &other.facts.Cert, &third.facts.Cert
		}, "not the same"},
	} {
		s := snapshot(t, stand{ca: ca, certs: ca}, stand{ca: ca, certs: ca})
		test.change(&s)
		if _, err := Make(s); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, test.want)
		}
	}
}

func madeBy(name string) map[string]any {
	return map[string]any{"clustermesh": map[string]any{"apiserver": map[string]any{"tls": map[string]any{"auto": map[string]any{"method": name}}}}}
}

func provided() map[string]any {
	return map[string]any{"clustermesh": map[string]any{"apiserver": map[string]any{"tls": map[string]any{"auto": map[string]any{"enabled": false}}}}}
}

func foreign() map[string]any {
	return map[string]any{"tls": map[string]any{"caBundle": map[string]any{"enabled": true, "name": "corporate-roots"}}}
}
