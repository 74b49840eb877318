package main

import (
	"fmt"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// servicesOf are global services that every cluster has, with two endpoints
// each and a network policy for every tenth.
func servicesOf(n size, c int) *mesh.Services {
	s := &mesh.Services{Namespaces: map[string]mesh.NamespaceFacts{}}
	for i := range n.services {
		namespace := fmt.Sprintf("team-%d", i%20)
		s.Namespaces[namespace] = mesh.NamespaceFacts{Labels: map[string]string{"kubernetes.io/metadata.name": namespace}}
		labels := map[string]string{"app": fmt.Sprintf("service-%d", i)}
		g := mesh.GlobalService{
			Namespace: namespace, Name: labels["app"], Type: "ClusterIP", ClusterIPs: []string{fmt.Sprintf("192.168.%d.%d", 10+i/200, i%200+1)},
			Selector: labels, Ports: []mesh.ServicePort{{Name: "http", Protocol: "TCP", Port: 80, TargetPort: "8080"}},
			Annotations:           map[string]string{mesh.AnnotationGlobal: "true"},
			Managers:              map[string][]string{mesh.AnnotationGlobal: {"kubectl-aksmesh"}},
			InternalTrafficPolicy: "Cluster",
		}
		for e := range 2 {
			g.Endpoints = append(g.Endpoints, mesh.Endpoint{
				Address: fmt.Sprintf("10.%d.%d.%d", 100+c, i%250, 10+e+i/250*2), State: mesh.Ready, Node: nodeName(c, e), Pod: fmt.Sprintf("%s-%d", g.Name, e),
				Ports: []mesh.EndpointPort{{Name: "http", Protocol: "TCP", Port: 8080}}, Labels: labels,
			})
		}
		s.Items = append(s.Items, g)
		if i%10 == 0 {
			s.Policies = append(s.Policies, policy(namespace, labels))
		}
	}
	return s
}

// policy lets pods of all clusters reach those with the labels.
func policy(namespace string, labels map[string]string) mesh.Policy {
	anyCluster := map[string]any{"matchExpressions": []any{map[string]any{"key": "io.cilium.k8s.policy.cluster", "operator": "Exists"}}}
	return mesh.Policy{Kind: "NetworkPolicy", Namespace: namespace, Name: labels["app"], Rules: []map[string]any{{
		"podSelector": map[string]any{"matchLabels": map[string]any{"app": labels["app"]}},
		"policyTypes": []any{"Ingress"},
		"ingress":     []any{map[string]any{"from": []any{map[string]any{"podSelector": anyCluster}}}},
	}}}
}
