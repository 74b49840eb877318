package config

import (
	"fmt"
	"maps"
	"net/netip"
	"strconv"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// UDP ports of the tunnel, when cilium-config does not say.
const (
	vxlanPort  = 8472
	genevePort = 6081
)

// DefaultTunnelPort is the UDP port that Cilium uses for an encapsulation
// (vxlan or geneve) unless it is told another.
func DefaultTunnelPort(protocol string) int {
	if protocol == "geneve" {
		return genevePort
	}
	return vxlanPort
}

// Parse reads the data of ConfigMap cilium-config, in the spelling of Cilium
// 1.18 to 1.20. Missing keys give Cilium's own defaults. An error names the
// key whose value makes no sense; the Config then holds all the others.
func Parse(data map[string]string) (*mesh.Config, error) {
	p := parser{data: data}
	c := &mesh.Config{
		ClusterName:          p.text("cluster-name", "default"),
		ClusterID:            p.number("cluster-id", 0),
		MaxConnectedClusters: p.number("max-connected-clusters", DefaultMaxClusters),
		RoutingMode:          p.text("routing-mode", "tunnel"),
		IPv4:                 p.flag("enable-ipv4", true),
		IPv6:                 p.flag("enable-ipv6", false),
		MTU:                  p.number("mtu", 0),
		KubeProxyReplacement: p.kubeProxyReplacement(),
		Encryption:           p.encryption(),
		Raw:                  maps.Clone(data),
	}
	p.podCIDRs(c)
	p.tunnel(c)
	return c, p.err
}

// parser reads values and keeps the first error.
type parser struct {
	data map[string]string
	err  error
}

func (p *parser) fail(key, want string) {
	if p.err == nil {
		p.err = fmt.Errorf("configmap cilium-config: %s is %q, not %s", key, p.data[key], want)
	}
}

func (p *parser) text(key, missing string) string {
	if v := strings.TrimSpace(p.data[key]); v != "" {
		return v
	}
	return missing
}

func (p *parser) number(key string, missing int) int {
	v := p.text(key, "")
	if v == "" {
		return missing
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 {
		p.fail(key, "a number")
		return missing
	}
	return n
}

func (p *parser) flag(key string, missing bool) bool {
	v := p.text(key, "")
	if v == "" {
		return missing
	}
	b, err := strconv.ParseBool(v)
	if err != nil {
		p.fail(key, "true or false")
		return missing
	}
	return b
}

// kubeProxyReplacement reads the key's present values (true, false) and those
// that releases before 1.14 left in place: "partial" replaced only some kinds
// of services, so it does not count.
func (p *parser) kubeProxyReplacement() bool {
	switch p.text("kube-proxy-replacement", "false") {
	case "true", "strict":
		return true
	case "false", "partial", "disabled", "probe":
		return false
	}
	p.fail("kube-proxy-replacement", "true or false")
	return false
}

func (p *parser) encryption() string {
	switch {
	case p.flag("enable-wireguard", false):
		return "wireguard"
	case p.flag("enable-ipsec", false):
		return "ipsec"
	}
	return "none"
}

// podCIDRs reads the cluster pool. Other IPAM modes leave it empty: the
// CiliumNode objects then tell what is in use.
func (p *parser) podCIDRs(c *mesh.Config) {
	for _, key := range []string{"cluster-pool-ipv4-cidr", "cluster-pool-ipv6-cidr"} {
		for cidr := range strings.FieldsFuncSeq(p.data[key], isSeparator) {
			prefix, err := netip.ParsePrefix(cidr)
			if err != nil {
				p.fail(key, "a list of CIDRs")
				continue
			}
			if prefix.Addr().Is4() && !c.IPv4 || prefix.Addr().Is6() && !c.IPv6 {
				continue
			}
			c.PodCIDRs = append(c.PodCIDRs, prefix.String())
		}
	}
	c.PodCIDRMaskSize = p.number("cluster-pool-ipv4-mask-size", 0)
}

func isSeparator(r rune) bool { return r == ' ' || r == ',' || r == '\t' || r == '\n' }

// tunnel fills in the tunnel's protocol and port. Agents that route natively
// still carry a tunnel-protocol in their config; it is not in use.
func (p *parser) tunnel(c *mesh.Config) {
	if c.RoutingMode != "tunnel" {
		return
	}
	c.TunnelProtocol = p.text("tunnel-protocol", "vxlan")
	port := vxlanPort
	if c.TunnelProtocol == "geneve" {
		port = genevePort
	}
	c.TunnelPort = p.number("tunnel-port", port)
	if c.TunnelPort == 0 { // the chart writes 0 for "the protocol's own"
		c.TunnelPort = port
	}
}
