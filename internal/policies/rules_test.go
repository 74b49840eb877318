package policies

import (
	"maps"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// read reads one spec of a policy in cluster n1, where peers that name no
// cluster are pods of n1.
func read(t *testing.T, kind, spec string) *Cluster {
	t.Helper()
	c, err := parse(kind, spec)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func parse(kind, spec string) (*Cluster, error) {
	p := mesh.Policy{Kind: kind, Name: "p", Namespace: "ns", Rules: []map[string]any{{}}}
	if kind == Clusterwide {
		p.Namespace = ""
	}
	if err := yaml.Unmarshal([]byte(spec), &p.Rules[0]); err != nil {
		return nil, err
	}
	c := cluster("n1")
	c.facts.Services.Policies, c.Local = []mesh.Policy{p}, Yes
	return c, nil
}

func cluster(name string) *Cluster {
	return NewCluster(&mesh.Facts{
		Config:   &mesh.Config{ClusterName: name},
		Services: &mesh.Services{Namespaces: map[string]mesh.NamespaceFacts{"ns": {Labels: map[string]string{"team": "shop"}}}},
	}, nil)
}

// TestPorts: what ports of either kind of policy mean.
func TestPorts(t *testing.T) {
	for _, test := range []struct {
		kind, ports string
		tcp, udp    Answer // of port 8080
	}{
		{Kubernetes, `[]`, Yes, Yes},
		{Kubernetes, `[{}]`, Yes, No},
		{Kubernetes, `[{protocol: UDP}]`, No, Yes},
		{Kubernetes, `[{port: 8080}]`, Yes, No},
		{Kubernetes, `[{port: 8000, endPort: 8080, protocol: UDP}]`, No, Yes},
		{Kubernetes, `[{port: 8000, endPort: 8079}, {port: 1}]`, No, No},
		{Kubernetes, `[{port: http}]`, Maybe, No},
		{Cilium, `[]`, Yes, Yes},
		{Cilium, `[{}]`, No, No},
		{Cilium, `[{ports: [{port: "8080"}]}]`, Yes, Yes},
		{Cilium, `[{ports: [{port: "8080", protocol: any}]}]`, Yes, Yes},
		{Cilium, `[{ports: [{port: "8080", protocol: TCP}]}]`, Yes, No},
		{Cilium, `[{ports: [{port: "0", protocol: UDP}]}]`, No, Yes},
		{Cilium, `[{ports: [{port: http, protocol: UDP}]}]`, No, Maybe},
		{Cilium, `[{ports: [{port: "80"}]}, {ports: [{port: "8000", endPort: 9000}]}]`, Yes, Yes},
	} {
		spec := `{podSelector: {}, egress: [{ports: ` + test.ports + `}]}`
		if test.kind == Cilium {
			spec = `{endpointSelector: {}, egress: [{toEntities: [all], toPorts: ` + test.ports + `}]}`
		}
		r := read(t, test.kind, spec).Rules(Egress)[0].Allow[0]
		for protocol, want := range map[string]Answer{"TCP": test.tcp, "UDP": test.udp} {
			if got := r.Ports(mesh.EndpointPort{Protocol: protocol, Port: 8080}); got != want {
				t.Errorf("%s %s on %s: %d, want %d", test.kind, test.ports, protocol, got, want)
			}
		}
	}
}

// TestPortsOfRequests: a rule that asks for more than a port is about the port,
// and not about all that is sent there.
func TestPortsOfRequests(t *testing.T) {
	c := read(t, Cilium, `{endpointSelector: {}, egress: [{toEntities: [all], toPorts: [{ports: [{port: "8080"}], rules: {http: [{method: GET}]}}]}]}`)
	r, to, pod := &c.Rules(Egress)[0].Allow[0], mesh.EndpointPort{Protocol: "TCP", Port: 8080}, cluster("n2").Pod("ns", nil, true)
	if port, all := r.Ports(to), c.Match(r, &pod, to); port != Yes || all != Maybe {
		t.Errorf("port %d, all %d", port, all)
	}
}

// TestPeerInWords: peers read as one would say them.
func TestPeerInWords(t *testing.T) {
	for peer, want := range map[string]string{
		`{}`:                                "every pod",
		`{podSelector: {}}`:                 "every pod",
		`{namespaceSelector: {}}`:           "every pod in every namespace",
		`{matchLabels: {"k8s:app": web}}`:   "app=web",
		`{matchLabels: {"reserved:x": ""}}`: "reserved:x=",
		`{podSelector: {matchLabels: {app: web}}, namespaceSelector: {matchExpressions: [{key: team, operator: NotIn, values: [a, b]}]}}`: "app=web in namespaces team notin (a,b)",
	} {
		p := Peer{}
		if err := yaml.Unmarshal([]byte(peer), &p.raw); err != nil {
			t.Fatal(err)
		}
		if got := p.String(); got != want {
			t.Errorf("%s: %q, want %q", peer, got, want)
		}
	}
}

// FuzzRules: whatever a policy says, what is certain about a pod of which some
// is known is so about every pod that it may be.
func FuzzRules(f *testing.F) {
	for _, spec := range []string{
		`{podSelector: {}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: web}}}, {ipBlock: {cidr: 0.0.0.0/0}}]}]}`,
		`{podSelector: {}, egress: [{to: [{podSelector: {}, namespaceSelector: {matchExpressions: [{key: team, operator: NotIn, values: [shop]}]}}], ports: [{port: 8080}, {port: http}]}]}`,
		`{podSelector: {}, egress: [{to: [{podSelector: {matchExpressions: [{key: io.cilium.k8s.policy.cluster, operator: NotIn, values: [n1]}]}}]}]}`,
		`{endpointSelector: {}, egress: [{toEndpoints: [{matchLabels: {"k8s:app": web, "any:io.cilium.k8s.policy.cluster": n1}}], toPorts: [{ports: [{port: "8080", protocol: ANY}]}]}]}`,
		`{endpointSelector: {}, egress: [{toEndpoints: [{matchExpressions: [{key: "$host", operator: DoesNotExist}, {key: pod-template-hash, operator: Exists}]}]}]}`,
		`{endpointSelector: {}, egress: [{toEntities: [cluster]}, {toServices: [{}], authentication: {mode: required}}, {toRequires: [{}], toPorts: [{}]}]}`,
		`{endpointSelector: {}, egress: [{icmps: [{}]}], egressDeny: [{toEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: ns}}]}]}`,
		`{endpointSelector: {}, egress: [{toEndpoints: [{matchLabels: {io.cilium.k8s.policy.serviceaccount: x, io.cilium.k8s.namespace.labels.team: shop}}]}]}`,
	} {
		f.Add(spec)
	}
	near, far := []map[string]string{{}, {"app": "web"}, {"app": "db", "pod-template-hash": "1"}}, cluster("n2")
	f.Fuzz(func(t *testing.T, spec string) {
		for _, kind := range []string{Kubernetes, Cilium, Clusterwide} {
			c, err := parse(kind, spec)
			if err != nil {
				return // no policy
			}
			stranger := c.Stranger()
			for _, set := range near {
				whole := far.Pod("ns", set, true)
				for part := range parts(set) {
					read := far.Pod("ns", part, false)
					certain(t, c, spec, &read, &whole)
				}
				certain(t, c, spec, &stranger, &whole)
			}
		}
	})
}

// parts are the set without each of its labels, and without none.
func parts(set map[string]string) func(func(map[string]string) bool) {
	return func(yield func(map[string]string) bool) {
		for key := range set {
			part := maps.Clone(set)
			if delete(part, key); !yield(part) {
				return
			}
		}
		yield(set)
	}
}

func certain(t *testing.T, c *Cluster, spec string, part, whole *Pod) {
	t.Helper()
	to := mesh.EndpointPort{Protocol: "TCP", Port: 8080}
	for _, d := range []Direction{Ingress, Egress} {
		for _, r := range c.Rules(d) {
			if told, is := r.Subject.Match(part), r.Subject.Match(whole); told != Maybe && told != is {
				t.Errorf("%s: selects %v: %d, and %v: %d", spec, *part, told, *whole, is)
			}
			for i := range r.Allow {
				if told, is := c.Match(&r.Allow[i], part, to), c.Match(&r.Allow[i], whole, to); told != Maybe && told != is {
					t.Errorf("%s: means %v: %d, and %v: %d", spec, *part, told, *whole, is)
				}
			}
		}
	}
}
