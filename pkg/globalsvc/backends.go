package globalsvc

import (
	"net/netip"
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// backend is an endpoint that a cluster's agents may send requests to.
type backend struct {
	from     *mesh.Facts
	endpoint *mesh.Endpoint
	port     mesh.EndpointPort
	active   bool
}

// candidates are the endpoints that a client's agents choose from.
type candidates struct {
	affinity      string
	local, remote []backend
	// bound is true if of the own cluster's endpoints only those on the client's
	// node are chosen from (internalTrafficPolicy Local).
	bound bool
}

// backendsOf are the endpoints of a cluster's Service that a client's port
// leads to. An endpoint of another cluster that still serves while it
// terminates is as good as a ready one: clusters do not tell each other.
func backendsOf(from *mesh.Facts, service, asked *mesh.GlobalService, port mesh.ServicePort, remote bool) []backend {
	var found []backend
	for i := range service.Endpoints {
		e := &service.Endpoints[i]
		if e.State == mesh.NotReady || !sameFamily(asked, e) {
			continue
		}
		at := slices.IndexFunc(e.Ports, func(p mesh.EndpointPort) bool {
			return p.Protocol == port.Protocol && (port.Name == "" || p.Name == "" || p.Name == port.Name)
		})
		if at < 0 && len(asked.Ports) > 0 {
			continue
		}
		b := backend{from: from, endpoint: e, active: remote || e.State == mesh.Ready}
		if at >= 0 {
			b.port = e.Ports[at]
		}
		found = append(found, b)
	}
	return found
}

// sameFamily says whether an endpoint's IP family is one of the Service's.
func sameFamily(service *mesh.GlobalService, e *mesh.Endpoint) bool {
	address, err := netip.ParseAddr(e.Address)
	if err != nil {
		return false
	}
	if len(service.ClusterIPs) == 0 {
		return true
	}
	return slices.ContainsFunc(service.ClusterIPs, func(ip string) bool {
		own, err := netip.ParseAddr(ip)
		return err == nil && own.Is4() == address.Is4()
	})
}

// prefer picks by affinity. An affinity to this cluster looks at endpoints
// that are ready; one to the others gives way only when they have none.
func prefer(affinity string, local, remote []backend) []backend {
	switch affinity {
	case mesh.AffinityLocal:
		if len(remote) == 0 || slices.ContainsFunc(local, func(b backend) bool { return b.active }) {
			return local
		}
	case mesh.AffinityRemote:
		if len(remote) > 0 {
			return remote
		}
		return local
	}
	return slices.Concat(local, remote)
}

// near are the own cluster's candidates for a client on the node.
func (c *candidates) near(node string) []backend {
	if !c.bound || node == "" {
		return c.local
	}
	return slices.DeleteFunc(slices.Clone(c.local), func(b backend) bool { return b.endpoint.Node != "" && b.endpoint.Node != node })
}

// on are those that get the requests of a client on the node: Cilium leaves out
// endpoints on other nodes before it weighs the affinity. Endpoints that
// terminate get new requests only if there is no other.
func (c *candidates) on(node string) []backend {
	picked := prefer(c.affinity, c.near(node), c.remote)
	active := slices.DeleteFunc(slices.Clone(picked), func(b backend) bool { return !b.active })
	if len(active) == 0 {
		return picked
	}
	return active
}

// podKey is a pod behind a service.
type podKey struct {
	from *mesh.Facts
	name string
}

func (b *backend) pod() podKey { return podKey{b.from, b.endpoint.Pod} }

// four are the pods that are asked at an IPv4 address; nil if none is asked at
// one of IPv6, which is nearly always so.
func four(all []backend) map[podKey]bool {
	if !slices.ContainsFunc(all, func(b backend) bool { return b.endpoint.IPv6() }) {
		return nil
	}
	pods := map[podKey]bool{}
	for i := range all {
		if b := &all[i]; b.endpoint.Pod != "" && !b.endpoint.IPv6() {
			pods[b.pod()] = true
		}
	}
	return pods
}
