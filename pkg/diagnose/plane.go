package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

const meshService = "clustermesh-apiserver"

func judgeMeshService() func(*View) []Finding {
	return eachCluster([]string{mesh.SectionService}, func(_ *View, c *mesh.Facts) []Finding {
		switch c.Service.Type {
		case "LoadBalancer":
			if len(c.Service.Addresses) > 0 {
				return nil
			}
			return one(failed(ofCluster(c), "context %q: the load balancer of the mesh has no address yet", c.Context).
				mend("%s --namespace kube-system describe service %s", kubectl(c), meshService))
		case "NodePort":
			return one(failed(ofCluster(c), "context %q: the mesh is reached through a port of the nodes, which ends with the node that was named", c.Context).
				as(Warning).mend("set clustermesh.apiserver.service.type to LoadBalancer; kubectl aksmesh join does"))
		default:
			return one(failed(ofCluster(c), "context %q: the mesh's Service is of type %s, which other clusters cannot reach", c.Context, c.Service.Type).
				as(Warning).mend("set clustermesh.apiserver.service.type to LoadBalancer; kubectl aksmesh join does"))
		}
	})
}

// judgeStaleAddress compares what one cluster dials with what the other has.
// Host names are not resolved here, so they are not compared with addresses.
func judgeStaleAddress() func(*View) []Finding {
	return eachDirection([]string{mesh.SectionConfig, mesh.SectionPeers}, func(_ *View, from, to *mesh.Facts) []Finding {
		p := peer(from, to.Config.ClusterName)
		if f, ok := incomparable(from, to, p); ok {
			return one(f)
		}
		dialled, has := addresses(p.Addresses), addresses(to.Service.Addresses)
		if slices.ContainsFunc(dialled, func(a string) bool { return slices.Contains(has, a) }) {
			return nil
		}
		return one(failed(ofPair(from, to), "context %q dials %q at an address that it no longer has", from.Context, to.Context).
			seen("dialled: "+strings.Join(dialled, ", "), "address now: "+strings.Join(has, ", ")).
			mend("kubectl aksmesh join --context %s --context %s", quote(from.Context), quote(to.Context)))
	})
}

// incomparable says why what one cluster dials cannot be compared with what
// the other has. p is nil if nothing is configured.
func incomparable(from, to *mesh.Facts, p *mesh.Peer) (Finding, bool) {
	unread, aliases := problem(to, mesh.SectionService), problem(from, mesh.SectionWorkloads)
	switch {
	case p == nil:
		return skipped(ofPair(from, to), "context %q is not configured to connect to %q", from.Context, to.Context), true
	case unread != nil:
		f := unknown(ofCluster(to), "context %q: the address of its mesh could not be read", to.Context).seen(unread.Message)
		f.ExplainedBy = codeOf(unread)
		return f, true
	case to.Service == nil:
		return skipped(ofCluster(to), "context %q has no Service for the mesh, so there is no address to compare", to.Context), true
	case len(addresses(to.Service.Addresses)) == 0:
		return skipped(ofCluster(to), "context %q has no address of the mesh to compare", to.Context), true
	case len(addresses(p.Addresses)) > 0:
		return Finding{}, false
	case len(p.Addresses) == 0:
		return skipped(ofPair(from, to), "context %q has no address for %q", from.Context, to.Context), true
	case aliases != nil:
		f := unknown(ofPair(from, to), "context %q dials %q by a name, %s, and the host aliases that may have its address could not be read", from.Context, to.Context, p.Addresses[0]).seen(aliases.Message)
		f.ExplainedBy = codeOf(aliases)
		return f, true
	}
	return skipped(ofPair(from, to), "context %q dials %q by a name, %s, which is not looked up here", from.Context, to.Context, p.Addresses[0]), true
}

func peer(c *mesh.Facts, name string) *mesh.Peer {
	for i := range c.Peers {
		if c.Peers[i].Name == name {
			return &c.Peers[i]
		}
	}
	return nil
}

// addresses are those that are IP addresses, in one spelling.
func addresses(all []string) []string {
	var out []string
	for _, s := range all {
		if a, err := netip.ParseAddr(s); err == nil {
			out = append(out, a.Unmap().String())
		}
	}
	return out
}

