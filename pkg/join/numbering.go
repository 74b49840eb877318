package join

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/aksmesh/kubectl-aksmesh/internal/addressing"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/config"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// number gives names and ids to clusters that have none. Members that are
// known from a cluster's own configuration keep theirs.
func (d *Draft) number() error {
	contexts, names, ids := d.Contexts(), map[string]string{}, map[string]int{}
	limit, wanted := d.maxConnected(), map[string]string{}
	for i := range d.Clusters {
		if name, id := identity(d.Clusters[i].seen); id != 0 && !d.renamed(&d.Clusters[i]) {
			names[d.Clusters[i].Context], ids[d.Clusters[i].Context] = name, id
		}
		if name := d.wantedName(&d.Clusters[i]); name != "" {
			wanted[d.Clusters[i].Context] = name
		}
	}
	for _, peer := range d.strangers() {
		names["peer "+peer] = peer
	}
	gotNames, errNames := addressing.AssignNames(contexts, names, wanted)
	gotIDs, errIDs := addressing.AssignIDs(contexts, ids, d.wish.ClusterIDs, limit)
	if err := errors.Join(errNames, errIDs); err != nil {
		return err
	}
	for i := range d.Clusters {
		c := &d.Clusters[i]
		c.Name, c.ID = gotNames[c.Context], gotIDs[c.Context]
		if alone(c.seen) {
			c.note("its pods keep identities without the cluster's id, which other clusters do not know: after the join start those anew that are not on the host's network: " + restartPods(c.Context))
		}
	}
	return nil
}

// restartPods is the command that Cilium's guide has for pods that Cilium does
// not know well enough. The host's network has no identities.
func restartPods(context string) string {
	kubectl := "kubectl --context " + context
	return kubectl + " get pods --all-namespaces --no-headers -o custom-columns=N:.metadata.namespace,P:.metadata.name,H:.spec.hostNetwork" +
		` | awk '$3 == "<none>" {print "-n", $1, $2}' | xargs -L 1 -r ` + kubectl + " delete pod"
}

// identity is a cluster's name and id in the mesh; 0 is none. A join that was
// killed may have told the cluster and its peers of its name before there was
// a ConfigMap: then the release that it began has it.
func identity(f *mesh.Facts) (name string, id int) {
	if f.Config != nil {
		return f.Config.ClusterName, f.Config.ClusterID
	}
	if f.Release == nil {
		return "", 0
	}
	cluster, _ := f.Release.Values["cluster"].(map[string]any)
	name, _ = cluster["name"].(string)
	number, _ := cluster["id"].(float64) // as JSON has it
	return name, int(number)
}

// wantedName is the name that is asked for, else the one that the user gave to a
// cluster that is in no mesh; empty if there is none.
func (d *Draft) wantedName(c *Cluster) string {
	if name := d.wish.ClusterNames[c.Context]; name != "" {
		return name
	}
	if alone(c.seen) && config.ValidateClusterName(c.seen.Config.ClusterName) == nil {
		return c.seen.Config.ClusterName
	}
	return ""
}

// alone says whether a cluster's Cilium is not set up for a mesh.
func alone(f *mesh.Facts) bool { return f.Config != nil && f.Config.ClusterID == 0 }

// renamed says whether the user wants another name or id than that of a join
// that was killed before Cilium ran.
func (d *Draft) renamed(c *Cluster) bool {
	_, name := d.wish.ClusterNames[c.Context]
	_, id := d.wish.ClusterIDs[c.Context]
	return c.seen.Config == nil && (name || id)
}

// maxConnected is what the clusters that run say, else what is wished.
func (d *Draft) maxConnected() int {
	for i := range d.Clusters {
		if c := d.Clusters[i].seen.Config; c != nil && c.MaxConnectedClusters != 0 {
			return c.MaxConnectedClusters
		}
	}
	return d.wish.maxConnected()
}

