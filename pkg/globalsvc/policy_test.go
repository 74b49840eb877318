package globalsvc

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/policies"
)

// guarded is a world of two clusters that share service web, with an endpoint
// in each; the client is in c1. The policy stands in one of the clusters.
func guarded(t *testing.T, cluster int, kind, spec string) mesh.Snapshot {
	t.Helper()
	s := world(side{global: "true", ready: 1}, side{global: "true", ready: 1})
	for i := range s.Clusters {
		runs(&s, i, "1.20.1")
		s.Clusters[i].Config.Raw = map[string]string{}
		s.Clusters[i].Services.Namespaces["ns"] = mesh.NamespaceFacts{Labels: map[string]string{"team": "shop"}}
		e := &s.Clusters[i].Services.Items[0].Endpoints[0]
		e.Pod, e.Labels = "web-0", map[string]string{"app": "web", "tier": "back"}
	}
	s.Clusters[cluster].Services.Policies = []mesh.Policy{policy(t, kind, spec)}
	return s
}

func policy(t testing.TB, kind, spec string) mesh.Policy {
	t.Helper()
	p := mesh.Policy{Kind: kind, Name: "p", Rules: []map[string]any{{}}}
	if kind != ccn {
		p.Namespace = "ns"
	}
	if err := yaml.Unmarshal([]byte(spec), &p.Rules[0]); err != nil {
		t.Fatalf("%v:\n%s", err, spec)
	}
	return p
}

func fromClient() Query {
	return Query{Namespace: "ns", Name: "web", ClientLabels: map[string]string{"app": "client"}}
}

// Kinds of the tables below.
const (
	np  = policies.Kubernetes
	cnp = policies.Cilium
	ccn = policies.Clusterwide
)

// Verdicts of the tables below, for a client in c1.
const (
	both      = "c1:1 c2:1"
	neither   = "c1:1(denied) c2:1(denied)"
	localOnly = "c1:1 c2:1(denied)"
	perhaps   = "c1:1(uncertain) c2:1(uncertain)"
)

// policyCase is one policy in the client's cluster, for its way out.
type policyCase struct{ name, kind, spec, want string }

func testEgress(t *testing.T, cases []policyCase) {
	t.Helper()
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			s := guarded(t, 0, test.kind, test.spec)
			got := text(Predict(s, "c1", fromClient()))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("who answers (-want +got):\n%s\n%s", diff, test.spec)
			}
			// Entity cluster means the own cluster, and says so.
			agree(t, s, got, !strings.Contains(test.spec, "[cluster]"))
		})
	}
}

