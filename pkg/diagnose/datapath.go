package diagnose

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// equal is a judgement that a setting has one value in every cluster. get
// returns false where the setting has no meaning.
func equal(what, consequence, value string, get func(*mesh.Config) (string, bool)) func(*View) []Finding {
	return eachPair([]string{mesh.SectionConfig}, func(_ *View, a, b *mesh.Facts) []Finding {
		va, oka := get(a.Config)
		vb, okb := get(b.Config)
		if !oka || !okb || va == vb {
			return nil
		}
		// The cluster that is changed more easily is the one to change.
		odd, like := b, va
		if runs(b) && !runs(a) {
			odd, like = a, vb
		}
		return one(failed(ofPair(a, b), "%s is %s in context %q and %s in %q, so %s", what, va, a.Context, vb, b.Context, consequence).
			mend("set %s in the Helm values of context %s to match %s", value, quote(odd.Context), like))
	})
}

func judgeRouting() func(*View) []Finding {
	return equal("the routing mode", "no pod reaches the other cluster", "routingMode",
		func(c *mesh.Config) (string, bool) { return c.RoutingMode, c.RoutingMode != "" })
}

func judgeTunnel() func(*View) []Finding {
	return equal("the tunnel protocol", "neither understands the other's packets", "tunnelProtocol",
		func(c *mesh.Config) (string, bool) { return c.TunnelProtocol, tunnels(c) && c.TunnelProtocol != "" })
}

func judgeTunnelPort() func(*View) []Finding {
	return equal("the tunnel's UDP port", "packets arrive where nobody listens", "tunnelPort",
		func(c *mesh.Config) (string, bool) {
			return strconv.Itoa(c.TunnelPort), tunnels(c) && c.TunnelPort != 0
		})
}

func tunnels(c *mesh.Config) bool { return c.RoutingMode == "tunnel" }

func judgeEncryption() func(*View) []Finding {
	return equal("the encryption", "packets between them are dropped or not encrypted", "encryption.type and encryption.enabled",
		func(c *mesh.Config) (string, bool) { return c.Encryption, c.Encryption != "" })
}

func judgeMTU() func(*View) []Finding {
	return equal("the MTU setting", "large packets may be lost in one direction", "MTU", func(c *mesh.Config) (string, bool) {
		if c.MTU == 0 {
			return "automatic", true
		}
		return strconv.Itoa(c.MTU) + " bytes", true
	})
}

func judgeIPFamilies() func(*View) []Finding {
	return equal("the set of IP families", "pods of a family that only one has are not reached", "ipv4.enabled and ipv6.enabled",
		func(c *mesh.Config) (string, bool) {
			var out []string
			if c.IPv4 {
				out = append(out, "IPv4")
			}
			if c.IPv6 {
				out = append(out, "IPv6")
			}
			return strings.Join(out, "+"), len(out) > 0
		})
}

// judgeIPsecKey applies where both use IPsec; other cases are AKSM604's.
func judgeIPsecKey() func(*View) []Finding {
	return eachPair([]string{mesh.SectionConfig, mesh.SectionIPsec}, func(_ *View, a, b *mesh.Facts) []Finding {
		if a.Config.Encryption != "ipsec" || b.Config.Encryption != "ipsec" || a.IPsecKey.Fingerprint == b.IPsecKey.Fingerprint {
			return nil
		}
		line := func(c *mesh.Facts) string {
			return fmt.Sprintf("context %q: SPI %s, %s", c.Context, c.IPsecKey.SPI, c.IPsecKey.Algorithm)
		}
		return one(failed(ofPair(a, b), "the IPsec keys of contexts %q and %q differ, so neither can read the other's packets", a.Context, b.Context).
			seen(line(a), line(b)).
			mend("copy Secret kube-system/cilium-ipsec-keys from one to the other: %s --namespace kube-system get secret cilium-ipsec-keys --output yaml", kubectl(a)))
	})
}

