package azure

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Annotations of cloud-provider-azure that the simulation heeds.
const (
	annotationInternal = "service.beta.kubernetes.io/azure-load-balancer-internal"
	annotationIPv4     = "service.beta.kubernetes.io/azure-load-balancer-ipv4"
	annotationSubnet   = "service.beta.kubernetes.io/azure-load-balancer-internal-subnet"
)

// publicPrefix is where public load balancers get their addresses: a range for
// documentation (RFC 5737), which leads nowhere.
const publicPrefix = "203.0.113.0/24"

// reservedStart is how many addresses Azure keeps at the start of a subnet; at
// its end it keeps one.
const reservedStart = 4

// pool is where an address comes from.
type pool struct {
	name   string
	first  netip.Addr
	prefix netip.Prefix
}

func internal(svc *corev1.Service) bool { return svc.Annotations[annotationInternal] == "true" }

func (c *cloud) poolOf(svc *corev1.Service) pool {
	if internal(svc) {
		return pool{c.cluster.id(), c.cluster.FirstFrontend, c.cluster.SubnetPrefix}
	}
	prefix := netip.MustParsePrefix(publicPrefix)
	return pool{"public", prefix.Addr().Next(), prefix}
}

// key is a service's name in data.Frontends.
func (c *cloud) key(svc *corev1.Service) string { return c.cluster.id() + "/" + string(svc.UID) }

// right says whether the service already has the address that it should have.
func (c *cloud) right(svc *corev1.Service) bool {
	var has netip.Addr
	c.store.view(func(d *data) { has = d.Frontends[c.key(svc)] })
	ingress := svc.Status.LoadBalancer.Ingress
	return len(ingress) == 1 && ingress[0].IP == has.String() && suits(svc, has, c.poolOf(svc))
}

// suits says whether an address is what the service's annotations ask for.
func suits(svc *corev1.Service, addr netip.Addr, p pool) bool {
	fixed := svc.Annotations[annotationIPv4]
	return addr.IsValid() && p.prefix.Contains(addr) && (fixed == "" || fixed == addr.String())
}

// allocate returns the service's address; it keeps the one it has if that suits.
func (c *cloud) allocate(ctx context.Context, svc *corev1.Service) (string, error) {
	p := c.poolOf(svc)
	if name := svc.Annotations[annotationSubnet]; internal(svc) && name != "" && !strings.EqualFold(name, c.cluster.Subnet) {
		return "", fmt.Errorf("ensure(%s/%s): lb - failed to get subnet: %s/%s", svc.Namespace, svc.Name, c.cluster.VNet, name)
	}
	nodes, err := c.nodeAddresses(ctx)
	if err != nil {
		return "", err
	}
	var addr netip.Addr
	err = c.store.update(func(d *data) error {
		addr = d.Frontends[c.key(svc)]
		if suits(svc, addr, p) {
			return nil
		}
		used := map[netip.Addr]bool{}
		for key, other := range d.Frontends {
			used[other] = key != c.key(svc)
		}
		for _, a := range nodes {
			used[a] = true
		}
		var err error
		if addr, err = pick(svc, p, d.LastFrontend[p.name], used); err != nil {
			return err
		}
		d.Frontends[c.key(svc)] = addr
		if svc.Annotations[annotationIPv4] == "" {
			d.LastFrontend[p.name] = addr
		}
		return nil
	})
	return addr.String(), err
}

func pick(svc *corev1.Service, p pool, last netip.Addr, used map[netip.Addr]bool) (netip.Addr, error) {
	if fixed := svc.Annotations[annotationIPv4]; fixed != "" {
		return pickFixed(fixed, p, used)
	}
	if !p.first.IsValid() {
		return netip.Addr{}, fmt.Errorf("the simulated Azure was given no frontends for %s", p.prefix)
	}
	start := p.first
	if last.IsValid() && p.prefix.Contains(last.Next()) {
		start = last.Next()
	}
	for _, from := range []netip.Addr{start, p.first} {
		for a := from; p.prefix.Contains(a.Next()); a = a.Next() { // the last address is broadcast
			if !used[a] {
				return a, nil
			}
		}
	}
	return netip.Addr{}, fmt.Errorf("SubnetIsFull: Subnet %s does not have enough capacity for 1 IP addresses", p.prefix)
}

func pickFixed(fixed string, p pool, used map[netip.Addr]bool) (netip.Addr, error) {
	addr, err := netip.ParseAddr(fixed)
	switch {
	case err != nil:
		return netip.Addr{}, fmt.Errorf("annotation %s: %w", annotationIPv4, err)
	case !p.prefix.Contains(addr):
		return netip.Addr{}, fmt.Errorf("PrivateIPAddressNotInSubnet: Private static IP address %s does not belong to the range of subnet prefix %s", addr, p.prefix)
	case addr.Less(nth(p.prefix, reservedStart)) || !p.prefix.Contains(addr.Next()):
		return netip.Addr{}, fmt.Errorf("PrivateIPAddressInReservedRange: Private static IP address %s falls within reserved IP range of subnet prefix %s", addr, p.prefix)
	case used[addr]:
		return netip.Addr{}, fmt.Errorf("PrivateIPAddressIsAllocated: IP address %s is already allocated to another resource", addr)
	}
	return addr, nil
}

func (c *cloud) nodeAddresses(ctx context.Context) ([]netip.Addr, error) {
	nodes, err := c.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		return nil, fmt.Errorf("list nodes: %w", err)
	}
	var out []netip.Addr
	for i := range nodes.Items {
		for _, a := range nodes.Items[i].Status.Addresses {
			if addr, err := netip.ParseAddr(a.Address); err == nil {
				out = append(out, addr)
			}
		}
	}
	return out, nil
}

// route makes an address reachable, once in this process's life.
func (c *cloud) route(ctx context.Context, addr string) error {
	if c.cluster.Route == nil || c.routed[addr] {
		return nil
	}
	parsed, err := netip.ParseAddr(addr)
	if err != nil {
		return err
	}
	if err := c.cluster.Route(ctx, parsed); err != nil {
		return fmt.Errorf("route frontend %s: %w", addr, err)
	}
	c.routed[addr] = true
	return nil
}

// release gives back the addresses of services that are no longer of our kind.
func (c *cloud) release() error {
	all, err := c.services.List(labels.Everything())
	if err != nil {
		return err
	}
	keep := map[string]bool{}
	for _, svc := range all {
		if wanted(svc) {
			keep[c.key(svc)] = true
		}
	}
	var stale []string
	c.store.view(func(d *data) {
		for key := range d.Frontends {
			if strings.HasPrefix(key, c.cluster.id()+"/") && !keep[key] {
				stale = append(stale, key)
			}
		}
	})
	if len(stale) == 0 {
		return nil
	}
	return c.store.update(func(d *data) error {
		for _, key := range stale {
			delete(d.Frontends, key)
		}
		return nil
	})
}
