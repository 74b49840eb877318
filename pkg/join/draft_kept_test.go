package join_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/pkg/join"
)

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

// The preflight judges the range that a cluster will have: to give another one is
// what it asks for.
func TestProjectedNativeRange(t *testing.T) {
	native := joined("1", 1, "100.64.0.0/16", nil)
	native.Config.RoutingMode, native.Config.TunnelProtocol = values.Native, ""
	native.Config.Raw = map[string]string{"ipv4-native-routing-cidr": "100.64.0.0/16", "mtu": "0"}
	argo := native
	argo.Release = &mesh.Release{Status: "deployed", ChartVersion: "1.20.1", Owner: "Argo CD"}
	wide := netip.MustParsePrefix("100.64.0.0/10")
	for name, tc := range map[string]struct {
		facts mesh.Facts
		wish  join.Wish
		want  string
	}{
		"kept":             {native, join.Wish{}, "100.64.0.0/16"},
		"given":            {native, join.Wish{NativeRoutingCIDR: wide}, "100.64.0.0/10"},
		"given, and owned": {argo, join.Wish{NativeRoutingCIDR: wide}, "100.64.0.0/16"},
		"with a tunnel":    {native, join.Wish{NativeRoutingCIDR: wide, Encapsulation: values.VXLAN}, "100.64.0.0/16"},
	} {
		s := snapshot(tc.facts, bare("2"))
		got := draftOf(t, s, tc.wish).Projected(s).Clusters[0].Config.Raw
		if diff := cmp.Diff(map[string]string{"ipv4-native-routing-cidr": tc.want, "mtu": "0"}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if native.Config.Raw["ipv4-native-routing-cidr"] != "100.64.0.0/16" {
		t.Error("the snapshot was changed")
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
