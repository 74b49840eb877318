package leave_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/pkg/leave"
	"github.com/aksmesh/kubectl-aksmesh/test/golden"
)

// members are clusters 1 to n of one mesh, as join leaves them.
func members(t *testing.T, n int) []mesh.Facts {
	t.Helper()
	var peers []mesh.Peer
	for i := range n {
		peers = append(peers, mesh.Peer{Name: name(i), Addresses: []string{"10.24" + digit(i) + ".0.100"}, Port: 2379})
	}
	var all []mesh.Facts
	for i := range n {
		v, err := values.For(values.Wish{
			ChartVersion: "1.20.1", ClusterName: name(i), ClusterID: i + 1, AKS: true, Encapsulation: values.VXLAN,
			KubeProxyReplacement: true, APIServerHost: "api." + name(i) + ".example.com", APIServerPort: 443, Peers: peers,
		})
		if err != nil {
			t.Fatal(err)
		}
		others := slices.DeleteFunc(slices.Clone(peers), func(p mesh.Peer) bool { return p.Name == name(i) })
		all = append(all, mesh.Facts{
			Context:    name(i),
			Kubernetes: &mesh.Kubernetes{UID: "uid-" + digit(i), Version: "v1.37.1", AKS: true},
			Nodes:      []mesh.Node{{Name: "node", ProviderID: "azure:///subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/MC_" + digit(i) + "/providers/Microsoft.Compute/virtualMachineScaleSets/p/virtualMachines/0"}},
			KubeProxy:  &mesh.KubeProxy{},
			Config:     &mesh.Config{ClusterName: name(i), ClusterID: i + 1, KubeProxyReplacement: true},
			Release:    &mesh.Release{Name: "cilium", Namespace: "kube-system", Revision: 1, Status: "deployed", ChartVersion: "1.20.1", Values: v, Ours: true},
			CA:         &mesh.CA{Cert: mesh.Cert{Fingerprint: "shared"}, HelmOwned: true},
			Certs:      []mesh.Cert{{Secret: "clustermesh-apiserver-remote-cert"}, {Secret: "clustermesh-apiserver-server-cert"}, {Secret: "hubble-server-certs"}},
			Service:    &mesh.Service{Type: "LoadBalancer", Addresses: peers[i].Addresses, HelmOwned: true},
			Workloads:  []mesh.Workload{{Kind: "DaemonSet", Name: "cilium"}, {Kind: "Deployment", Name: "clustermesh-apiserver"}},
			Peers:      others, Agents: []mesh.Agent{seeing("cilium-0", others)}, KVStore: []mesh.Agent{seeing("kvstoremesh-0", others)},
		})
	}
	return all
}

func digit(i int) string { return string(rune('1' + i)) }
func name(i int) string  { return "aks-" + digit(i) }

// seeing is an agent that sees all peers.
func seeing(pod string, peers []mesh.Peer) mesh.Agent {
	agent := mesh.Agent{Pod: pod}
	for _, p := range peers {
		agent.Remotes = append(agent.Remotes, mesh.Remote{Name: p.Name, Connected: true, Ready: true, Synced: true})
	}
	return agent
}

func snapshot(facts []mesh.Facts) mesh.Snapshot {
	return mesh.Snapshot{APIVersion: mesh.SnapshotVersion, Clusters: facts}
}

func draftOf(t *testing.T, facts []mesh.Facts, w leave.Wish) *leave.Draft {
	t.Helper()
	draft, err := leave.Make(snapshot(facts), w)
	if err != nil {
		t.Fatalf("Make: %v", err)
	}
	return draft
}

// goldenPlan compares the plan of a draft, and its notes, with testdata/NAME.json.
func goldenPlan(t *testing.T, name string, d *leave.Draft) {
	t.Helper()
	notes := map[string][]string{}
	for _, c := range d.Clusters {
		notes[c.Context] = c.Notes
	}
	got, err := json.MarshalIndent(map[string]any{"plan": d.Plan(leave.Live{Wait: true}), "notes": notes}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name+".json")
	golden.Compare(t, path, string(got)+"\n")
}

