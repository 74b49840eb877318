package main

import (
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// TestRotationIsHindered: what would stop one member between two waves is told
// before the first, even with --force, which is for trouble in the mesh.
func TestRotationIsHindered(t *testing.T) {
	for name, test := range map[string]struct {
		change func(all []mesh.Facts)
		want   string // said of it; empty if the rotation may begin
	}{
		"nothing": {func([]mesh.Facts) {}, ""},
		"a right": {
			func(all []mesh.Facts) {
				all[1].Rights = []mesh.Right{{Verb: "update", Resource: "secrets", Namespace: "kube-system"}}
			},
			`context "aks-2": the user may not update secrets in namespace kube-system`,
		},
		"another Helm":         {func(all []mesh.Facts) { all[1].Release.Status = "pending-upgrade" }, `context "aks-2": somebody else's Helm operation is under way`},
		"a rotation of before": {func(all []mesh.Facts) { all[1].Release.Status, all[1].Release.Ours = "pending-upgrade", true }, ""},
		"a failed revision":    {func(all []mesh.Facts) { all[1].Release.Status = "failed" }, ""},
		"one cluster twice":    {func(all []mesh.Facts) { all[1].Kubernetes.UID = all[0].Kubernetes.UID }, `contexts "aks-1" and "aks-2" are the same cluster`},
	} {
		t.Run(name, func(t *testing.T) {
			var seen mesh.Snapshot
			for _, context := range []string{"aks-1", "aks-2"} {
				seen.Clusters = append(seen.Clusters, mesh.Facts{
					Context: context, Kubernetes: &mesh.Kubernetes{UID: "uid of " + context}, Config: &mesh.Config{ClusterName: context},
					Release: &mesh.Release{Name: "cilium", Namespace: "kube-system", Status: "deployed", ChartVersion: "1.20.1"}, CA: &mesh.CA{KeyMatches: true},
				})
			}
			test.change(seen.Clusters)
			streams, _, _, errOut := genericiooptions.NewTestIOStreams()
			a := &app{streams: streams, lookupEnv: func(string) (string, bool) { return "", false }}
			o := &caRotateOptions{app: a, preflight: preflight{app: a}, force: true}
			draft, err := o.judge(seen)
			if (err != nil) != (test.want != "") || (draft == nil) != (err != nil) {
				t.Errorf("draft %v, error %v", draft, err)
			}
			if !strings.Contains(errOut.String(), test.want) {
				t.Errorf("%q is not said in:\n%s", test.want, errOut)
			}
		})
	}
}