func TestPolicySubjects(t *testing.T) {
	testEgress(t, []policyCase{
		{"NetworkPolicy of all pods", np, `{podSelector: {}, policyTypes: [Egress]}`, neither},
		{"of the client", np, `{podSelector: {matchLabels: {app: client}}, policyTypes: [Egress]}`, neither},
		{"of others", np, `{podSelector: {matchLabels: {app: other}}, policyTypes: [Egress]}`, both},
		{"by expressions", np, `{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [web]}]}, policyTypes: [Egress]}`, neither},
		{"by an absent label", np, `{podSelector: {matchExpressions: [{key: app, operator: DoesNotExist}]}, policyTypes: [Egress]}`, both},
		{"Cilium's of all pods", cnp, `{endpointSelector: {}, egress: [{}]}`, neither},
		{"Cilium's by source", cnp, `{endpointSelector: {matchLabels: {"k8s:app": client}}, egress: [{}]}`, neither},
		{"Cilium's by any source", cnp, `{endpointSelector: {matchLabels: {"any:app": client}}, egress: [{}]}`, neither},
		{"Cilium's by another source", cnp, `{endpointSelector: {matchLabels: {"container:app": client}}, egress: [{}]}`, both},
		{"Cilium's by another namespace, which does not count", cnp, `{endpointSelector: {matchLabels: {"k8s:io.kubernetes.pod.namespace": other}}, egress: [{}]}`, neither},
		{"Cilium's by another namespace as well, which counts", cnp, `{endpointSelector: {matchExpressions: [{key: "k8s:io.kubernetes.pod.namespace", operator: In, values: [other]}]}, egress: [{}]}`, both},
		{"Cilium's by another namespace of any source, which counts", cnp, `{endpointSelector: {matchLabels: {io.kubernetes.pod.namespace: other}}, egress: [{}]}`, both},
		{"NetworkPolicy by another namespace, which does not count", np, `{podSelector: {matchLabels: {io.kubernetes.pod.namespace: other}}, policyTypes: [Egress]}`, neither},
		{"of nodes", ccn, `{nodeSelector: {}, egress: [{}]}`, both},
		{"clusterwide", ccn, `{endpointSelector: {}, egress: [{}]}`, neither},
		{"clusterwide by namespace", ccn, `{endpointSelector: {matchLabels: {"k8s:io.kubernetes.pod.namespace": other}}, egress: [{}]}`, both},
		{"clusterwide by the namespace's labels", ccn, `{endpointSelector: {matchLabels: {"k8s:io.cilium.k8s.namespace.labels.team": shop}}, egress: [{}]}`, neither},
		{"clusterwide, but for reserved identities", ccn, `{endpointSelector: {matchExpressions: [{key: "reserved:health", operator: DoesNotExist}]}, egress: [{}]}`, neither},
		{"clusterwide, of reserved identities", ccn, `{endpointSelector: {matchLabels: {"reserved:init": ""}}, egress: [{}]}`, both},
		{"by service account", cnp, `{endpointSelector: {matchLabels: {io.cilium.k8s.policy.serviceaccount: x}}, egress: [{}]}`, perhaps},
		{"by service account, of others", cnp, `{endpointSelector: {matchLabels: {io.cilium.k8s.policy.serviceaccount: x, app: other}}, egress: [{}]}`, both},
		{"by a label that identities leave out", np, `{podSelector: {matchExpressions: [{key: pod-template-hash, operator: DoesNotExist}]}, policyTypes: [Egress]}`, neither},
	})
}

func TestPolicyDefaultDeny(t *testing.T) {
	testEgress(t, []policyCase{
		{"types by default", np, `{podSelector: {}}`, "c1:1(denied) c2:1"},
		{"types by default, with a rule", np, `{podSelector: {}, egress: [{to: [{podSelector: {matchLabels: {app: other}}}]}]}`, neither},
		{"a rule that the types leave out counts for Cilium", np, `{podSelector: {}, policyTypes: [Ingress], ingress: [{}], egress: [{to: [{podSelector: {matchLabels: {app: other}}}]}]}`, neither},
		{"the other direction", np, `{podSelector: {matchLabels: {app: client}}, policyTypes: [Ingress]}`, both},
		{"empty rule of a NetworkPolicy", np, `{podSelector: {}, policyTypes: [Egress], egress: [{}]}`, both},
		{"empty rule of Cilium's", cnp, `{endpointSelector: {}, egress: [{}]}`, neither},
		{"other direction of Cilium's", cnp, `{endpointSelector: {matchLabels: {app: client}}, ingress: [{}]}`, both},
		{"enableDefaultDeny false", cnp, `{endpointSelector: {}, enableDefaultDeny: {egress: false}, egress: [{}]}`, both},
		{"enableDefaultDeny true", cnp, `{endpointSelector: {}, enableDefaultDeny: {egress: true}, egress: [{}]}`, neither},
		{"enableDefaultDeny without a rule of that direction", cnp, `{endpointSelector: {matchLabels: {app: client}}, enableDefaultDeny: {egress: true}, ingress: [{}]}`, both},
		{"deny alone denies the rest, too", cnp, `{endpointSelector: {}, egressDeny: [{toEndpoints: [{matchLabels: {app: other}}]}]}`, neither},
		{"deny alone without default deny", cnp, `{endpointSelector: {}, enableDefaultDeny: {egress: false}, egressDeny: [{toEndpoints: [{matchLabels: {app: other}}]}]}`, both},
		{"deny wins", cnp, `{endpointSelector: {}, egress: [{toEntities: [all]}], egressDeny: [{toEndpoints: [{matchLabels: {app: web}}]}]}`, localDenied},
		{"deny of another port", cnp, `{endpointSelector: {}, egress: [{toEntities: [all]}], egressDeny: [{toEntities: [all], toPorts: [{ports: [{port: "9090"}]}]}]}`, both},
	})
}

// localDenied: a deny rule, too, means pods of its own cluster alone.
const localDenied = "c1:1(denied) c2:1"

