package join_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
	"github.com/aksmesh/kubectl-aksmesh/pkg/join"
)

func TestUnknownAddressIsFilledInLater(t *testing.T) {
	draft := draftOf(t, snapshot(bare("1"), bare("2")), join.Wish{})
	values, err := draft.Values(&draft.Clusters[0], map[string][]string{"aks-1": {"10.241.0.100"}})
	if err != nil {
		t.Fatal(err)
	}
	clusters := values["clustermesh"].(map[string]any)["config"].(map[string]any)["clusters"]
	want := map[string]any{"aks-1": map[string]any{"ips": []any{"10.241.0.100"}, "port": 2379}}
	if diff := cmp.Diff(want, clusters); diff != "" {
		t.Errorf("clusters without an address of aks-2 (-want +got):\n%s", diff)
	}
}

// Azure changes the address of a Service some time after it was asked to:
// until then the Service still has the one before, which nobody must be told.
func TestChangedServiceIsNotTakenAtItsOldAddress(t *testing.T) {
	const (
		wished = "10.241.0.200"
		told   = "+ clustermesh.config.clusters.aks-1."
		later  = told + "address: (given by Azure during the join)"
	)
	ips := map[string]netip.Addr{"aks-1": netip.MustParseAddr(wished)}
	fixed := map[string]string{values.AnnotationInternal: "true", values.AnnotationIPv4: wished}
	type outcome struct {
		Action plan.Action // of the step that gets the address
		Told   []string    // what the other cluster is told anew
	}
	for name, tc := range map[string]struct {
		change func(*mesh.Facts)
		wish   join.Wish
		want   outcome
	}{
		"nothing changes":  {},
		"a fixed address":  {wish: join.Wish{MeshIPs: ips}, want: outcome{plan.Update, []string{told + `ips: ["10.241.0.200"]`}}},
		"another subnet":   {wish: join.Wish{MeshSubnets: map[string]string{"aks-1": "mesh"}}, want: outcome{plan.Update, []string{later}}},
		"a public address": {change: func(f *mesh.Facts) { f.Service.Annotations = nil }, want: outcome{plan.Update, []string{later}}},
		"only what stays":  {change: func(f *mesh.Facts) { f.Service.PublishNotReady = false }, want: outcome{Action: plan.Update}},
		"not Azure's": {
			change: func(f *mesh.Facts) { f.Service.Annotations, f.Kubernetes.AKS, f.Azure = nil, false, nil },
			want:   outcome{Action: plan.Update},
		},
		"killed before Azure had changed it": {
			change: func(f *mesh.Facts) { f.Service.Annotations = fixed },
			wish:   join.Wish{MeshIPs: ips}, want: outcome{plan.Wait, []string{told + `ips: ["10.241.0.200"]`}},
		},
		"as it is wished": {
			change: func(f *mesh.Facts) {
				f.Service.Annotations, f.Service.Addresses = fixed, []string{wished, "fd00::200"}
			},
			wish: join.Wish{MeshIPs: ips}, want: outcome{Told: []string{told + `ips: ["10.241.0.200","fd00::200"]`}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			facts := member(t, "1", "2")
			if tc.change != nil {
				tc.change(&facts[0])
			}
			var got outcome
			for _, step := range draftOf(t, snapshot(facts...), tc.wish).Plan(join.Live{}).Steps {
				switch step.ID {
				case "aks-1/address":
					got.Action = step.Action
				case "aks-2/helm":
					got.Told = slices.DeleteFunc(step.Diff, func(line string) bool { return !strings.HasPrefix(line, told) })
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("step and address (-want +got):\n%s", diff)
			}
		})
	}
}

// The preflight judges the address that is wished for, and no other.
func TestProjectedService(t *testing.T) {
	const wished = "10.0.0.77" // in the service range, which the preflight finds
	internal := map[string]string{values.AnnotationInternal: "true"}
	fixed := map[string]string{values.AnnotationInternal: "true", values.AnnotationIPv4: wished}
	mine := join.Wish{MeshIPs: map[string]netip.Addr{"aks-1": netip.MustParseAddr(wished)}}
	moved := member(t, "1")[0]
	moved.Service.Annotations = nil
	service := func(annotations map[string]string, addresses ...string) *mesh.Service {
		return &mesh.Service{Type: "LoadBalancer", Port: cilium.MeshPort, HelmOwned: true, PublishNotReady: true, Annotations: annotations, Addresses: addresses}
	}
	for name, tc := range map[string]struct {
		facts mesh.Facts
		wish  join.Wish
		want  *mesh.Service
	}{
		"not known yet":             {bare("1"), join.Wish{}, nil},
		"wished for":                {bare("1"), mine, service(fixed, wished)},
		"as it is":                  {member(t, "1")[0], join.Wish{}, service(internal, "10.241.0.100")},
		"another one is to come":    {member(t, "1")[0], mine, service(fixed, wished)},
		"an unknown one is to come": {moved, join.Wish{}, service(internal)},
	} {
		s := snapshot(tc.facts, bare("2"))
		if diff := cmp.Diff(tc.want, draftOf(t, s, tc.wish).Projected(s).Clusters[0].Service); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if moved.Service.Annotations != nil {
		t.Error("the snapshot was changed")
	}
}