func TestPlans(t *testing.T) {
	for name, tc := range map[string]struct {
		clusters int
		wish     leave.Wish
		change   func([]mesh.Facts) []mesh.Facts
	}{
		"plain":     {3, leave.Wish{Contexts: []string{"aks-3"}}, nil},
		"last-pair": {2, leave.Wish{Contexts: []string{"aks-2"}}, nil},
		"all":       {2, leave.Wish{Contexts: []string{"aks-1", "aks-2"}}, nil},
		"forget":    {3, leave.Wish{Contexts: []string{"aks-1"}, Forget: []string{"aks-3"}}, func(f []mesh.Facts) []mesh.Facts { return f[:2] }},
		"kube-proxy": {2, leave.Wish{Contexts: []string{"aks-2"}, RestoreKubeProxy: true}, func(f []mesh.Facts) []mesh.Facts {
			f[1].Azure = &mesh.Azure{ID: "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks-2", KubeProxy: "disabled"}
			return f
		}},
		"gitops": {3, leave.Wish{Contexts: []string{"aks-3"}}, func(f []mesh.Facts) []mesh.Facts {
			f[1].Release.Owner = "Argo CD application cilium"
			return f
		}},
		"old-chart": {3, leave.Wish{Contexts: []string{"aks-3"}}, func(f []mesh.Facts) []mesh.Facts {
			for i := range f {
				f[i].Release.ChartVersion = "1.18.5"
				config(f[i])["clusters"] = []any{
					map[string]any{"name": "aks-1", "port": 2379, "ips": []any{"10.241.0.100"}},
					map[string]any{"name": "aks-2", "port": 2379, "address": "mesh.example.com"},
					map[string]any{"name": "aks-3", "port": 2379, "ips": []any{"10.243.0.100"}, "enabled": i != 1},
				}
			}
			return f
		}},
	} {
		t.Run(name, func(t *testing.T) {
			facts := members(t, tc.clusters)
			if tc.change != nil {
				facts = tc.change(facts)
			}
			goldenPlan(t, name, draftOf(t, facts, tc.wish))
		})
	}
}

func config(f mesh.Facts) map[string]any {
	return f.Release.Values["clustermesh"].(map[string]any)["config"].(map[string]any)
}

// after is what a leave that went well leaves behind, for the clusters that leave.
func after(t *testing.T, facts []mesh.Facts, w leave.Wish) []mesh.Facts {
	t.Helper()
	for _, c := range draftOf(t, facts, w).Clusters {
		i := slices.IndexFunc(facts, func(f mesh.Facts) bool { return f.Context == c.Context })
		if c.Leaves {
			facts[i].Release.Values = values.Alone(facts[i].Release.Values)
			facts[i].Peers, facts[i].Service, facts[i].Agents, facts[i].KVStore = nil, nil, []mesh.Agent{{Pod: "cilium-0"}}, nil
			facts[i].Workloads, facts[i].Certs = facts[i].Workloads[:1], facts[i].Certs[2:]
			continue
		}
		facts[i].Release.Values = values.RemovePeers(facts[i].Release.Values, "aks-3")
		facts[i].Peers = slices.DeleteFunc(facts[i].Peers, func(p mesh.Peer) bool { return p.Name == "aks-3" })
		facts[i].Agents, facts[i].KVStore = []mesh.Agent{seeing("cilium-0", facts[i].Peers)}, nil
	}
	return facts
}

func TestSecondLeaveChangesNothing(t *testing.T) {
	for name, wish := range map[string]leave.Wish{
		"leave": {Contexts: []string{"aks-3"}}, "forget": {Contexts: []string{"aks-1"}, Forget: []string{"aks-3"}},
	} {
		facts := members(t, 3)
		if len(wish.Forget) > 0 {
			facts = facts[:2]
		}
		facts = after(t, facts, wish)
		draft := draftOf(t, facts, wish)
		planned := draft.Plan(leave.Live{Wait: true})
		if !planned.Empty() || !draft.Settled() {
			t.Errorf("%s: settled: %t, and a second one would do %+v", name, draft.Settled(), planned.Steps)
		}
	}
}