func TestPolicyPeers(t *testing.T) {
	testEgress(t, []policyCase{
		{"pods", np, `{podSelector: {}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: web}}}]}]}`, localOnly},
		{"pods of the other cluster", np, `{podSelector: {}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: web, io.cilium.k8s.policy.cluster: n2}}}]}]}`, "c1:1(denied) c2:1"},
		{"pods of any cluster", np, `{podSelector: {}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchExpressions: [{key: io.cilium.k8s.policy.cluster, operator: Exists}]}}]}]}`, both},
		{"namespaces", np, `{podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {team: shop}}}]}]}`, localOnly},
		{"other namespaces", np, `{podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {team: other}}}]}]}`, neither},
		{"all namespaces", np, `{podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}}]}]}`, localOnly},
		{"all namespaces of any cluster", np, `{podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}, podSelector: {matchExpressions: [{key: io.cilium.k8s.policy.cluster, operator: In, values: [n1, n2]}]}}]}]}`, both},
		{"pods by another namespace, which does not count", np, `{podSelector: {}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {io.kubernetes.pod.namespace: other}}}]}]}`, localOnly},
		{"IP block", np, `{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}`, neither},
		{"no peers", np, `{podSelector: {}, policyTypes: [Egress], egress: [{to: []}]}`, both},
		{"endpoints", cnp, `{endpointSelector: {}, egress: [{toEndpoints: [{matchLabels: {app: web}}]}]}`, localOnly},
		{"all endpoints", cnp, `{endpointSelector: {}, egress: [{toEndpoints: [{}]}]}`, localOnly},
		{"no endpoints", cnp, `{endpointSelector: {}, egress: [{toEndpoints: []}]}`, neither},
		{"no endpoints, but a port", cnp, `{endpointSelector: {}, egress: [{toEndpoints: [], toPorts: [{ports: [{port: "8080"}]}]}]}`, neither},
		{"endpoints by cluster", cnp, `{endpointSelector: {}, egress: [{toEndpoints: [{matchLabels: {"k8s:io.cilium.k8s.policy.cluster": n2}}]}]}`, "c1:1(denied) c2:1"},
		{"endpoints by what merely begins like the cluster", cnp, `{endpointSelector: {}, egress: [{toEndpoints: [{matchExpressions: [{key: io.cilium.k8s.policy.clusters, operator: DoesNotExist}]}]}]}`, localOnly},
		{"endpoints by namespace", cnp, `{endpointSelector: {}, egress: [{toEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": ns}}]}]}`, localOnly},
		{"endpoints of another namespace", cnp, `{endpointSelector: {}, egress: [{toEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": other}}]}]}`, neither},
		{"endpoints by the namespace's labels", cnp, `{endpointSelector: {}, egress: [{toEndpoints: [{matchLabels: {"k8s:io.cilium.k8s.namespace.labels.team": shop}}]}]}`, localOnly},
		{"endpoints, but for reserved identities, of any cluster", cnp, `{endpointSelector: {}, egress: [{toEndpoints: [{matchExpressions: [{key: "reserved:host", operator: DoesNotExist}]}]}]}`, both},
		{"endpoints, but for reserved identities, in short", cnp, `{endpointSelector: {}, egress: [{toEndpoints: [{matchExpressions: [{key: $host, operator: DoesNotExist}]}]}]}`, both},
		{"reserved endpoints", cnp, `{endpointSelector: {}, egress: [{toEndpoints: [{matchLabels: {"reserved:host": ""}}]}]}`, neither},
		{"endpoints by service account", cnp, `{endpointSelector: {}, egress: [{toEndpoints: [{matchLabels: {io.cilium.k8s.policy.serviceaccount: x}}]}]}`, "c1:1(uncertain) c2:1(denied)"},
		{"clusterwide endpoints", ccn, `{endpointSelector: {}, egress: [{toEndpoints: [{}]}]}`, localOnly},
		{"endpoints, left empty, and a port", cnp, `{endpointSelector: {}, egress: [{toEndpoints: null, toPorts: [{ports: [{port: "8080"}]}]}]}`, both},
		{"names, none of them, and a port", cnp, `{endpointSelector: {}, egress: [{toFQDNs: [], toPorts: [{ports: [{port: "8080"}]}]}]}`, both},
		{"entity all", cnp, `{endpointSelector: {}, egress: [{toEntities: [all]}]}`, both},
		{"entity cluster", cnp, `{endpointSelector: {}, egress: [{toEntities: [cluster]}]}`, localOnly},
		{"entity cluster-mesh", cnp, `{endpointSelector: {}, egress: [{toEntities: [cluster-mesh]}]}`, both},
		{"entity world", cnp, `{endpointSelector: {}, egress: [{toEntities: [world, host, remote-node, health]}]}`, neither},
		{"CIDR", cnp, `{endpointSelector: {}, egress: [{toCIDR: [0.0.0.0/0]}]}`, neither},
		{"names", cnp, `{endpointSelector: {}, egress: [{toFQDNs: [{matchPattern: "*"}]}]}`, neither},
		{"services", cnp, `{endpointSelector: {}, egress: [{toServices: [{k8sService: {serviceName: web}}]}]}`, perhaps},
		{"authentication", cnp, `{endpointSelector: {}, egress: [{toEntities: [all], authentication: {mode: required}}]}`, perhaps},
		{"authentication that is off", cnp, `{endpointSelector: {}, egress: [{toEntities: [all], authentication: {mode: disabled}}]}`, both},
	})
}

