package diagnose

import (
	"fmt"
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/policies"
)

// BenchmarkJudgeServices judges 1,000 global services of 3 endpoints in each
// of 8 clusters, with a network policy for each of them: all well, with
// something wrong about every one, and with clients let out to each.
func BenchmarkJudgeServices(b *testing.B) {
	for name, change := range map[string]func(*mesh.Facts, *mesh.GlobalService){
		"well": func(*mesh.Facts, *mesh.GlobalService) {},
		"ill":  spoil,
		"out":  letOut,
	} {
		b.Run(name, func(b *testing.B) {
			s := withServices(8, 1000, change)
			b.ReportAllocs()
			for b.Loop() {
				Judge(s, Options{Phase: Preflight})
			}
		})
	}
}

// spoil gives a service ports of its cluster's own, older annotations, and a
// policy that names no cluster.
func spoil(c *mesh.Facts, s *mesh.GlobalService) {
	s.Ports[0].Name = c.Context
	s.Annotations = map[string]string{mesh.LegacyAnnotations()[mesh.AnnotationGlobal]: "true", mesh.AnnotationAffinity: "x"}
	s.Managers = map[string][]string{mesh.AnnotationAffinity: {"argocd-controller"}}
	s.InternalTrafficPolicy = "Local"
	c.Services.Policies = append(c.Services.Policies, policyFor(s, map[string]any{"app": "client"}))
}

// letOut gives a service a policy that lets clients reach its endpoints of their
// own cluster only.
func letOut(c *mesh.Facts, s *mesh.GlobalService) {
	for e := range s.Endpoints {
		s.Endpoints[e].Ports = []mesh.EndpointPort{{Name: "http", Protocol: "TCP", Port: 8080}}
	}
	c.Services.Policies = append(c.Services.Policies, mesh.Policy{Kind: "NetworkPolicy", Namespace: s.Namespace, Name: s.Name + "-clients", Rules: []map[string]any{{
		"podSelector": map[string]any{"matchLabels": map[string]any{"calls": s.Name}}, "policyTypes": []any{"Egress"},
		"egress": []any{map[string]any{"to": []any{map[string]any{"podSelector": map[string]any{"matchLabels": map[string]any{"app": s.Name}}}}}},
	}}})
}

// withServices is a mesh of clusters with services of the same names, all in
// one namespace, where policies are the most to weigh.
func withServices(clusters, services int, change func(*mesh.Facts, *mesh.GlobalService)) mesh.Snapshot {
	s := large(clusters, 1)
	for c := range s.Clusters {
		f := &s.Clusters[c]
		f.Release = &mesh.Release{Name: "cilium", Namespace: "kube-system", Status: "deployed", ChartVersion: "1.20.1"}
		f.Services = &mesh.Services{Namespaces: map[string]mesh.NamespaceFacts{"shop": {}}}
		for i := range services {
			name := fmt.Sprintf("service-%d", i)
			g := mesh.GlobalService{
				Namespace: "shop", Name: name, Type: "ClusterIP", Selector: map[string]string{"app": name},
				Ports:       []mesh.ServicePort{{Name: "http", Protocol: "TCP", Port: 80}},
				Annotations: map[string]string{mesh.AnnotationGlobal: "true"},
			}
			for e := range 3 {
				g.Endpoints = append(g.Endpoints, mesh.Endpoint{
					Address: fmt.Sprintf("100.%d.%d.%d", 64+c, i%256, e), State: mesh.Ready, Labels: map[string]string{"app": name},
				})
			}
			f.Services.Policies = append(f.Services.Policies, policyFor(&g, map[string]any{policies.ClusterLabel: "aks-0"}))
			change(f, &g)
			f.Services.Items = append(f.Services.Items, g)
		}
	}
	return s
}

// policyFor lets pods of the labels reach the service's, on port 80.
func policyFor(s *mesh.GlobalService, from map[string]any) mesh.Policy {
	return mesh.Policy{Kind: "NetworkPolicy", Namespace: s.Namespace, Name: s.Name, Rules: []map[string]any{{
		"podSelector": map[string]any{"matchLabels": map[string]any{"app": s.Name}},
		"ingress": []any{map[string]any{
			"from": []any{map[string]any{"podSelector": map[string]any{"matchLabels": from}}},
		}},
	}}}
}

// TestManyServices: services in number are judged as one is.
func TestManyServices(t *testing.T) {
	if r := Judge(withServices(4, 50, func(*mesh.Facts, *mesh.GlobalService) {}), Options{Phase: Preflight}); r.Counts.Fail > 0 {
		t.Errorf("%+v", r.Causes())
	}
	r := Judge(withServices(4, 50, spoil), Options{Phase: Preflight})
	got := map[Code]int{}
	for _, f := range r.Causes() {
		got[f.Code]++
	}
	// Every service once in each of 4 clusters, and its ports once for all.
	want := map[Code]int{
		CodePorts: 50, CodeAffinity: 200, CodeTrafficPolicy: 200, CodeLegacy: 200, CodeOwned: 200,
	}
	for code, n := range want {
		if got[code] != n {
			t.Errorf("%s fails %d times, not %d", code, got[code], n)
		}
	}
}
