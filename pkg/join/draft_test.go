package join_test

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
	"github.com/aksmesh/kubectl-aksmesh/pkg/join"
)

func TestPlanOfBareClusters(t *testing.T) {
	goldenPlan(t, "bare", draftOf(t, snapshot(bare("1"), bare("2"), bare("3")), join.Wish{}))
}

func TestPlanWithFlags(t *testing.T) {
	goldenPlan(t, "flags", draftOf(t, snapshot(bare("1"), bare("2")), join.Wish{
		ClusterNames: map[string]string{"aks-1": "weu"}, ClusterIDs: map[string]int{"aks-2": 7},
		PodCIDRs: map[string]netip.Prefix{"aks-1": netip.MustParsePrefix("100.70.0.0/16")}, Encapsulation: "geneve", MTU: 1400,
		Encryption: "ipsec", MeshIPs: map[string]netip.Addr{"aks-1": netip.MustParseAddr("10.241.0.200")}, HubbleRelay: true,
		Values: map[string]map[string]any{"": {"debug": map[string]any{"enabled": true}}, "aks-2": {"operator": map[string]any{"replicas": 3}}},
	}))
}

func TestSecondJoinChangesNothing(t *testing.T) {
	draft := draftOf(t, snapshot(member(t, "1", "2", "3")...), join.Wish{})
	planned := draft.Plan(join.Live{Wait: true})
	if !planned.Empty() {
		t.Errorf("a second join would change something: %+v", planned.Steps)
	}
}

func TestGrowTouchesMembersByHelmOnly(t *testing.T) {
	facts := append(member(t, "1", "2"), bare("3"))
	goldenPlan(t, "grow", draftOf(t, snapshot(facts...), join.Wish{}))
}

// A Cilium that says that it replaces kube-proxy need not do so yet: an earlier
// join may have died before its agents were started anew.
func TestKubeProxyGoesAfterCiliumTookOver(t *testing.T) {
	beside := func(replaces bool) mesh.Facts {
		f := joined("2", 2, "100.65.0.0/16", nil)
		f.KubeProxy = &mesh.KubeProxy{Present: true, Desired: 1, Ready: 1}
		f.Config.KubeProxyReplacement = replaces
		f.Azure.KubeProxy = "enabled"
		return f
	}
	cut := bare("2")
	cut.Release = &mesh.Release{Status: "pending-install", Ours: true, ChartVersion: "1.20.1"}
	foreign := bare("2")
	foreign.Nodes[0].Ready = true
	for name, tc := range map[string]struct {
		facts mesh.Facts
		want  []string
	}{
		"bare":                           {bare("2"), nil},
		"cut off before Cilium's config": {cut, nil},
		"beside kube-proxy":              {beside(false), []string{"aks-2/helm", "aks-2/ready"}},
		"told to replace it":             {beside(true), []string{"aks-2/helm", "aks-2/ready"}},
		"beside somebody else's CNI":     {foreign, []string{"aks-2/helm", "aks-2/ready"}},
	} {
		for _, wait := range []bool{true, false} {
			planned := draftOf(t, snapshot(bare("1"), tc.facts), join.Wish{}).Plan(join.Live{Wait: wait})
			at := slices.IndexFunc(planned.Steps, func(s plan.Step) bool { return s.ID == "aks-2/kube-proxy" })
			if at < 0 {
				t.Errorf("%s: the plan has no kube-proxy step for aks-2", name)
				continue
			}
			if diff := cmp.Diff(tc.want, planned.Steps[at].Needs); diff != "" {
				t.Errorf("%s, wait %v: needs of the kube-proxy step (-want +got):\n%s", name, wait, diff)
			}
		}
	}
}

func TestPlanHoldsNoPrivateKey(t *testing.T) {
	draft := draftOf(t, snapshot(bare("1"), bare("2")), join.Wish{
		Encryption: "ipsec", Values: map[string]map[string]any{"": {"tls": map[string]any{"ca": map[string]any{"key": "c2VjcmV0"}}}},
	})
	text, err := json.Marshal(draft.Plan(join.Live{}))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "c2VjcmV0") {
		t.Errorf("the plan shows a private key:\n%s", text)
	}
}