func TestPolicyPorts(t *testing.T) {
	out := func(ports string) string {
		return `{endpointSelector: {}, egress: [{toEntities: [all], toPorts: ` + ports + `}]}`
	}
	testEgress(t, []policyCase{
		{"port", np, `{podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: 8080, protocol: TCP}]}]}`, both},
		{"the Service's port, not the pod's", np, `{podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: 80, protocol: TCP}]}]}`, neither},
		{"another protocol", np, `{podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: 8080, protocol: UDP}]}]}`, neither},
		{"no protocol is TCP", np, `{podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: 8080}]}]}`, both},
		{"protocol alone", np, `{podSelector: {}, policyTypes: [Egress], egress: [{ports: [{protocol: TCP}]}]}`, both},
		{"range", np, `{podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: 8000, endPort: 8080, protocol: TCP}]}]}`, both},
		{"range below", np, `{podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: 8000, endPort: 8079, protocol: TCP}]}]}`, neither},
		{"name", np, `{podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: http, protocol: TCP}]}]}`, perhaps},
		{"peer and other port", np, `{podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}}], ports: [{port: 1, protocol: TCP}]}]}`, neither},
		{"Cilium's", cnp, out(`[{ports: [{port: "8080", protocol: TCP}]}]`), both},
		{"Cilium's for any protocol", cnp, out(`[{ports: [{port: "8080", protocol: ANY}]}]`), both},
		{"Cilium's for no protocol", cnp, out(`[{ports: [{port: "8080"}]}]`), both},
		{"Cilium's for another protocol", cnp, out(`[{ports: [{port: "8080", protocol: UDP}]}]`), neither},
		{"Cilium's range", cnp, out(`[{ports: [{port: "8000", endPort: 9000}]}]`), both},
		{"Cilium's 0 is any", cnp, out(`[{ports: [{port: "0", protocol: TCP}]}]`), both},
		{"Cilium's name", cnp, out(`[{ports: [{port: http}]}]`), perhaps},
		{"Cilium's without ports", cnp, out(`[{}]`), neither},
		{"Cilium's empty list", cnp, out(`[]`), both},
		{"Cilium's ports alone mean all peers", cnp, `{endpointSelector: {}, egress: [{toPorts: [{ports: [{port: "8080"}]}]}]}`, both},
		{"Cilium's empty list alone", cnp, `{endpointSelector: {}, egress: [{toPorts: []}]}`, neither},
		{"ICMP", cnp, `{endpointSelector: {}, egress: [{toEntities: [all], icmps: [{fields: [{type: 8}]}]}]}`, neither},
		{"requests", cnp, out(`[{ports: [{port: "8080", protocol: TCP}], rules: {http: [{method: GET}]}}]`), perhaps},
		{"requests of another port", cnp, out(`[{ports: [{port: "80", protocol: TCP}], rules: {http: [{method: GET}]}}]`), neither},
		{"server names", cnp, out(`[{ports: [{port: "8080", protocol: TCP}], serverNames: [a.example]}]`), perhaps},
		{"requests here, all there", cnp, out(`[{ports: [{port: "8080", protocol: TCP}], rules: {http: [{method: GET}]}}, {ports: [{port: "8080", protocol: TCP}]}]`), both},
	})
}

