package config

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

func TestParse(t *testing.T) {
	for name, test := range map[string]struct {
		data map[string]string
		want mesh.Config
		err  string // part of the error
	}{
		"empty": {
			want: mesh.Config{
				ClusterName: "default", MaxConnectedClusters: 255, RoutingMode: "tunnel",
				TunnelProtocol: "vxlan", TunnelPort: 8472, IPv4: true, Encryption: "none",
			},
		},
		"1.20 in a mesh": {
			data: map[string]string{
				"cluster-name": "aks-1", "cluster-id": "7", "max-connected-clusters": "511",
				"cluster-pool-ipv4-cidr": "10.161.0.0/16 10.162.0.0/16", "cluster-pool-ipv4-mask-size": "24",
				"routing-mode": "tunnel", "tunnel-protocol": "geneve", "tunnel-port": "0",
				"kube-proxy-replacement": "true", "enable-ipv4": "true", "enable-ipv6": "false",
				"enable-wireguard": "true", "mtu": "1400",
			},
			want: mesh.Config{
				ClusterName: "aks-1", ClusterID: 7, MaxConnectedClusters: 511,
				PodCIDRs: []string{"10.161.0.0/16", "10.162.0.0/16"}, PodCIDRMaskSize: 24,
				RoutingMode: "tunnel", TunnelProtocol: "geneve", TunnelPort: 6081,
				KubeProxyReplacement: true, IPv4: true, Encryption: "wireguard", MTU: 1400,
			},
		},
		"native routing has no tunnel": {
			data: map[string]string{"routing-mode": "native", "tunnel-protocol": "vxlan", "enable-ipsec": "true"},
			want: mesh.Config{
				ClusterName: "default", MaxConnectedClusters: 255, RoutingMode: "native", IPv4: true, Encryption: "ipsec",
			},
		},
		"pools of a family that is off do not count": {
			data: map[string]string{
				"enable-ipv4": "false", "enable-ipv6": "true",
				"cluster-pool-ipv4-cidr": "10.0.0.0/8", "cluster-pool-ipv6-cidr": "fd00::/104",
			},
			want: mesh.Config{
				ClusterName: "default", MaxConnectedClusters: 255, RoutingMode: "tunnel", TunnelProtocol: "vxlan",
				TunnelPort: 8472, IPv6: true, PodCIDRs: []string{"fd00::/104"}, Encryption: "none",
			},
		},
		"partial replacement is none": {
			data: map[string]string{"kube-proxy-replacement": "partial"},
			want: mesh.Config{
				ClusterName: "default", MaxConnectedClusters: 255, RoutingMode: "tunnel",
				TunnelProtocol: "vxlan", TunnelPort: 8472, IPv4: true, Encryption: "none",
			},
		},
		"nonsense names its key, and the rest is read": {
			data: map[string]string{"cluster-name": "a", "cluster-id": "one"},
			want: mesh.Config{
				ClusterName: "a", MaxConnectedClusters: 255, RoutingMode: "tunnel",
				TunnelProtocol: "vxlan", TunnelPort: 8472, IPv4: true, Encryption: "none",
			},
			err: `cluster-id is "one"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Parse(test.data)
			if test.err == "" && err != nil || test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
				t.Errorf("error %v, want %q", err, test.err)
			}
			if !maps.Equal(got.Raw, test.data) {
				t.Errorf("raw is %v", got.Raw)
			}
			got.Raw = nil
			if diff := cmp.Diff(test.want, *got); diff != "" {
				t.Errorf("config (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`{"cluster-pool-ipv4-cidr": "10.0.0.0/8,fd00::/64", "tunnel-port": "-1"}`)
	f.Add(`{"kube-proxy-replacement": "strict", "mtu": "99999999999999999999"}`)
	f.Fuzz(func(t *testing.T, text string) {
		data := map[string]string{}
		if json.Unmarshal([]byte(text), &data) != nil {
			return
		}
		c, err := Parse(data)
		if c == nil {
			t.Fatalf("no config with error %v", err)
		}
		if c.MTU < 0 || c.ClusterID < 0 || c.TunnelPort < 0 {
			t.Errorf("negative: %+v", c)
		}
	})
}

func TestDeriveClusterName(t *testing.T) {
	for context, want := range map[string]string{
		"aks-1":                        "aks-1",
		"AKS_West.Europe":              "aks-west-europe",
		"arn:aws:eks:eu/x":             "arn-aws-eks-eu-x",
		"--a--b--":                     "a-b",
		"default":                      "cluster-default",
		"":                             "cluster",
		"ÄÖÜ":                          "cluster",
		"admin@prod":                   "admin-prod",
		strings.Repeat("a", 40):        strings.Repeat("a", 32),
		strings.Repeat("a", 31) + "-b": strings.Repeat("a", 31),
	} {
		got := DeriveClusterName(context)
		if got != want {
			t.Errorf("%q gives %q, want %q", context, got, want)
		}
		if err := ValidateClusterName(got); err != nil {
			t.Errorf("%q gives an illegal name: %v", context, err)
		}
	}
}

func FuzzDeriveClusterName(f *testing.F) {
	f.Add("aks_1")
	f.Add("İstanbul-ß")
	f.Fuzz(func(t *testing.T, context string) {
		name := DeriveClusterName(context)
		if err := ValidateClusterName(name); err != nil {
			t.Errorf("%q: %v", context, err)
		}
		if again := DeriveClusterName(name); again != name {
			t.Errorf("%q becomes %q, and that %q", context, name, again)
		}
	})
}

func TestValidate(t *testing.T) {
	for name, ok := range map[string]bool{
		"a": true, "aks-1": true, strings.Repeat("a", 32): true,
		"": false, "default": false, "-a": false, "a-": false, "A": false, "a_b": false, strings.Repeat("a", 33): false,
	} {
		if err := ValidateClusterName(name); (err == nil) != ok {
			t.Errorf("name %q: %v", name, err)
		}
	}
	type pair struct{ id, max int }
	good := []pair{{1, 255}, {255, 255}, {511, 511}}
	bad := []pair{{0, 255}, {256, 255}, {-1, 255}, {512, 511}, {1, 100}}
	for _, p := range slices.Concat(good, bad) {
		if err := ValidateClusterID(p.id, p.max); (err == nil) != slices.Contains(good, p) {
			t.Errorf("id %d of %d: %v", p.id, p.max, err)
		}
	}
}