// Agents that still know a cluster are waited for, though nothing is to change.
func TestAgentsThatLagAreNotSettled(t *testing.T) {
	wish := leave.Wish{Contexts: []string{"aks-1"}, Forget: []string{"aks-3"}}
	facts := after(t, members(t, 3)[:2], wish)
	facts[1].KVStore = []mesh.Agent{seeing("kvstoremesh-0", []mesh.Peer{{Name: "aks-3"}})}
	draft := draftOf(t, facts, wish)
	planned := draft.Plan(leave.Live{Wait: true})
	if !planned.Empty() || draft.Settled() || len(planned.Steps) != 2 {
		t.Errorf("settled: %t, steps %+v, want a wait for each cluster", draft.Settled(), planned.Steps)
	}
}

// A kill between Helm's revision and the parts leaves nothing that a repeated
// leave would not see.
func TestWhatAKillLeavesIsFinished(t *testing.T) {
	for name, tc := range map[string]struct {
		change func([]mesh.Facts)
		want   []string
	}{
		"a member's revision is pending": {func(f []mesh.Facts) {
			f[0].Release.Values, f[0].Release.Status = values.RemovePeers(f[0].Release.Values, "aks-3"), "pending-upgrade"
		}, []string{"aks-1/helm", "aks-2/helm", "aks-3/helm", "aks-3/remove"}},
		"a member's Secrets lag": {func(f []mesh.Facts) {
			f[0].Release.Values = values.RemovePeers(f[0].Release.Values, "aks-3")
		}, []string{"aks-1/helm", "aks-2/helm", "aks-3/helm", "aks-3/remove"}},
		"certificates are left": {func(f []mesh.Facts) {
			left := f[2].Certs
			after(t, f, leave.Wish{Contexts: []string{"aks-3"}})
			f[2].Certs = left
		}, []string{"aks-3/remove"}},
		"members that were not told": {func(f []mesh.Facts) {
			told := members(t, 3)
			after(t, f, leave.Wish{Contexts: []string{"aks-3"}})
			f[0] = told[0]
		}, []string{"aks-1/helm"}},
		"the trust bundle is left": {func(f []mesh.Facts) {
			after(t, f, leave.Wish{Contexts: []string{"aks-3"}})
			f[0].CA.BundleKept, f[2].CA.BundleKept = true, true
		}, []string{"aks-1/ready", "aks-1/bundle-end", "aks-3/ready", "aks-3/bundle-end"}},
		"the Service is left": {func(f []mesh.Facts) {
			left := f[2].Service
			after(t, f, leave.Wish{Contexts: []string{"aks-3"}})
			f[2].Service = left
		}, []string{"aks-3/remove"}},
	} {
		facts := members(t, 3)
		tc.change(facts)
		var got []string
		for _, step := range draftOf(t, facts, leave.Wish{Contexts: []string{"aks-3"}}).Plan(leave.Live{}).Steps {
			got = append(got, step.ID)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestLeaveRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		wish leave.Wish
		keep int // clusters that a context reaches
		want []string
	}{
		"a member without a context":     {leave.Wish{Contexts: []string{"aks-1"}}, 2, []string{`cluster "aks-3" is a member`, "--stay", "leave --forget aks-3 --context aks-1,aks-2"}},
		"to forget the living":           {leave.Wish{Contexts: []string{"aks-1"}, Forget: []string{"aks-2"}}, 3, []string{`context "aks-2" reaches that cluster`, "leave --context aks-2"}},
		"to forget one of two dead ones": {leave.Wish{Contexts: []string{"aks-1"}, Forget: []string{"aks-3"}}, 1, []string{`cluster "aks-2" is a member`, "--forget aks-3,aks-2"}},
	} {
		_, err := leave.Make(snapshot(members(t, 3)[:tc.keep]), tc.wish)
		for _, want := range tc.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error is %v, want one that says %q", name, err, want)
			}
		}
	}
	facts := members(t, 3)
	facts[1].NextCA = &mesh.Cert{Fingerprint: "next"}
	if _, err := leave.Make(snapshot(facts), leave.Wish{Contexts: []string{"aks-3"}}); err == nil || !strings.Contains(err.Error(), "kubectl aksmesh ca rotate --context aks-2") {
		t.Errorf("in a rotation: error is %v", err)
	}
	// A rotation that a dead cluster holds up could never be finished otherwise.
	if _, err := leave.Make(snapshot(facts[:2]), leave.Wish{Contexts: []string{"aks-1"}, Forget: []string{"aks-3"}}); err != nil {
		t.Errorf("to forget in a rotation: error is %v", err)
	}
	facts = members(t, 2)
	facts[0].Release = nil
	if _, err := leave.Make(snapshot(facts), leave.Wish{Contexts: []string{"aks-2"}}); err == nil || !strings.Contains(err.Error(), "not installed with Helm") {
		t.Errorf("a Cilium without a release: error is %v", err)
	}
}

