package meshfile

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/pkg/join"
)

// Combine joins what the file asks for with what flags ask for. A flag may add
// what the file does not say; one that says something else than the file is
// refused, because the file would no longer tell what the mesh is. The error
// joins all contradictions, one line each.
func (f *File) Combine(flags join.Wish) (join.Wish, error) {
	w := f.Wish()
	c := &combiner{file: f.name}
	c.contexts(&flags, f.Contexts())
	one(c, "--cilium-version", "spec.version", &w.ChartVersion, flags.ChartVersion)
	one(c, "--encapsulation", "spec.encapsulation", &w.Encapsulation, flags.Encapsulation)
	one(c, "--native-routing-cidr", "spec.nativeRoutingCIDR", &w.NativeRoutingCIDR, flags.NativeRoutingCIDR)
	one(c, "--mtu", "spec.mtu", &w.MTU, flags.MTU)
	one(c, "--encryption", "spec.encryption", &w.Encryption, flags.Encryption)
	one(c, "--max-connected-clusters", "spec.maxConnectedClusters", &w.MaxConnectedClusters, flags.MaxConnectedClusters)
	one(c, "--pod-pool", "spec.podPool", &w.PodPool, flags.PodPool)
	one(c, "--ca-from", "spec.caFrom", &w.CAFrom, flags.CAFrom)
	each(c, "--cluster-name", "name", w.ClusterNames, flags.ClusterNames)
	each(c, "--cluster-id", "id", w.ClusterIDs, flags.ClusterIDs)
	each(c, "--pod-cidr", "podCIDRs", w.PodCIDRs, flags.PodCIDRs)
	each(c, "--mesh-ip", "meshIP", w.MeshIPs, flags.MeshIPs)
	each(c, "--mesh-subnet", "meshSubnet", w.MeshSubnets, flags.MeshSubnets)
	w.SkipKubeProxy = w.SkipKubeProxy || flags.SkipKubeProxy
	w.HubbleRelay, w.HubbleUI = w.HubbleRelay || flags.HubbleRelay, w.HubbleUI || flags.HubbleUI
	c.values(w.Values, flags.Values)
	return w, errors.Join(c.errs...)
}

type combiner struct {
	file string
	errs []error
}

func (c *combiner) refuse(flag, field string, given, said any) {
	c.errs = append(c.errs, fmt.Errorf("%s=%v contradicts %s, where %s is %v: change the file, or leave the flag out", flag, given, c.file, field, said))
}

// one combines one setting of the mesh.
func one[V comparable](c *combiner, flag, field string, file *V, given V) {
	var none V
	switch {
	case given == none || given == *file:
	case *file == none:
		*file = given
	default:
		c.refuse(flag, field, given, *file)
	}
}

// each combines a setting of clusters, by context.
func each[V comparable](c *combiner, flag, field string, file, given map[string]V) {
	for _, context := range slices.Sorted(maps.Keys(given)) {
		value := file[context]
		one(c, flag+" "+context, field+" of context "+context, &value, given[context])
		file[context] = value
	}
}

// values combines Helm values. Those that do not contradict each other give
// the same, whichever is put over the other.
func (c *combiner) values(file, given map[string]map[string]any) {
	for _, context := range slices.Sorted(maps.Keys(given)) {
		both := values.Merge(nil, file[context], given[context])
		if diff := values.Diff(both, values.Merge(nil, given[context], file[context])); len(diff) > 0 {
			c.errs = append(c.errs, fmt.Errorf("--values and --set contradict the Helm values in %s (%s): change the file, or leave the flags out", c.file, path(diff[0])))
			continue
		}
		file[context] = both
	}
}

// path is that of a line of [values.Diff], without the value.
func path(line string) string {
	line = line[len("- "):]
	for i := range line {
		if line[i] == ':' {
			return line[:i]
		}
	}
	return line
}

// contexts refuses flags for clusters that the file does not name.
func (c *combiner) contexts(flags *join.Wish, known []string) {
	for _, named := range [][]string{
		keys(flags.ClusterNames), keys(flags.ClusterIDs), keys(flags.PodCIDRs), keys(flags.MeshIPs), keys(flags.MeshSubnets), keys(flags.Values),
	} {
		for _, context := range named {
			if context != "" && !slices.Contains(known, context) {
				c.errs = append(c.errs, fmt.Errorf("a flag names context %q, which is not in %s: add it there under spec.clusters", context, c.file))
				return
			}
		}
	}
}

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
