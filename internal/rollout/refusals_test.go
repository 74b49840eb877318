package rollout

import (
	"strings"
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Until a cluster has the new authority, a rotation that cannot be finished need
// not keep the mesh from changing for ever.
func TestARotationCanBeCalledOff(t *testing.T) {
	const off = "kubectl --context aks-1 -n kube-system delete secret aksmesh-next-ca"
	ca := func(fingerprint string) *mesh.CA { return &mesh.CA{Cert: mesh.Cert{Fingerprint: fingerprint}} }
	next := &mesh.Cert{Fingerprint: "next"}
	for name, test := range map[string]struct {
		all  []*mesh.Facts
		want bool
	}{
		"nobody has it":           {[]*mesh.Facts{{Context: "aks-1", NextCA: next, CA: ca("old")}, {Context: "aks-2", CA: ca("old")}}, true},
		"a CA was deleted":        {[]*mesh.Facts{{Context: "aks-1", NextCA: next, CA: ca("old")}, {Context: "aks-2"}}, true},
		"another cluster has it":  {[]*mesh.Facts{{Context: "aks-1", NextCA: next, CA: ca("old")}, {Context: "aks-2", CA: ca("next")}}, false},
		"the cluster itself does": {[]*mesh.Facts{{Context: "aks-1", NextCA: next, CA: ca("next")}, {Context: "aks-2", CA: ca("old")}}, false},
	} {
		err := Rotating(test.all)
		if err == nil || !strings.Contains(err.Error(), "kubectl aksmesh ca rotate --context aks-1") || strings.Contains(err.Error(), off) != test.want {
			t.Errorf("%s: %v, want %q in it: %t", name, err, off, test.want)
		}
	}
	if err := Rotating([]*mesh.Facts{{Context: "aks-1", CA: ca("old")}}); err != nil {
		t.Error(err)
	}
}
