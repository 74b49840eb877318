package agent

import (
	"cmp"
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// maxExamples is how many nodes are named where something is lost.
const maxExamples = 5

// Groups reduces the ways to all nodes to what a judgement needs: one entry
// for each cluster and combination of outcomes. A mesh in which all is well
// needs one entry for each cluster, however many nodes it has.
func (h *Health) Groups() []mesh.Paths {
	type key struct {
		cluster        string
		host, endpoint mesh.Path
	}
	at := map[key]int{}
	var groups []mesh.Paths
	for _, n := range h.freshFirst() {
		k := key{n.Cluster, n.Host.Path, n.Endpoint.Path}
		j, known := at[k]
		if !known {
			j = len(groups)
			at[k] = j
			groups = append(groups, mesh.Paths{Cluster: n.Cluster, Host: k.host, Endpoint: k.endpoint})
		}
		groups[j].Nodes++
		if n.lost() && len(groups[j].Examples) < maxExamples {
			groups[j].Examples = append(groups[j].Examples, n.example())
		}
	}
	slices.SortStableFunc(groups, func(a, b mesh.Paths) int { return cmp.Compare(a.Cluster, b.Cluster) })
	return groups
}

// freshFirst are the nodes to which something was lost just now, and then the
// others: the former are the better examples.
func (h *Health) freshFirst() []*NodePaths {
	nodes := make([]*NodePaths, 0, len(h.Nodes))
	for _, fresh := range []bool{true, false} {
		for i := range h.Nodes {
			if h.Nodes[i].fresh == fresh {
				nodes = append(nodes, &h.Nodes[i])
			}
		}
	}
	return nodes
}

func (n *NodePaths) lost() bool {
	for _, p := range []mesh.Path{n.Host.Path, n.Endpoint.Path} {
		if p.ICMP == mesh.Lost || p.TCP == mesh.Lost {
			return true
		}
	}
	return false
}

func (n *NodePaths) example() mesh.Example {
	e := mesh.Example{Node: n.Node, Text: cmp.Or(n.Endpoint.Text, n.Host.Text), Dialled: n.fresh}
	if n.Host.Path.TCP == mesh.Lost {
		e.Text = n.Host.Text
	}
	if n.Host.Address.IsValid() {
		e.Host = n.Host.Address.String()
	}
	if n.Endpoint.Address.IsValid() {
		e.Endpoint = n.Endpoint.Address.String()
	}
	return e
}

// Sample chooses addresses to measure anew, at most limit: for each cluster
// the nodes to which something is lost, and two others. Where that is too
// many, seed decides, so that agents with different seeds cover more together.
func (h *Health) Sample(seed, limit int) []string {
	byCluster := map[string][]*NodePaths{}
	var names []string
	for i := range h.Nodes {
		n := &h.Nodes[i]
		if byCluster[n.Cluster] == nil {
			names = append(names, n.Cluster)
		}
		byCluster[n.Cluster] = append(byCluster[n.Cluster], n)
	}
	share := max(2, limit/(4*max(len(names), 1))) // of the lost nodes of each cluster
	var addresses []string
	for i := range names {
		for _, n := range some(byCluster[names[(i+seed)%len(names)]], seed, share) {
			for _, r := range []PathResult{n.Host, n.Endpoint} {
				if r.Address.IsValid() && len(addresses) < limit {
					addresses = append(addresses, r.Address.String())
				}
			}
		}
	}
	return addresses
}

// some are nodes of one cluster: at most share to which something is lost, and
// two others.
func some(nodes []*NodePaths, seed, share int) []*NodePaths {
	left := map[bool]int{true: share, false: 2}
	var out []*NodePaths
	for i := range nodes {
		n := nodes[(i+seed)%len(nodes)]
		if lost := n.lost(); left[lost] > 0 {
			left[lost]--
			out = append(out, n)
		}
	}
	return out
}

// Renew replaces outcomes of TCP by fresh ones. An outcome that is contradicted
// is of before a change, so that of ICMP, which is as old, is forgotten, and
// so are losses of nodes that were not measured anew, if all that were lost in
// the same cluster in the same way and were measured are reached now.
func (h *Health) Renew(fresh map[string]Reach) {
	type way struct {
		cluster  string
		endpoint bool
	}
	mended, still := map[way]bool{}, map[way]bool{}
	each := func(f func(*NodePaths, *PathResult, way)) {
		for i := range h.Nodes {
			f(&h.Nodes[i], &h.Nodes[i].Host, way{h.Nodes[i].Cluster, false})
			f(&h.Nodes[i], &h.Nodes[i].Endpoint, way{h.Nodes[i].Cluster, true})
		}
	}
	each(func(n *NodePaths, r *PathResult, w way) {
		reach, asked := fresh[r.Address.String()]
		if !asked {
			return
		}
		n.fresh = n.fresh || reach.Outcome == mesh.Lost
		mended[w] = mended[w] || r.Path.TCP == mesh.Lost && reach.Outcome == mesh.Reached
		still[w] = still[w] || reach.Outcome == mesh.Lost
		r.renew(reach)
	})
	each(func(_ *NodePaths, r *PathResult, w way) {
		if _, asked := fresh[r.Address.String()]; !asked && mended[w] && !still[w] && r.Path.TCP == mesh.Lost {
			r.Path, r.Text = mesh.Path{}, ""
		}
	})
}

func (r *PathResult) renew(reach Reach) {
	if r.Path.TCP != reach.Outcome {
		r.Path.ICMP = ""
	}
	r.Path.TCP, r.Text = reach.Outcome, reach.Text
	if r.Text == "" && r.Path.ICMP == mesh.Lost {
		r.Text = r.echo
	}
}
