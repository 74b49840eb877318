package globalsvc

import (
	"fmt"
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// crowd is a mesh of clusters that share services, with policies in each for
// the services one after another, in the same namespace.
func crowd(t testing.TB, clusters, services, policies int) mesh.Snapshot {
	t.Helper()
	sides := make([]side, clusters)
	for i := range sides {
		sides[i] = side{global: "true", ready: 2}
	}
	s := world(sides...)
	for i := range s.Clusters {
		runs(&s, i, "1.20.1")
		one := s.Clusters[i].Services.Items[0]
		s.Clusters[i].Services.Items = nil
		for n := range services {
			next := one
			next.Name = fmt.Sprintf("web-%04d", n)
			next.Endpoints = nil
			for e := range one.Endpoints {
				next.Endpoints = append(next.Endpoints, one.Endpoints[e])
				next.Endpoints[e].Labels = map[string]string{"app": next.Name, "pod-template-hash": "1"}
			}
			s.Clusters[i].Services.Items = append(s.Clusters[i].Services.Items, next)
		}
		for n := range policies {
			spec := fmt.Sprintf(`{endpointSelector: {matchLabels: {app: web-%04d}}, ingress: [{fromEndpoints: [{matchLabels: {app: client}}], toPorts: [{ports: [{port: "8080"}]}]}]}`, n)
			s.Clusters[i].Services.Policies = append(s.Clusters[i].Services.Policies, policy(t, cnp, spec))
		}
	}
	return s
}

func TestRowsOfACrowd(t *testing.T) {
	rows := Rows(crowd(t, 3, 4, 2), map[string]string{"app": "client"})
	if len(rows) != 12 {
		t.Fatalf("%d rows", len(rows))
	}
	for i := range rows {
		want := "c1:2 c2:2 c3:2"
		if rows[i].Name < "web-0002" { // ruled: clients of other clusters are denied
			want = map[string]string{
				"c1": "c1:2 c2:2(denied) c3:2(denied)", "c2": "c1:2(denied) c2:2 c3:2(denied)", "c3": "c1:2(denied) c2:2(denied) c3:2",
			}[rows[i].Context]
		}
		if got := text(rows[i].Rules); got != want {
			t.Errorf("%s in %s: %s, want %s", rows[i].Name, rows[i].Context, got, want)
		}
	}
}

func BenchmarkRows(b *testing.B) {
	for _, policies := range []int{0, 50, 500} {
		b.Run(fmt.Sprint(policies, " policies"), func(b *testing.B) {
			s := crowd(b, 8, 1000, policies)
			b.ReportAllocs()
			for b.Loop() {
				Rows(s, map[string]string{"app": "client"})
			}
		})
	}
}