// checkMaxConnected refuses another number of clusters than what runs: it says
// how many bits of identities are the cluster's.
func (d *Draft) checkMaxConnected() error {
	for i := range d.Clusters {
		c := &d.Clusters[i]
		running, wanted := c.seen.Config, d.wish.MaxConnectedClusters
		if running != nil && running.MaxConnectedClusters != 0 && wanted != 0 && running.MaxConnectedClusters != wanted {
			return fmt.Errorf("--max-connected-clusters %d: context %q runs with %d, which is fixed as long as Cilium runs: leave it out, or say %d", wanted, c.Context, running.MaxConnectedClusters, running.MaxConnectedClusters)
		}
	}
	return nil
}

// address gives pod CIDRs to clusters that have none.
func (d *Draft) address() error {
	input := addressing.Input{Pool: d.wish.PodPool}
	for i := range d.Clusters {
		input.Clusters = append(input.Clusters, d.addressingCluster(&d.Clusters[i]))
		input.Avoid = append(input.Avoid, avoid(d.Clusters[i].seen)...)
	}
	cidrs, err := addressing.PlanPodCIDRs(input)
	if err != nil {
		return err
	}
	for i := range d.Clusters {
		d.Clusters[i].PodCIDRs = cidrs[d.Clusters[i].Context]
	}
	return nil
}

func (d *Draft) addressingCluster(c *Cluster) addressing.Cluster {
	out := addressing.Cluster{Context: c.Context, Wanted: d.wish.PodCIDRs[c.Context], Nodes: len(c.seen.Nodes)}
	if c.seen.Config != nil {
		out.Existing = prefixes(c.seen.Config.PodCIDRs)
	}
	// Azure's control plane routes to pods by its own podCidr, so it is the
	// best choice if it is unique; AKS gives every cluster the same by default.
	if c.seen.Azure != nil && !d.wish.PodPool.IsValid() && d.uniqueToAzure(c) {
		if list := prefixes(c.seen.Azure.PodCIDRs); len(list) > 0 && list[0].Addr().Is4() {
			out.Preferred = list[0]
		}
	}
	return out
}

// uniqueToAzure says whether no other cluster of the mesh has the podCidr of
// this one in Azure. Of members that Azure does not tell of, nobody knows.
func (d *Draft) uniqueToAzure(c *Cluster) bool {
	if len(d.strangers()) > 0 {
		return false
	}
	own := prefixes(c.seen.Azure.PodCIDRs)
	for i := range d.Clusters {
		other := &d.Clusters[i]
		switch {
		case other.Context == c.Context || !other.seen.Kubernetes.AKS:
		case other.seen.Azure == nil || len(addressing.Overlaps(own, prefixes(other.seen.Azure.PodCIDRs))) > 0:
			return false
		}
	}
	return true
}

// avoid lists what pods of any cluster of the mesh must not overlap.
func avoid(f *mesh.Facts) []addressing.Range {
	of := " of context " + quote(f.Context)
	var ranges []addressing.Range
	add := func(r addressing.Range, cidrs ...string) {
		for _, r.Prefix = range prefixes(cidrs) {
			ranges = append(ranges, r)
		}
	}
	add(addressing.Range{What: "a service range" + of}, f.Kubernetes.ServiceCIDRs...)
	for i := range f.Nodes {
		for _, ip := range f.Nodes[i].InternalIPs {
			if addr, err := netip.ParseAddr(ip); err == nil {
				ranges = append(ranges, addressing.Range{Prefix: netip.PrefixFrom(addr, addr.BitLen()), What: "a node" + of})
			}
		}
	}
	if f.Azure != nil {
		add(addressing.Range{What: "a service range" + of}, f.Azure.ServiceCIDRs...)
		add(addressing.Range{What: "the podCidr in Azure" + of, Soft: true, Owner: f.Context}, f.Azure.PodCIDRs...)
		for i := range f.Azure.Subnets {
			add(addressing.Range{What: "the node subnet" + of}, f.Azure.Subnets[i].Prefixes...)
			add(addressing.Range{What: "the virtual network" + of, Soft: true}, f.Azure.Subnets[i].VNetSpace...)
		}
	}
	return ranges
}

// Contexts are those of all clusters.
func (d *Draft) Contexts() []string {
	names := make([]string, len(d.Clusters))
	for i := range d.Clusters {
		names[i] = d.Clusters[i].Context
	}
	return names
}
