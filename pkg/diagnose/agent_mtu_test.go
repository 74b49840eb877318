package diagnose

import (
	"testing"

	"github.com/Masterminds/semver/v3"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// What each release takes off was read in its pkg/mtu.
func TestOverhead(t *testing.T) {
	tunnel := func(encryption string) *mesh.Config {
		return &mesh.Config{RoutingMode: "tunnel", Encryption: encryption}
	}
	for name, test := range map[string]struct {
		config *mesh.Config
		cilium string // empty: not known
		want   int
	}{
		"nothing":                      {&mesh.Config{RoutingMode: "native", Encryption: "none"}, "1.20.1", 0},
		"a tunnel":                     {tunnel("none"), "1.20.1", 50},
		"a tunnel over IPv6":           {&mesh.Config{RoutingMode: "tunnel", Raw: map[string]string{"underlay-protocol": "ipv6"}}, "1.20.1", 70},
		"IPsec":                        {tunnel("ipsec"), "1.18.11", 127},
		"WireGuard without a tunnel":   {&mesh.Config{RoutingMode: "native", Encryption: "wireguard"}, "1.20.1", 95},
		"WireGuard of 1.18":            {tunnel("wireguard"), "1.18.11", 130},
		"WireGuard of 1.19.4":          {tunnel("wireguard"), "1.19.4", 130},
		"WireGuard of 1.19.5":          {tunnel("wireguard"), "1.19.5", 145},
		"WireGuard of 1.20":            {tunnel("wireguard"), "1.20.0", 145},
		"WireGuard of nobody knows":    {tunnel("wireguard"), "", 130},
		"WireGuard of a later version": {tunnel("wireguard"), "1.21.0", 145},
	} {
		var cilium *semver.Version
		if test.cilium != "" {
			cilium = semver.MustParse(test.cilium)
		}
		if got := overhead(test.config, cilium); got != test.want {
			t.Errorf("%s: %d bytes, want %d", name, got, test.want)
		}
	}
}
