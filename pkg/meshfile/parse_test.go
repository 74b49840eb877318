package meshfile

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/aksmesh/kubectl-aksmesh/pkg/join"
)

func comparers() cmp.Options {
	return cmp.Options{
		cmpopts.EquateComparable(netip.Prefix{}, netip.Addr{}), cmpopts.IgnoreUnexported(File{}), cmpopts.EquateEmpty(),
	}
}

func full(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "full.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func parsed(t testing.TB, text string) *File {
	t.Helper()
	f, err := Parse("mesh.yaml", []byte(text))
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return f
}

// TestRoundTrip: what is written is what was read, in both formats.
func TestRoundTrip(t *testing.T) {
	f := parsed(t, full(t))
	text, err := f.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(full(t), string(text)); diff != "" {
		t.Errorf("YAML (-want +got):\n%s", diff)
	}
	asJSON, err := f.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(f, parsed(t, string(asJSON)), comparers()); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}

func TestWish(t *testing.T) {
	want := join.Wish{
		ClusterNames: map[string]string{"aks-1": "weu", "user@aks-2": "neu"}, ClusterIDs: map[string]int{"aks-1": 1, "user@aks-2": 7},
		PodCIDRs:             map[string]netip.Prefix{"aks-1": netip.MustParsePrefix("100.64.0.0/16"), "user@aks-2": netip.MustParsePrefix("100.65.0.0/16")},
		PodPool:              netip.MustParsePrefix("100.64.0.0/12"),
		MaxConnectedClusters: 511, Encapsulation: "native", NativeRoutingCIDR: netip.MustParsePrefix("100.64.0.0/10"), MTU: 1400, Encryption: "wireguard",
		CAFrom: "aks-1", SkipKubeProxy: true, MeshIPs: map[string]netip.Addr{"aks-1": netip.MustParseAddr("10.241.0.200")},
		MeshSubnets: map[string]string{"aks-1": "mesh"}, HubbleRelay: true, HubbleUI: true, ChartVersion: "1.20.1",
		Values: map[string]map[string]any{
			"": {"debug": map[string]any{"enabled": true}}, "user@aks-2": {"operator": map[string]any{"replicas": float64(3)}},
		},
	}
	f := parsed(t, full(t))
	got := f.Wish()
	if diff := cmp.Diff(want, got, comparers()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := got.Validate(f.Contexts()); err != nil {
		t.Errorf("join refuses the wish: %v", err)
	}
}

// mesh is a file of two clusters with lines in place of others.
func lines(spec string, clusters ...string) string {
	text := "apiVersion: aksmesh.io/v1alpha1\nkind: Mesh\nspec:\n" + spec + "  clusters:\n"
	for _, c := range clusters {
		text += "  - " + c + "\n"
	}
	return text
}

func TestRefused(t *testing.T) {
	const a, b = "{context: a}", "{context: b}"
	cases := map[string]struct {
		text string
		want []string // of each line of the error, in order
	}{
		"empty":            {"", []string{"mesh.yaml: it is empty"}},
		"no YAML":          {"{ this: is, not: YAML", []string{"mesh.yaml: yaml: line 1: did not find expected ',' or '}'"}},
		"a list":           {"- a", []string{"mesh.yaml: it is not a mapping with apiVersion, kind and spec"}},
		"two documents":    {lines("", a, b) + "---\n{}\n", []string{"mesh.yaml: it has more than one document"}},
		"another kind":     {"apiVersion: v1\nkind: ConfigMap\n", []string{`mesh.yaml: it is a "ConfigMap" of "v1", not a Mesh of aksmesh.io/v1alpha1 as kubectl aksmesh export writes it`}},
		"no clusters":      {"apiVersion: aksmesh.io/v1alpha1\nkind: Mesh\nspec: {}\n", []string{"mesh.yaml line 3: spec names no clusters"}},
		"a slip":           {lines("  encapsulatoin: vxlan\n", a, b), []string{"mesh.yaml line 4: spec.encapsulatoin is unknown; did you mean encapsulation?"}},
		"case":             {lines("", "{context: a, podCidrs: [10.1.0.0/16]}", b), []string{"mesh.yaml line 5: spec.clusters[0].podCidrs is unknown; did you mean podCIDRs?"}},
		"unlike any":       {lines("", "{context: a, colour: red}", b), []string{"mesh.yaml line 5: spec.clusters[0].colour is unknown: the fields here are context, name, id, podCIDRs, azureID, meshIP, meshSubnet, values"}},
		"twice":            {lines("  mtu: 1400\n  mtu: 1500\n", a, b), []string{"mesh.yaml line 5: spec.mtu is there twice"}},
		"twice in values":  {lines("  values:\n    a: 1\n    a: 2\n", a, b), []string{`mesh.yaml: error converting YAML to JSON: yaml: unmarshal errors: line 6: key "a" already set in map`}},
		"a number":         {lines("  version: 1.20\n", a, b), []string{"mesh.yaml line 4: spec.version 1.20 is not a text: put it in quotes"}},
		"a text":           {lines("  mtu: large\n", a, b), []string{`mesh.yaml line 4: spec.mtu "large" is not a whole number`}},
		"a list for one":   {lines("  encryption: [none]\n", a, b), []string{"mesh.yaml line 4: spec.encryption is not a text"}},
		"no flag":          {lines("  hubbleUI: maybe\n", a, b), []string{`mesh.yaml line 4: spec.hubbleUI "maybe" is not true or false`}},
		"no list":          {lines("", "{context: a, podCIDRs: 10.1.0.0/16}", b), []string{"mesh.yaml line 5: spec.clusters[0].podCIDRs is not a list"}},
		"no CIDR":          {lines("", "{context: a, podCIDRs: [ten]}", b), []string{`mesh.yaml line 5: spec.clusters[0].podCIDRs[0] "ten" is not a CIDR, as 100.64.0.0/16`}},
		"no address":       {lines("", "{context: a, meshIP: here}", b), []string{`mesh.yaml line 5: spec.clusters[0].meshIP "here" is not an IP address`}},
		"bits":             {lines("", "{context: a, podCIDRs: [10.1.2.0/16]}", b), []string{"mesh.yaml line 5: spec.clusters[0].podCIDRs[0] 10.1.2.0/16 has bits set behind its prefix; did you mean 10.1.0.0/16?"}},
		"no context":       {lines("", "{name: a}", b), []string{"mesh.yaml line 5: spec.clusters[0] has no context"}},
		"one cluster of 2": {lines("", a, b, a), []string{`mesh.yaml line 7: spec.clusters[2].context "a" is there twice`}},
		"clashes": {lines("", "{context: a, name: x, id: 1, podCIDRs: [10.1.0.0/16]}", "{context: b, name: x, id: 1, podCIDRs: [10.0.0.0/8]}"), []string{
			`mesh.yaml line 6: spec.clusters[1].name "x" is that of context "a", too`, `mesh.yaml line 6: spec.clusters[1].id 1 is that of context "a", too`,
			`mesh.yaml line 6: spec.clusters[1].podCIDRs[0] 10.0.0.0/8 overlaps 10.1.0.0/16 of context "a"`,
		}},
		"id":            {lines("", "{context: a, id: 0}", "{context: b, id: 256}"), []string{"mesh.yaml line 5: spec.clusters[0].id 0 is not between 1 and 255", "mesh.yaml line 6: spec.clusters[1].id 256 is not between 1 and 255"}},
		"name":          {lines("", "{context: a, name: A_b}", b), []string{`mesh.yaml line 5: spec.clusters[0].name is refused: cluster name "A_b" may only have lower-case letters, digits and '-', and must start and end with a letter or digit`}},
		"ARM id":        {lines("", "{context: a, azureID: x}", b), []string{`mesh.yaml line 5: spec.clusters[0].azureID is refused: azure resource id "x": expected /subscriptions/SUBSCRIPTION/resourceGroups/GROUP/providers/Microsoft.ContainerService/managedClusters/NAME`}},
		"encapsulation": {lines("  encapsulation: gre\n", a, b), []string{"mesh.yaml line 4: spec.encapsulation gre is not one of [vxlan geneve native]"}},
		"most":          {lines("  maxConnectedClusters: 256\n", a, b), []string{"mesh.yaml line 4: spec.maxConnectedClusters 256 is not one of [255 511]"}},
		"mtu":           {lines("  mtu: 1\n", a, b), []string{"mesh.yaml line 4: spec.mtu 1 is not between 1280 and 9216 bytes"}},
		"version":       {lines("  version: 1.2.3\n", a, b), []string{"mesh.yaml line 4: spec.version is refused: cilium 1.2.3 is not supported: 1.18, 1.19 and 1.20 are"}},
		"CA":            {lines("  caFrom: c\n", a, b), []string{`mesh.yaml line 4: spec.caFrom "c" is none of the clusters' contexts`}},
		"own values":    {lines("  values: {MTU: 1400}\n", a, b), []string{"mesh.yaml line 4: spec.values has MTU, which is join's own to set: use the field mtu instead"}},
		"no kube-proxy": {lines("  values: {kubeProxyReplacement: false}\n", a, b), []string{"mesh.yaml line 4: spec.values has kubeProxyReplacement, which is join's own to set: nothing would handle services once kube-proxy is off; skipKubeProxy: true keeps kube-proxy beside Cilium"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("mesh.yaml", []byte(tc.text))
			if err == nil {
				t.Fatal("it was taken")
			}
			if diff := cmp.Diff(tc.want, strings.Split(err.Error(), "\n")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// An anchor is YAML too, and a field without a value is as if it were not there.
func TestTaken(t *testing.T) {
	for _, text := range []string{
		lines("  values: &v {debug: {enabled: true}}\n", "{context: a, values: *v}", "{context: b}"),
		lines("  mtu:\n  podPool: null\n", "{context: a, id: }", "{context: b}"),
	} {
		parsed(t, text)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(full(f))
	f.Add(lines("  mtu: 1400\n", "{context: a}", "{context: b}"))
	f.Add("a: &a [*a]")
	f.Add("apiVersion: aksmesh.io/v1alpha1\nkind: Mesh\nspec: &s {clusters: [*s]}")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := Parse("mesh.yaml", []byte(text))
		if err != nil {
			if strings.Contains(err.Error(), "\n\n") {
				t.Errorf("an empty line in %q", err)
			}
			return
		}
		// What was taken is written so that it is taken again, with the same meaning.
		out, err := file.YAML("a comment")
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse("mesh.yaml", out)
		if err != nil {
			t.Fatalf("%v in\n%s", err, out)
		}
		if diff := cmp.Diff(file.Wish(), again.Wish(), comparers()); diff != "" {
			t.Errorf("(-read +written and read):\n%s", diff)
		}
	})
}
