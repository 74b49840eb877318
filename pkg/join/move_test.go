package join_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/pkg/join"
)

func stepIDs(d *join.Draft) []string {
	var ids []string
	for _, step := range d.Plan(join.Live{}).Steps {
		ids = append(ids, step.ID)
	}
	return ids
}

// A lone cluster has no connection to lose: one revision is enough.
func TestLoneClusterMovesToAnotherCAAtOnce(t *testing.T) {
	facts := member(t, "1", "2")
	facts[1].CA.Fingerprint, facts[1].Service = "other", nil
	got := stepIDs(draftOf(t, snapshot(facts...), join.Wish{CAFrom: "aks-1"}))
	if diff := cmp.Diff([]string{"aks-1/helm", "aks-2/ca", "aks-2/address", "aks-2/helm"}, got); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}

func TestConnectedClustersMoveInThreeWaves(t *testing.T) {
	facts := member(t, "1", "2", "3")
	for i := range facts {
		facts[i].Peers = []mesh.Peer{{Name: "aks-1"}, {Name: "aks-2"}, {Name: "aks-3"}}
	}
	facts[2].CA.Fingerprint = "other"
	draft := draftOf(t, snapshot(facts...), join.Wish{CAFrom: "aks-1"})
	golden(t, "move", draft)
}

// A move that was killed before its end leaves a bundle, and only that.
func TestLeftTrustBundleIsEnded(t *testing.T) {
	facts := member(t, "1", "2")
	bundled, err := values.For(values.Wish{ChartVersion: "1.20.1", ClusterName: "x", ClusterID: 1, Encapsulation: "vxlan", TrustBundle: []byte("PEM")})
	if err != nil {
		t.Fatal(err)
	}
	tls := map[string]any{"tls": bundled["tls"]}
	facts[0].Release.Values = values.Merge(facts[0].Release.Values, tls, nil)
	end := []string{"aks-1/ready", "aks-1/bundle", "aks-1/trust-end", "aks-1/trust-ended", "aks-1/bundle-end"}
	if diff := cmp.Diff(end, stepIDs(draftOf(t, snapshot(facts...), join.Wish{}))); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}

// A move that was killed after that leaves the bundle's object, and no value that
// says so.
func TestLeftBundleIsDeleted(t *testing.T) {
	facts := member(t, "1", "2")
	facts[0].CA.BundleKept = true
	want := []string{"aks-1/trust-ended", "aks-1/bundle-end"}
	if diff := cmp.Diff(want, stepIDs(draftOf(t, snapshot(facts...), join.Wish{}))); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}

// A move that was killed after a CA was replaced leaves certificates that the
// old one signed.
func TestCertificatesOfAReplacedCAAreIssuedAnew(t *testing.T) {
	facts := member(t, "1", "2")
	facts[1].CA.SubjectKey = "new"
	facts[1].Certs = []mesh.Cert{{Secret: "clustermesh-apiserver-server-cert", AuthorityID: "old"}}
	if diff := cmp.Diff([]string{"aks-2/helm"}, stepIDs(draftOf(t, snapshot(facts...), join.Wish{}))); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}