func judgeSymmetric() func(*View) []Finding {
	return eachPair([]string{mesh.SectionConfig, mesh.SectionPeers}, func(_ *View, a, b *mesh.Facts) []Finding {
		ab, ba := peer(a, b.Config.ClusterName) != nil, peer(b, a.Config.ClusterName) != nil
		join := fmt.Sprintf("kubectl aksmesh join --context %s --context %s", quote(a.Context), quote(b.Context))
		switch {
		case ab && ba:
			return nil
		case !ab && !ba:
			return one(failed(ofPair(a, b), "contexts %q and %q are not configured to connect to each other", a.Context, b.Context).mend("%s", join))
		case ba:
			a, b = b, a
		}
		return one(failed(ofPair(a, b), "context %q is configured to connect to %q, but not the other way round", a.Context, b.Context).mend("%s", join))
	})
}

// judgeAgents says of every cluster how its agents see each cluster that they
// should: those of the snapshot that are in a mesh, and configured members
// that have no context. Each agent counts for the first code that applies.
func judgeAgents(code Code) func(*View) []Finding {
	return eachCluster([]string{mesh.SectionAgents, mesh.SectionConfig}, func(v *View, c *mesh.Facts) []Finding {
		out := silent(c, c.Agents, "agent")
		for _, name := range v.expected(c) {
			bad := v.sights[c].troubled(c, name, code)
			if bad.count == 0 {
				continue
			}
			words := map[Code]string{
				CodeConfigured: "do not know", CodeConnected: "are not connected to", CodeSynced: "have not read all of",
			}
			out = append(out, failed(v.between(c, name), "%d of %d agents of context %q %s %s", bad.count, v.sights[c].answering, c.Context, words[code], v.call(name)).
				seenOf(bad.count, bad.lines).
				mend("%s --namespace kube-system exec ds/cilium --container cilium-agent -- cilium-dbg troubleshoot clustermesh %s", kubectl(c), quote(name)))
		}
		return out
	})
}

func judgeKVStoreMesh() func(*View) []Finding {
	return eachCluster([]string{mesh.SectionKVStore, mesh.SectionConfig}, func(v *View, c *mesh.Facts) []Finding {
		out := silent(c, c.KVStore, "kvstoremesh")
		for _, name := range v.expected(c) {
			lines := viewers(c.KVStore, name, func(r *mesh.Remote) bool { return trouble(r) != "" })
			if len(lines) == 0 {
				continue
			}
			out = append(out, failed(v.between(c, name), "kvstoremesh of context %q is not connected to %s, or has not read all of it", c.Context, v.call(name)).
				seen(lines...).
				mend("%s --namespace kube-system exec deploy/%s --container kvstoremesh -- clustermesh-apiserver kvstoremesh-dbg troubleshoot %s", kubectl(c), meshService, quote(name)))
		}
		return out
	})
}

// trouble is the first step that has not been reached; empty if all have.
func trouble(r *mesh.Remote) Code {
	switch {
	case r == nil:
		return CodeConfigured
	case !r.Connected:
		return CodeConnected
	case !r.Synced || !r.Ready:
		return CodeSynced
	}
	return ""
}

// viewers are lines about those agents that answer and whose view of the
// remote cluster is bad.
func viewers(agents []mesh.Agent, name string, bad func(*mesh.Remote) bool) []string {
	var out []string
	for i := range agents {
		a := &agents[i]
		if a.Error != "" {
			continue
		}
		var r *mesh.Remote
		if at := slices.IndexFunc(a.Remotes, func(r mesh.Remote) bool { return r.Name == name }); at >= 0 {
			r = &a.Remotes[at]
		}
		if bad(r) {
			out = append(out, viewLine(a, r))
		}
	}
	return out
}

func viewLine(a *mesh.Agent, r *mesh.Remote) string {
	line := a.Pod
	if a.Node != "" {
		line += " on node " + a.Node
	}
	switch {
	case r == nil:
		return line + ": not in its list of remote clusters"
	case r.Status != "":
		line += ": " + r.Status
	default:
		line += fmt.Sprintf(": connected %t, ready %t, synced %t", r.Connected, r.Ready, r.Synced)
	}
	if r.Failures > 0 {
		line += "; " + counted(r.Failures, "failure")
	}
	if !r.LastFail.IsZero() {
		line += ", the last at " + r.LastFail.Format(time.RFC3339)
	}
	return line
}

// silent is one finding for all agents that could not be asked. Its line has one
// reason: what to do depends on it, and what was seen is shown on demand only.
func silent(c *mesh.Facts, agents []mesh.Agent, what string) []Finding {
	var lines []string
	for i := range agents {
		if a := &agents[i]; a.Error != "" {
			lines = append(lines, a.Pod+": "+a.Error)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return one(unknown(ofCluster(c), "context %q: %d of %d %s pods could not be asked, as %s", c.Context, len(lines), len(agents), what, lines[0]).seen(lines...))
}
