// Package network is what lies between the lab's nodes. It plays Azure's
// virtual router: a network namespace of its own, the fabric, holds a bridge
// with a port for every node and routes between the clusters' networks. So
// nothing of the lab touches the machine's own addresses, routes, firewall or
// sysctls, and what a real path does to packets (a lower MTU, ICMP answers,
// fragments) the kernel's own forwarding does here.
//
// What the fabric shall do is plain data, [State], kept in a file; [Fabric.Sync]
// makes the kernel follow it.
package network

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"

	"github.com/aksmesh/kubectl-aksmesh/lab/shape"
)

const (
	// Namespace is the fabric's network namespace. API servers run in it too.
	Namespace = "aksmesh-fabric"
	bridge    = "aksmesh0"
	// MTU is that of every link, as on an Azure machine.
	MTU = 1500
)

// Fabric is the network of one lab. StateFile holds its [State].
type Fabric struct{ StateFile string }

// Up makes the namespace, the bridge and the API servers' addresses. It may be
// called again, with more clusters.
func (f Fabric) Up(clusters []shape.Cluster) error {
	return makeNamespace(Namespace, func() error {
		link, err := ensureBridge()
		if err != nil {
			return fmt.Errorf("cannot make bridge %s: %w", bridge, err)
		}
		addresses := []netip.Prefix{shape.FabricPrefix()}
		for _, c := range clusters {
			addresses = append(addresses, netip.PrefixFrom(c.API(), 32))
		}
		for _, a := range addresses {
			if err := netlink.AddrReplace(link, &netlink.Addr{IPNet: ipNet(a)}); err != nil {
				return fmt.Errorf("cannot give %s to %s: %w", a, bridge, err)
			}
		}
		return setSysctls(map[string]string{
			"ipv4/ip_forward": "1",
			// Packets leave by the bridge that they came from; without this
			// the router would tell nodes to take the direct way.
			"ipv4/conf/all/send_redirects":              "0",
			"ipv4/conf/" + bridge + "/send_redirects":   "0",
			"ipv4/conf/all/rp_filter":                   "0",
			"ipv4/conf/" + bridge + "/rp_filter":        "0",
			"ipv4/fib_multipath_hash_policy":            "1", // spread connections, not packets
			"ipv4/icmp_ratelimit":                       "0",
			"ipv4/conf/" + bridge + "/accept_redirects": "0",
		})
	})
}

func ensureBridge() (netlink.Link, error) {
	link, err := netlink.LinkByName(bridge)
	if errors.As(err, new(netlink.LinkNotFoundError)) {
		attrs := netlink.NewLinkAttrs()
		attrs.Name, attrs.MTU, attrs.HardwareAddr = bridge, MTU, bridgeMAC()
		if err := netlink.LinkAdd(&netlink.Bridge{LinkAttrs: attrs}); err != nil {
			return nil, err
		}
		link, err = netlink.LinkByName(bridge)
	}
	if err != nil {
		return nil, err
	}
	return link, netlink.LinkSetUp(link)
}

// AddNode makes the node's network namespace, named as the node, and plugs it
// into the fabric. There must be none yet.
func (f Fabric) AddNode(n shape.Node) error {
	err := makeNamespace(n.Name(), func() error { return nil })
	if err == nil {
		err = Do(Namespace, func() error { return plug(n) })
	}
	if err == nil {
		err = Do(n.Name(), func() error { return configure(n) })
	}
	if err != nil {
		return errors.Join(fmt.Errorf("cannot connect node %s: %w", n.Name(), err), f.RemoveNode(n))
	}
	return nil
}

// bridgeMAC is the bridge's own. Without one, Linux gives a bridge the lowest
// address of its ports: when a node is taken away, that may be another one, and
// all nodes lose their API servers until their neighbour entries are stale, half
// a minute later.
func bridgeMAC() net.HardwareAddr { return net.HardwareAddr{0x02, 0, 0, 0, 0xf0, 0x01} }

// plug makes a pair of links: the node's eth0 and its port on the bridge.
func plug(n shape.Node) error {
	master, err := netlink.LinkByName(bridge)
	if err != nil {
		return err
	}
	ns, err := netns.GetFromName(n.Name())
	if err != nil {
		return err
	}
	defer ns.Close()
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.MTU, attrs.MasterIndex = n.Port(), MTU, master.Attrs().Index
	pair := &netlink.Veth{LinkAttrs: attrs, PeerName: "eth0", PeerMTU: MTU, PeerNamespace: netlink.NsFd(int(ns))}
	if err := netlink.LinkAdd(pair); err != nil {
		return err
	}
	return netlink.LinkSetUp(pair)
}

// configure gives the node its address and the fabric as gateway for all else.
func configure(n shape.Node) error {
	eth0, err := netlink.LinkByName("eth0")
	if err != nil {
		return err
	}
	// One segment per packet: what crosses the fabric are packets as a wire
	// would carry them, so that their sizes mean something.
	if err := netlink.LinkSetGSOMaxSegs(eth0, 1); err != nil {
		return fmt.Errorf("segmentation offload: %w", err)
	}
	if err := netlink.AddrReplace(eth0, &netlink.Addr{IPNet: ipNet(netip.PrefixFrom(n.Addr(), n.Cluster.VNet().Bits()))}); err != nil {
		return err
	}
	if err := netlink.LinkSetUp(eth0); err != nil {
		return err
	}
	gateway := net.IP(shape.FabricPrefix().Addr().AsSlice())
	return netlink.RouteReplace(&netlink.Route{LinkIndex: eth0.Attrs().Index, Gw: gateway, Flags: int(netlink.FLAG_ONLINK)})
}

// RemoveNode unplugs the node and removes its namespace's name.
func (f Fabric) RemoveNode(n shape.Node) error {
	err := ignoreMissing(Do(Namespace, func() error {
		port, err := netlink.LinkByName(n.Port())
		if err != nil {
			return ignoreMissing(err)
		}
		return netlink.LinkDel(port)
	}))
	return errors.Join(err, deleteNamespace(n.Name()))
}

// Down removes the fabric; nodes and API servers must be gone.
func (f Fabric) Down() error {
	err := os.Remove(f.StateFile)
	return errors.Join(ignoreMissing(err), deleteNamespace(Namespace))
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) || errors.As(err, new(netlink.LinkNotFoundError)) {
		return nil
	}
	return err
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}