// The same rules on the way in, in the endpoint's cluster.
func TestPolicyIngress(t *testing.T) {
	for _, test := range []policyCase{
		{"other direction", np, `{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress]}`, both},
		{"nobody", np, `{podSelector: {}}`, localOnly},
		{"client's label means the own cluster's pods", np, `{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: client}}}]}]}`, localOnly},
		{"client's cluster", np, `{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: client, io.cilium.k8s.policy.cluster: n1}}}]}]}`, both},
		{"others of the client's cluster", np, `{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: other, io.cilium.k8s.policy.cluster: n1}}}]}]}`, localOnly},
		{"Cilium's", cnp, `{endpointSelector: {matchLabels: {app: web}}, ingress: [{fromEndpoints: [{matchLabels: {"k8s:io.cilium.k8s.policy.cluster": n1}}], toPorts: [{ports: [{port: "8080"}]}]}]}`, both},
		{"Cilium's empty rule", cnp, `{endpointSelector: {}, ingress: [{}]}`, localOnly},
		{"Cilium's, for whoever pings", cnp, `{endpointSelector: {}, ingress: [{fromEndpoints: [{}]}, {icmps: [{fields: [{type: 8}]}]}]}`, localOnly},
		{"Cilium's, but for reserved identities", ccn, `{endpointSelector: {matchExpressions: [{key: "reserved:health", operator: DoesNotExist}]}, ingress: [{fromEndpoints: [{}]}, {fromEndpoints: [{matchExpressions: [{key: "reserved:host", operator: DoesNotExist}]}]}]}`, both},
		{"Cilium's deny", cnp, `{endpointSelector: {}, ingress: [{fromEntities: [all]}], ingressDeny: [{fromEndpoints: [{matchLabels: {"k8s:io.cilium.k8s.policy.cluster": n1}}]}]}`, localOnly},
		{"Cilium's mesh", ccn, `{endpointSelector: {}, ingress: [{fromEntities: [cluster-mesh]}]}`, both},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := guarded(t, 1, test.kind, test.spec)
			got := text(Predict(s, "c1", fromClient()))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("who answers (-want +got):\n%s\n%s", diff, test.spec)
			}
			agree(t, s, got, false) // some deny everybody
		})
	}
}

// What the cluster's settings make of one policy.
func TestPolicySettings(t *testing.T) {
	const pods = `{podSelector: {}, policyTypes: [Egress], egress: [{to: [{podSelector: {}}]}]}`
	const nothing = `{endpointSelector: {}, enableDefaultDeny: {egress: false}, egress: [{}]}`
	raw := func(key, value string) func(*mesh.Facts) {
		return func(f *mesh.Facts) { f.Config.Raw[key] = value }
	}
	image := func(tag string) func(*mesh.Facts) {
		return func(f *mesh.Facts) {
			f.Workloads = []mesh.Workload{{Kind: "DaemonSet", Name: "cilium", Image: "quay.io/cilium/cilium:" + tag}}
		}
	}
	for _, test := range []struct {
		name, kind, spec string
		set              func(*mesh.Facts)
		want             string
	}{
		{"local cluster by default", np, pods, func(*mesh.Facts) {}, localOnly},
		{"local cluster by setting", np, pods, raw("policy-default-local-cluster", "true"), localOnly},
		{"any cluster by setting", np, pods, raw("policy-default-local-cluster", "false"), both},
		{"any cluster before 1.19", np, pods, image("v1.18.12"), both},
		{"local cluster since 1.19", np, pods, image("v1.19.0"), localOnly},
		{"any cluster before 1.19, by the chart", np, pods, func(f *mesh.Facts) {
			f.Workloads, f.Release = nil, &mesh.Release{ChartVersion: "1.18.12"}
		}, both},
		{"local cluster or not, as nobody knows the version", np, pods, func(f *mesh.Facts) { f.Workloads = nil }, "c1:1 c2:1(uncertain)"},
		{"never enforced", np, `{podSelector: {}, policyTypes: [Egress]}`, raw("enable-policy", "never"), both},
		{"always enforced", np, `{podSelector: {matchLabels: {app: other}}, policyTypes: [Egress]}`, raw("enable-policy", "always"), neither},
		{"NetworkPolicies off", np, `{podSelector: {}, policyTypes: [Egress]}`, raw("enable-k8s-networkpolicy", "false"), both},
		{"Cilium's off", cnp, `{endpointSelector: {}, egress: [{}]}`, raw("enable-cilium-network-policy", "false"), both},
		{"Cilium's clusterwide off", ccn, `{endpointSelector: {}, egress: [{}]}`, raw("enable-cilium-clusterwide-network-policy", "false"), both},
		{"enableDefaultDeny ignored", cnp, nothing, raw("enable-non-default-deny-policies", "false"), neither},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := guarded(t, 0, test.kind, test.spec)
			test.set(&s.Clusters[0])
			got := text(Predict(s, "c1", fromClient()))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("who answers (-want +got):\n%s\n%s", diff, test.spec)
			}
			agree(t, s, got, true)
		})
	}
}