// judgeKubeProxy: a mesh needs Cilium to handle services, and nobody else.
func judgeKubeProxy() func(*View) []Finding {
	return eachCluster([]string{mesh.SectionConfig, mesh.SectionKubeProxy}, func(_ *View, c *mesh.Facts) []Finding {
		present, replaced := c.KubeProxy.Present, c.Config.KubeProxyReplacement
		state := fmt.Sprintf("kube-proxy: %d pods; Cilium's kubeProxyReplacement: %t", c.KubeProxy.Ready, replaced)
		switch {
		case present && replaced:
			return one(failed(ofCluster(c), "context %q: kube-proxy still runs beside Cilium's replacement of it", c.Context).seen(state).
				mend("%s", withoutKubeProxy(c)))
		case present:
			return one(failed(ofCluster(c), "context %q: kube-proxy handles services, and it does not see other clusters' endpoints behind node ports and load balancers", c.Context).seen(state).
				mend("set kubeProxyReplacement=true in the Helm values; kubectl aksmesh join does, then turns kube-proxy off"))
		}
		return nil
	})
}

// withoutKubeProxy says how to get rid of kube-proxy. On AKS deleting it is
// no use: Azure brings it back.
func withoutKubeProxy(c *mesh.Facts) string {
	if !isAKS(c) {
		return kubectl(c) + " --namespace kube-system delete daemonset kube-proxy"
	}
	return "kubectl aksmesh join turns it off through Azure; by hand: az aks update " + azTarget(c) +
		" --kube-proxy-config kube-proxy.json (extension aks-preview), with {\"enabled\": false} in that file"
}

func judgeNoServices() func(*View) []Finding {
	return eachCluster([]string{mesh.SectionConfig, mesh.SectionKubeProxy}, func(_ *View, c *mesh.Facts) []Finding {
		if c.KubeProxy.Present || c.Config.KubeProxyReplacement {
			return nil
		}
		return one(failed(ofCluster(c), "context %q: neither kube-proxy nor Cilium handles services, so no service works", c.Context).
			mend("set kubeProxyReplacement=true in the Helm values of context %s; kubectl aksmesh join does", quote(c.Context)))
	})
}

// judgeAPIHost: agents that replace kube-proxy must reach the API server
// before services work, and loopback is another host on every node.
func judgeAPIHost() func(*View) []Finding {
	return eachCluster([]string{mesh.SectionRelease, mesh.SectionConfig}, func(v *View, c *mesh.Facts) []Finding {
		if c.Release.Values == nil {
			return one(skipped(ofCluster(c), "context %q: the release's values are not part of a stored snapshot", c.Context))
		}
		host, _ := c.Release.Values["k8sServiceHost"].(string)
		if host == "" || !c.Config.KubeProxyReplacement {
			return nil
		}
		why := unreachableHost(v, c, host)
		if why == "" {
			return hostInDoubt(c, host)
		}
		instead := "the API server's name as nodes see it"
		if c.Azure != nil && c.Azure.PrivateFQDN != "" {
			instead = c.Azure.PrivateFQDN
		} else if c.Azure != nil && c.Azure.FQDN != "" {
			instead = c.Azure.FQDN
		}
		return one(failed(ofCluster(c), "context %q: agents look for the API server at %s, which is %s", c.Context, host, why).
			mend("set k8sServiceHost in the Helm values of context %s to %s", quote(c.Context), instead))
	})
}

// hostInDoubt: without the API server's service, and without a service range
// that it would be in, an address may be the service's.
func hostInDoubt(c *mesh.Facts, host string) []Finding {
	p := problem(c, mesh.SectionAPIService)
	if _, err := netip.ParseAddr(host); err != nil || p == nil || serviceCIDRsKnown(c) {
		return nil
	}
	f := unknown(ofCluster(c), "context %q: whether %s, where agents look for the API server, is a service's address is not known", c.Context, host).seen(p.Message)
	f.ExplainedBy = codeOf(p)
	return one(f)
}

func unreachableHost(v *View, c *mesh.Facts, host string) string {
	if strings.EqualFold(host, "localhost") {
		return "the node itself"
	}
	a, err := netip.ParseAddr(host)
	switch {
	case err != nil:
		return ""
	case a.IsLoopback() || a.IsUnspecified():
		return "the node itself"
	}
	for _, s := range v.ranges[c].services {
		if s.prefix.Contains(a) {
			return "a service's address, and services need agents first"
		}
	}
	if c.Kubernetes != nil {
		for _, ip := range c.Kubernetes.ServiceIPs {
			if ip == host {
				return "a service's address, and services need agents first"
			}
		}
	}
	return ""
}
