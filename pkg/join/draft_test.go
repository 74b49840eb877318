package join_test

import (
	"encoding/json"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
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

var update = flag.Bool("update", false, "rewrite the golden files")

// bare is an AKS cluster made for bring-your-own CNI, as Azure hands it over.
func bare(n string) mesh.Facts {
	return mesh.Facts{
		Context: "aks-" + n,
		Kubernetes: &mesh.Kubernetes{
			UID: "uid-" + n, Version: "v1.37.1", Host: "aks-" + n + ".hcp.westeurope.azmk8s.io", Port: 443,
			ServiceIPs: []string{"10.0.0.1"}, ServiceCIDRs: []string{"10.0.0.0/16"}, AKS: true,
		},
		Nodes: []mesh.Node{{
			Name: "node-" + n, InternalIPs: []string{"10.24" + n + ".0.4"},
			ProviderID:         "azure:///subscriptions/s/resourceGroups/MC_" + n + "/providers/Microsoft.Compute/virtualMachineScaleSets/p/virtualMachines/0",
			AzureResourceGroup: "MC_" + n,
		}},
		KubeProxy: &mesh.KubeProxy{Present: true, Desired: 1, Ready: 1},
		Azure: &mesh.Azure{
			ID: "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks-" + n, State: "Succeeded", Power: "Running",
			FQDN: "aks-" + n + ".hcp.westeurope.azmk8s.io", NetworkPlugin: "none", KubeProxy: "enabled",
			PodCIDRs: []string{"10.244.0.0/16"}, ServiceCIDRs: []string{"10.0.0.0/16"},
			Subnets: []mesh.Subnet{{ID: "subnet-" + n, Prefixes: []string{"10.24" + n + ".0.0/24"}, VNet: "vnet-" + n, VNetSpace: []string{"10.24" + n + ".0.0/16"}}},
		},
	}
}

// joined is a member as join leaves it. values are those of its release.
func joined(n string, id int, pods string, values map[string]any) mesh.Facts {
	f := bare(n)
	f.KubeProxy = &mesh.KubeProxy{}
	f.Azure.KubeProxy = "disabled"
	f.Config = &mesh.Config{
		ClusterName: "aks-" + n, ClusterID: id, MaxConnectedClusters: 255, PodCIDRs: []string{pods}, RoutingMode: "tunnel",
		TunnelProtocol: "vxlan", TunnelPort: 8472, KubeProxyReplacement: true, IPv4: true, Encryption: "none",
	}
	f.Release = &mesh.Release{Name: "cilium", Namespace: "kube-system", Revision: 1, Status: "deployed", ChartVersion: "1.20.1", Values: values}
	f.CA = &mesh.CA{Cert: mesh.Cert{Fingerprint: "shared"}, HelmOwned: true, KeyMatches: true}
	f.Service = &mesh.Service{
		Type: "LoadBalancer", Addresses: []string{"10.24" + n + ".0.100"}, Port: cilium.MeshPort, HelmOwned: true, PublishNotReady: true,
		Annotations: map[string]string{"service.beta.kubernetes.io/azure-load-balancer-internal": "true"},
	}
	return f
}

func snapshot(facts ...mesh.Facts) mesh.Snapshot {
	return mesh.Snapshot{APIVersion: mesh.SnapshotVersion, Clusters: facts}
}

func draftOf(t *testing.T, s mesh.Snapshot, w join.Wish) *join.Draft {
	t.Helper()
	if w.ChartVersion == "" {
		w.ChartVersion = "1.20.1"
	}
	draft, err := join.Make(s, w)
	if err != nil {
		t.Fatalf("Make: %v", err)
	}
	return draft
}

// golden compares the plan of a draft with testdata/NAME.json.
func golden(t *testing.T, name string, d *join.Draft) {
	t.Helper()
	got, err := json.MarshalIndent(d.Plan(join.Live{Wait: true}), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.WriteFile(path, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.TrimSpace(string(want)), string(got)); diff != "" {
		t.Errorf("plan differs from %s (-want +got); run with -update if that is right:\n%s", path, diff)
	}
}

func TestPlanOfBareClusters(t *testing.T) {
	golden(t, "bare", draftOf(t, snapshot(bare("1"), bare("2"), bare("3")), join.Wish{}))
}

func TestPlanWithFlags(t *testing.T) {
	golden(t, "flags", draftOf(t, snapshot(bare("1"), bare("2")), join.Wish{
		ClusterNames: map[string]string{"aks-1": "weu"}, ClusterIDs: map[string]int{"aks-2": 7},
		PodCIDRs: map[string]netip.Prefix{"aks-1": netip.MustParsePrefix("100.70.0.0/16")}, Encapsulation: "geneve", MTU: 1400,
		Encryption: "ipsec", MeshIPs: map[string]netip.Addr{"aks-1": netip.MustParseAddr("10.241.0.200")}, HubbleRelay: true,
		Values: map[string]map[string]any{"": {"debug": map[string]any{"enabled": true}}, "aks-2": {"operator": map[string]any{"replicas": 3}}},
	}))
}

// mesh of two that join made, seen again.
func member(t *testing.T, names ...string) []mesh.Facts {
	t.Helper()
	var facts []mesh.Facts
	for i, n := range names {
		facts = append(facts, joined(n, i+1, "100."+itoa(64+i)+".0.0/16", nil))
	}
	first := draftOf(t, snapshot(facts...), join.Wish{})
	for i := range facts {
		addresses := map[string][]string{}
		for _, f := range facts {
			addresses[f.Context] = f.Service.Addresses
		}
		values, err := first.Values(&first.Clusters[i], addresses)
		if err != nil {
			t.Fatal(err)
		}
		facts[i].Release.Values = values
	}
	return facts
}

func itoa(n int) string { return string(rune('0'+n/10)) + string(rune('0'+n%10)) }

func TestSecondJoinChangesNothing(t *testing.T) {
	draft := draftOf(t, snapshot(member(t, "1", "2", "3")...), join.Wish{})
	planned := draft.Plan(join.Live{Wait: true})
	if !planned.Empty() {
		t.Errorf("a second join would change something: %+v", planned.Steps)
	}
}

func TestGrowTouchesMembersByHelmOnly(t *testing.T) {
	facts := append(member(t, "1", "2"), bare("3"))
	golden(t, "grow", draftOf(t, snapshot(facts...), join.Wish{}))
}

func TestOtherCAIsKeptWithoutCAFrom(t *testing.T) {
	facts := member(t, "1", "2")
	facts[1].CA.Fingerprint = "other"
	if c := draftOf(t, snapshot(facts...), join.Wish{}).Clusters[1].CA; c.Action != join.KeepCA {
		t.Errorf("CA change without --ca-from is %+v, want none", c)
	}
	got := draftOf(t, snapshot(facts...), join.Wish{CAFrom: "aks-1"}).Clusters[1].CA
	if want := (join.CAChange{Action: join.ReplaceCA, From: "aks-1"}); got != want {
		t.Errorf("CA change with --ca-from aks-1 is %+v, want %+v", got, want)
	}
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

// A cluster that a GitOps controller owns is told of by notes: what to commit,
// and what is left to do by hand.
func TestGitOpsClusterIsNotWritten(t *testing.T) {
	owned := func(change func(*mesh.Facts)) mesh.Facts {
		f := joined("2", 2, "100.65.0.0/16", nil)
		f.Release.Owner, f.Peers = "Argo CD application cilium", []mesh.Peer{{Name: "aks-1"}}
		if change != nil {
			change(&f)
		}
		return f
	}
	const (
		commit    = "aks-2: Argo CD application cilium owns Cilium, so join writes nothing here: commit the values that the same command prints with -o values"
		kubeProxy = `aks-2: kube-proxy stays until Cilium runs with the values to commit; then switch it off: echo '{"enabled": false}' > kube-proxy.json && az extension add --upgrade --name aks-preview && az aks update --ids /subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks-2 --kube-proxy-config kube-proxy.json`
	)
	for name, tc := range map[string]struct {
		facts mesh.Facts
		wish  join.Wish
		want  []string
	}{
		"values in Git as they must be": {facts: owned(nil)},
		"no peer in Git":                {facts: owned(func(f *mesh.Facts) { f.Peers = nil }), want: []string{commit}},
		"a release with other values":   {facts: owned(func(f *mesh.Facts) { f.Release.Values = map[string]any{"debug": true} }), want: []string{commit}},
		"kube-proxy runs":               {facts: owned(func(f *mesh.Facts) { f.KubeProxy.Present = true }), want: []string{kubeProxy}},
		"kube-proxy shall run":          {facts: owned(func(f *mesh.Facts) { f.KubeProxy.Present = true }), wish: join.Wish{SkipKubeProxy: true}},
	} {
		draft := draftOf(t, snapshot(member(t, "1")[0], tc.facts), tc.wish)
		planned := draft.Plan(join.Live{Wait: true})
		for _, step := range planned.Steps {
			if step.Cluster == "aks-2" {
				t.Errorf("%s: step %s would be made for a cluster that Argo CD owns", name, step.ID)
			}
		}
		var contexts []string
		if slices.Contains(tc.want, commit) {
			contexts = []string{"aks-2"}
		}
		if diff := cmp.Diff(tc.want, planned.Notes); diff != "" {
			t.Errorf("%s: notes (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(contexts, draft.ToCommit()); diff != "" {
			t.Errorf("%s: to commit (-want +got):\n%s", name, diff)
		}
	}
}

// Nobody gives a cluster an address that a GitOps controller owns and that has
// none: its peers wait for a commit, and have nothing to do until then.
func TestGitOpsClusterWithoutAddressIsLeftOut(t *testing.T) {
	f := joined("3", 3, "100.66.0.0/16", nil)
	f.Release.Owner, f.Service = "Argo CD application cilium", nil
	draft := draftOf(t, snapshot(append(member(t, "1", "2"), f)...), join.Wish{})
	if planned := draft.Plan(join.Live{Wait: true}); !planned.Empty() {
		t.Errorf("the join would change something: %+v", planned.Steps)
	}
}

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

func TestNewClusterTakesTheMeshsSettings(t *testing.T) {
	facts := member(t, "1", "2")
	for i := range facts {
		facts[i].Config.Encryption, facts[i].Config.TunnelProtocol = "ipsec", "geneve"
		facts[i].IPsecKey = &mesh.IPsecKey{SPI: "3", Fingerprint: "key"}
		facts[i].Release.ChartVersion = "1.19.4"
	}
	draft, err := join.Make(snapshot(append(facts, bare("3"))...), join.Wish{})
	if err != nil {
		t.Fatal(err)
	}
	c := draft.Clusters[2]
	values, err := draft.Values(&c, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := []any{c.Helm.ChartVersion, values["tunnelProtocol"], values["encryption"], c.IPsec}
	want := []any{"1.19.4", "geneve", map[string]any{"enabled": true, "type": "ipsec"}, join.SecretChange{Needed: true, From: "aks-1"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("version, encapsulation, encryption and key of the new cluster (-want +got):\n%s", diff)
	}
}

// What is routed as it is around one cluster need not be so around another.
func TestNativeRangesOfMembersStay(t *testing.T) {
	native := func(n string, id int, cidr string) mesh.Facts {
		f := joined(n, id, "100."+itoa(63+id)+".0.0/16", nil)
		f.Config.RoutingMode, f.Config.TunnelProtocol = values.Native, ""
		f.Config.Raw = map[string]string{"ipv4-native-routing-cidr": cidr}
		return f
	}
	for name, tc := range map[string]struct {
		wish join.Wish
		want []any
	}{
		"their own, and for a new one the first": {join.Wish{}, []any{"100.64.0.0/10", "100.0.0.0/8", "100.64.0.0/10"}},
		"wished for":                             {join.Wish{NativeRoutingCIDR: netip.MustParsePrefix("100.64.0.0/12")}, []any{"100.64.0.0/12", "100.64.0.0/12", "100.64.0.0/12"}},
		"given as a value": {
			join.Wish{Values: map[string]map[string]any{"aks-2": {"ipv4NativeRoutingCIDR": "100.64.0.0/11"}}},
			[]any{"100.64.0.0/10", "100.64.0.0/11", "100.64.0.0/10"},
		},
	} {
		draft := draftOf(t, snapshot(native("1", 1, "100.64.0.0/10"), native("2", 2, "100.0.0.0/8"), bare("3")), tc.wish)
		var got []any
		for i := range draft.Clusters {
			all, err := draft.Values(&draft.Clusters[i], nil)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, all["ipv4NativeRoutingCIDR"])
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: ranges (-want +got):\n%s", name, diff)
		}
	}
}

// Who gives LoadBalancer Services their addresses is join's to say only where
// nobody else has: not its pools, and not its values.
func TestLoadBalancersStayWhoseTheyAre(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*mesh.Facts)
		want   any
	}{
		"nobody's": {func(*mesh.Facts) {}, "none"},
		"pools":    {func(f *mesh.Facts) { f.LBPools = []string{"office"} }, nil},
		"pools that could not be read": {
			func(f *mesh.Facts) { f.Problems = []mesh.Problem{{Section: mesh.SectionLBPools, Kind: mesh.Forbidden}} }, nil,
		},
		"a value": {func(f *mesh.Facts) { f.Release.Values = map[string]any{"defaultLBServiceIPAM": "nodeipam"} }, "nodeipam"},
	} {
		f := joined("1", 1, "100.64.0.0/16", nil)
		tc.change(&f)
		draft := draftOf(t, snapshot(f, bare("2")), join.Wish{})
		all, err := draft.Values(&draft.Clusters[0], nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tc.want, all["defaultLBServiceIPAM"]); diff != "" {
			t.Errorf("%s: defaultLBServiceIPAM (-want +got):\n%s", name, diff)
		}
	}
}

func TestUserValuesThatJoinMustKnowOfAreRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		values map[string]any
		want   string // empty if they are taken
	}{
		"id":         {map[string]any{"cluster": map[string]any{"id": 7}}, "the Helm value cluster.id is join's own to set: use --cluster-id instead"},
		"kube-proxy": {map[string]any{"kubeProxyReplacement": false}, "the Helm value kubeProxyReplacement is join's own to set: nothing would handle services once kube-proxy is off; --skip-kube-proxy keeps kube-proxy beside Cilium"},
		"as text":    {map[string]any{"kubeProxyReplacement": "false"}, "--skip-kube-proxy"},
		"as join":    {map[string]any{"kubeProxyReplacement": true}, ""},
		"CA": {map[string]any{"tls": map[string]any{"ca": map[string]any{"cert": "PEM"}}},
			"the Helm value tls.ca.cert is join's own to set: the chart would prefer it to Secret kube-system/cilium-ca, which the clusters share: put that Secret into one cluster before the join, or name a cluster that has it with --ca-from"},
		"CA's key": {map[string]any{"tls": map[string]any{"ca": map[string]any{"key": "c2VjcmV0"}}}, "the Helm value tls.ca.key is join's own to set"},
		"others":   {map[string]any{"debug": map[string]any{"enabled": true}}, ""},
	} {
		for _, context := range []string{"", "a"} {
			w := join.Wish{Values: map[string]map[string]any{context: tc.values}}
			err := w.Validate([]string{"a", "b"})
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("%s: error is\n%v\nwant one that says\n%q", name, err, tc.want)
			}
		}
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