func TestWishes(t *testing.T) {
	for name, w := range map[string]leave.Wish{
		"twice":              {Forget: []string{"a", "a"}},
		"no name":            {Forget: []string{""}},
		"kube-proxy of none": {Forget: []string{"a"}, RestoreKubeProxy: true},
	} {
		if w.Validate() == nil {
			t.Errorf("%s: %+v is taken", name, w)
		}
	}
}

// bundle gives a release a trust bundle, and returns the fingerprints in it.
func bundle(f *mesh.Facts, names ...string) []string {
	var text string
	var all []string
	for _, name := range names {
		sum := sha256.Sum256([]byte(name))
		all = append(all, hex.EncodeToString(sum[:]))
		text += string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte(name)}))
	}
	f.Release.Values["tls"] = map[string]any{"caBundle": map[string]any{"enabled": true, "content": text}}
	return all
}

// Each cluster keeps its own authority, and those of clusters that it stays with.
func TestTrustInOtherAuthoritiesEnds(t *testing.T) {
	facts := members(t, 3)
	var cas []string
	for i := range facts {
		cas = bundle(&facts[i], "one", "two", "three", "corporate")
	}
	for i := range facts {
		facts[i].CA.Fingerprint = cas[i]
	}
	draft := draftOf(t, facts, leave.Wish{Contexts: []string{"aks-3"}})
	for i, want := range map[int]string{0: "clustermesh-apiserver restarts: it reads", 1: "clustermesh-apiserver restarts: it reads"} {
		if !slices.ContainsFunc(draft.Clusters[i].Notes, func(note string) bool { return strings.Contains(note, want) }) {
			t.Errorf("%s: notes %q lack %q", draft.Clusters[i].Context, draft.Clusters[i].Notes, want)
		}
	}
	for i, want := range [][]string{{cas[0], cas[1], cas[3]}, {cas[0], cas[1], cas[3]}, {cas[2], cas[3]}} {
		got := values.BundledCAs(draft.Values(draft.Clusters[i].Context))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s trusts (-want +got):\n%s", draft.Clusters[i].Context, diff)
		}
	}
}

// A bundle that goes as a whole is mounted by agents until they are rolled out.
func TestTheBundleOutlivesItsRelease(t *testing.T) {
	facts := members(t, 2)
	for i := range facts {
		facts[i].CA = &mesh.CA{Cert: mesh.Cert{Fingerprint: bundle(&facts[1-i], "of "+facts[i].Context)[0]}}
	}
	for _, waits := range []bool{true, false} {
		got := map[string][]string{} // needs by step
		for _, step := range draftOf(t, facts, leave.Wish{Contexts: []string{"aks-2"}}).Plan(leave.Live{Wait: waits}).Steps {
			got[step.ID] = step.Needs
		}
		for _, context := range []string{"aks-1", "aks-2"} {
			for step, before := range map[string]string{"/helm": "/bundle", "/ready": "/helm", "/bundle-end": "/ready"} {
				if !slices.Contains(got[context+step], context+before) {
					t.Errorf("waits %t: %s needs %q, want %s among them", waits, context+step, got[context+step], context+before)
				}
			}
		}
	}
}