// A cluster that was deleted and made anew under its old name takes its place again.
func TestClusterMadeAnewTakesItsPlace(t *testing.T) {
	facts := member(t, "1", "2")
	facts[0].Peers = []mesh.Peer{{Name: "aks-2", Addresses: []string{"10.242.0.100"}}}
	draft := draftOf(t, snapshot(facts[0], bare("2")), join.Wish{})
	if c := draft.Clusters[1]; c.Name != "aks-2" || c.ID != 2 {
		t.Errorf("the cluster made anew is %s with id %d, want aks-2 with 2", c.Name, c.ID)
	}
	if err := draft.MissingMembers(); err != nil {
		t.Errorf("a member is missed: %v", err)
	}
}

func TestMemberWithoutContextIsMissed(t *testing.T) {
	facts := member(t, "1", "2")
	facts[0].Peers = []mesh.Peer{{Name: "aks-2"}}
	err := draftOf(t, snapshot(facts[0], bare("3")), join.Wish{}).MissingMembers()
	if err == nil || !strings.Contains(err.Error(), "aks-2") {
		t.Errorf("error is %v, want one that names aks-2", err)
	}
}

// Agents read the cluster's name and id only when they start, and whether they
// replace kube-proxy: what has told them so since they were installed need not
// have started them anew.
func TestAgentsRestartWhenTheirClusterGetsAName(t *testing.T) {
	alone := joined("2", 0, "10.66.0.0/16", nil)
	alone.Config.ClusterName = "default"
	alone.Service, alone.Peers = nil, nil
	// beside is a member whose settings say that it replaces kube-proxy, which runs.
	beside := func(ours bool, revision int) mesh.Facts {
		f := joined("2", 2, "10.66.0.0/16", nil)
		f.KubeProxy.Present, f.Azure.KubeProxy, f.Release.Ours, f.Release.Revision = true, "enabled", ours, revision
		return f
	}
	for name, tc := range map[string]struct {
		facts mesh.Facts
		want  any
	}{
		"without a name yet":               {alone, true},
		"a member":                         {joined("2", 2, "10.66.0.0/16", nil), nil},
		"set by somebody, kube-proxy on":   {beside(false, 1), true},
		"installed by join, kube-proxy on": {beside(true, 1), nil},
		"set by upgrade, kube-proxy on":    {beside(true, 2), true},
	} {
		draft := draftOf(t, snapshot(bare("1"), tc.facts), join.Wish{})
		values, err := draft.Values(&draft.Clusters[1], nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := values["rollOutCiliumPods"]; got != tc.want {
			t.Errorf("%s: rollOutCiliumPods is %v, want %v", name, got, tc.want)
		}
	}
}

func TestPlanRefusesWhatCannotBeHad(t *testing.T) {
	others := member(t, "1", "2")
	others[1].CA.Fingerprint = "other"
	cronJob := member(t, "1", "2")
	cronJob[1].CA.Fingerprint = "other"
	cronJob[1].Release.Values = map[string]any{"clustermesh": map[string]any{"apiserver": map[string]any{"tls": map[string]any{"auto": map[string]any{"method": "cronJob"}}}}}
	// with is a mesh with a third cluster of another CA, and one cluster's TLS values.
	with := func(at int, tls map[string]any) []mesh.Facts {
		facts := member(t, "1", "2", "3")
		facts[2].CA.Fingerprint = "other"
		facts[at].Release.Values["tls"] = tls
		return facts
	}
	given := map[string]any{"ca": map[string]any{"cert": "PEM", "key": "PEM"}}
	named := map[string]any{"caBundle": map[string]any{"enabled": true, "name": "corporate-roots"}}
	rotating := member(t, "1", "2")
	rotating[1].NextCA = &mesh.Cert{Fingerprint: "next"}
	lost := with(2, nil)
	lost[2].CA.KeyMatches = false
	hubble := with(2, nil)
	hubble[2].Release.Values["hubble"] = map[string]any{"tls": map[string]any{"auto": map[string]any{"method": "cronJob"}}}
	if _, err := join.Make(snapshot(with(0, given)...), join.Wish{ChartVersion: "1.20.1", CAFrom: "aks-1"}); err != nil {
		t.Errorf("a CA that stays may be a value: %v", err)
	}
	for name, tc := range map[string]struct {
		facts []mesh.Facts
		wish  join.Wish
		want  string
	}{
		"CA of a cluster that has it as a value": {with(2, given), join.Wish{CAFrom: "aks-1"}, `context "aks-3" has its authority among the Helm values (tls.ca.cert and tls.ca.key)`},
		"a bundle that is only named":            {with(0, named), join.Wish{CAFrom: "aks-1"}, `context "aks-1" trusts a bundle of its own that the Helm values only name`},
		"CA of a cluster with Hubble's cronJob":  {hubble, join.Wish{CAFrom: "aks-1"}, "Hubble's certificates made by a CronJob"},
		"CA from a cluster without one":          {append(others, bare("3")), join.Wish{CAFrom: "aks-3"}, "has no certificate authority"},
		"CA of a cluster with cronJob":           {cronJob, join.Wish{CAFrom: "aks-1"}, "made by cronJob"},
		"in the middle of a rotation":            {rotating, join.Wish{}, "finish it first with kubectl aksmesh ca rotate --context aks-2"},
		"CA of a cluster that lost its key":      {lost, join.Wish{CAFrom: "aks-1"}, `context "aks-3": the private key in Secret kube-system/cilium-ca is missing`},
		"another number of clusters":             {others, join.Wish{MaxConnectedClusters: 511}, `--max-connected-clusters 511: context "aks-1" runs with 255`},
		"native routing without a range":         {[]mesh.Facts{bare("1"), bare("2")}, join.Wish{Encapsulation: "native"}, "--native-routing-cidr"},
		"running id":                             {others, join.Wish{ClusterIDs: map[string]int{"aks-1": 9}}, "cannot be changed"},
	} {
		tc.wish.ChartVersion = "1.20.1"
		if _, err := join.Make(snapshot(tc.facts...), tc.wish); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error is %v, want one that says %q", name, err, tc.want)
		}
	}
}