// Several policies: one that allows is enough, and one that denies, too.
func TestPoliciesTogether(t *testing.T) {
	allow := `{endpointSelector: {}, egress: [{toEntities: [all]}]}`
	for name, test := range map[string]struct {
		specs []string
		want  string
	}{
		"none":                  {nil, both},
		"nothing, and all":      {[]string{`{endpointSelector: {}, egress: [{}]}`, allow}, both},
		"all, and a deny":       {[]string{allow, `{endpointSelector: {}, egressDeny: [{toEntities: [all]}]}`}, neither},
		"all, and perhaps deny": {[]string{allow, `{endpointSelector: {}, egressDeny: [{toEntities: [all], toPorts: [{ports: [{port: http}]}]}]}`}, perhaps},
		"all, and a stranger":   {[]string{allow, `{endpointSelector: {matchLabels: {io.cilium.k8s.policy.serviceaccount: x}}, egress: [{}]}`}, both},
		"deny, and a stranger":  {[]string{`{endpointSelector: {}, egressDeny: [{toEntities: [all]}]}`, `{endpointSelector: {matchLabels: {io.cilium.k8s.policy.serviceaccount: x}}, egress: [{}]}`}, neither},
	} {
		t.Run(name, func(t *testing.T) {
			s := guarded(t, 0, cnp, `{endpointSelector: {}}`)
			s.Clusters[0].Services.Policies = nil
			for _, spec := range test.specs {
				s.Clusters[0].Services.Policies = append(s.Clusters[0].Services.Policies, policy(t, cnp, spec))
			}
			if diff := cmp.Diff(test.want, text(Predict(s, "c1", fromClient()))); diff != "" {
				t.Errorf("who answers (-want +got):\n%s", diff)
			}
		})
	}
}

// Labels that could not be read decide nothing.
func TestPolicyUnreadLabels(t *testing.T) {
	s := guarded(t, 0, np, `{podSelector: {}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: web, io.cilium.k8s.policy.cluster: n2}}}]}]}`)
	s.Clusters[1].Services.Items[0].Endpoints[0].Labels = nil
	if diff := cmp.Diff("c1:1(denied) c2:1(uncertain)", text(Predict(s, "c1", fromClient()))); diff != "" {
		t.Errorf("pod's labels (-want +got):\n%s", diff)
	}
	s.Clusters[1].Services.Items[0].Selector = map[string]string{"app": "web"}
	if diff := cmp.Diff("c1:1(denied) c2:1", text(Predict(s, "c1", fromClient()))); diff != "" {
		t.Errorf("pod's labels, of which the Service's selector says enough (-want +got):\n%s", diff)
	}
	s = guarded(t, 0, np, `{podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {team: shop}}}]}]}`)
	s.Clusters[0].Services.Namespaces = map[string]mesh.NamespaceFacts{}
	if diff := cmp.Diff("c1:1(uncertain) c2:1(denied)", text(Predict(s, "c1", fromClient()))); diff != "" {
		t.Errorf("namespace's labels (-want +got):\n%s", diff)
	}
}

func TestPolicyReasons(t *testing.T) {
	a := Predict(guarded(t, 1, np, `{podSelector: {}}`), "c1", fromClient())
	if len(a.Shares) != 2 || !strings.Contains(a.Shares[1].Reason, "ingress of NetworkPolicy p in c2") {
		t.Errorf("shares are %+v", a.Shares)
	}
}