// What a GitOps controller has still to do is owed, by those that stay and by
// those that leave.
func TestOwed(t *testing.T) {
	for name, tc := range map[string]struct {
		owned int
		wish  []string
		want  []string
	}{
		"by a member":   {0, []string{"aks-3"}, []string{"aks-1"}},
		"by a leaver":   {2, []string{"aks-3"}, []string{"aks-3"}},
		"by nobody":     {-1, []string{"aks-3"}, nil},
		"by one of two": {1, []string{"aks-2", "aks-3"}, []string{"aks-2"}},
	} {
		facts := members(t, 3)
		if tc.owned >= 0 {
			facts[tc.owned].Release.Owner = "Argo CD application cilium"
		}
		draft := draftOf(t, facts, leave.Wish{Contexts: tc.wish})
		if diff := cmp.Diff(tc.want, draft.Owed()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if last := draft.Clusters[2]; tc.owned > 0 && !last.Leaves || tc.owned == 1 && !last.Helm.Needed {
			t.Errorf("%s: a cluster that leaves waits for another's commit", name)
		}
	}
	facts := after(t, members(t, 3), leave.Wish{Contexts: []string{"aks-3"}})
	facts[0].Release.Owner = "Argo CD application cilium"
	if owed := draftOf(t, facts, leave.Wish{Contexts: []string{"aks-3"}}).Owed(); len(owed) > 0 {
		t.Errorf("after the commit: %q", owed)
	}
}

// Of a cluster that nobody can ask it is not known which certificate was its own.
func TestForgetNamesCertificatesOfNobody(t *testing.T) {
	facts := members(t, 3)[:2]
	var cas []string
	for i := range facts {
		cas = bundle(&facts[i], "shared", "dead")
	}
	for i := range facts {
		facts[i].CA.Fingerprint = cas[0]
	}
	draft := draftOf(t, facts, leave.Wish{Contexts: []string{"aks-1"}, Forget: []string{"aks-3"}})
	if notes := strings.Join(draft.Clusters[0].Notes, "\n"); !strings.Contains(notes, cas[1]) || strings.Contains(notes, cas[0]) {
		t.Errorf("notes are %q, want one on %s only", notes, cas[1])
	}
	if got := values.BundledCAs(draft.Values("aks-1")); len(got) != 2 {
		t.Errorf("%d certificates are trusted, want both as before", len(got))
	}
}

func TestKubeProxyNeedsAzureOrRuns(t *testing.T) {
	wish := leave.Wish{Contexts: []string{"aks-2"}, RestoreKubeProxy: true}
	facts := members(t, 2)
	facts[1].Problems = []mesh.Problem{{Section: mesh.SectionAzure, Message: "run az login"}}
	needs := draftOf(t, facts, wish).NeedsAzure()
	if len(needs) != 1 || needs[0].Why != "run az login" || !strings.Contains(needs[0].Command, `{"enabled": true}`) || !strings.Contains(needs[0].Command, "MC_2") {
		t.Errorf("needs are %+v", needs)
	}
	facts[1].KubeProxy = &mesh.KubeProxy{Present: true, Desired: 2, Ready: 2}
	draft := draftOf(t, facts, wish)
	if len(draft.NeedsAzure()) > 0 || draft.Clusters[1].KubeProxy.Needed {
		t.Error("kube-proxy runs, and Azure is needed all the same")
	}
	if v := draft.Values("aks-2"); v["kubeProxyReplacement"] != false {
		t.Errorf("kubeProxyReplacement is %v", v["kubeProxyReplacement"])
	}
	facts[1].KubeProxy.Ready, facts[1].Kubernetes.AKS = 1, false
	if _, err := leave.Make(snapshot(facts), wish); err == nil || !strings.Contains(err.Error(), "not an AKS cluster") {
		t.Errorf("error is %v, want one that says why Azure cannot help", err)
	}
}

// Without Hubble's certificates the chart would delete the CA with the mesh's.
func TestCAIsKeptFromHelm(t *testing.T) {
	facts := members(t, 2)
	facts[1].Release.Values["hubble"] = map[string]any{"enabled": false}
	for _, step := range draftOf(t, facts, leave.Wish{Contexts: []string{"aks-2"}}).Plan(leave.Live{}).Steps {
		if step.ID == "aks-2/helm" {
			if !slices.Contains(step.Needs, "aks-2/ca") {
				t.Errorf("the revision needs %q, want aks-2/ca among them", step.Needs)
			}
			return
		}
	}
	t.Error("the plan has no revision of aks-2")
}