// What Azure would refuse half way is refused before anything is written.
func TestNeedsAzure(t *testing.T) {
	with := func(change func(*mesh.Facts)) mesh.Facts {
		f := bare("1")
		change(&f)
		return f
	}
	const id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks-1"
	asked := []string{"echo '{\"enabled\": false}' > kube-proxy.json", "az extension add --upgrade --name aks-preview"}
	update := func(ids string) []string {
		return append(slices.Clone(asked), "az aks update --ids "+ids+" --kube-proxy-config kube-proxy.json")
	}
	for name, tc := range map[string]struct {
		facts mesh.Facts
		wish  join.Wish
		want  []join.AzureNeed
	}{
		"nobody asked for rights": {facts: bare("1")},
		"rights":                  {facts: with(func(f *mesh.Facts) { f.Azure.MayWrite = new(true) })},
		"no rights": {facts: with(func(f *mesh.Facts) { f.Azure.MayWrite = new(false) }), want: []join.AzureNeed{{
			Context: "aks-1", Why: "this login may not switch it off: it lacks Microsoft.ContainerService/managedClusters/write on " + id, Commands: update(id),
		}}},
		"no rights, and none needed": {facts: with(func(f *mesh.Facts) { f.Azure.MayWrite = new(false) }), wish: join.Wish{SkipKubeProxy: true}},
		"no rights, and kube-proxy is off": {facts: with(func(f *mesh.Facts) {
			f.Azure.MayWrite, f.Azure.KubeProxy, f.KubeProxy.Present = new(false), "disabled", false
		})},
		"an old API version": {facts: with(func(f *mesh.Facts) { f.Azure.KubeProxy = "unknown" }), want: []join.AzureNeed{{
			Context: "aks-1", Why: "the API version of Azure in use has no kubeProxyConfig to switch it off with: name a preview version with --aks-api-version", Commands: update(id),
		}}},
		"no login": {
			facts: with(func(f *mesh.Facts) {
				f.Azure, f.Problems = nil, []mesh.Problem{{Section: mesh.SectionAzure, Message: "nobody is logged in"}}
			}),
			want: []join.AzureNeed{{
				Context: "aks-1", Why: "Azure could not be asked to switch it off: nobody is logged in",
				Commands: update("RESOURCE-ID"),
			}},
		},
	} {
		if diff := cmp.Diff(tc.want, draftOf(t, snapshot(tc.facts, bare("2")), tc.wish).NeedsAzure()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
