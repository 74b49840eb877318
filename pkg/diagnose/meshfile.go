package diagnose

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Annotations by which Azure is told the address and the subnet of a load
// balancer.
const (
	annotationIPv4   = "service.beta.kubernetes.io/azure-load-balancer-ipv4"
	annotationSubnet = "service.beta.kubernetes.io/azure-load-balancer-internal-subnet"
)

// judgeMeshFile compares what a mesh file declares with what runs or, in a
// preflight, with what would. Without a file there is nothing to say.
func judgeMeshFile(v *View) []Finding {
	if v.declared == nil {
		return nil
	}
	var out []Finding
	for i := range v.declared.Clusters {
		out = append(out, judgeDeclared(v, &v.declared.Clusters[i])...)
	}
	return append(out, judgeUndeclared(v)...)
}

// judgeDeclared judges one cluster of the file.
func judgeDeclared(v *View, d *mesh.DeclaredCluster) []Finding {
	at := slices.IndexFunc(v.clusters, func(c *mesh.Facts) bool { return c.Context == d.Context })
	if at < 0 {
		return one(unknown(ofMesh(), "context %q of %s was not looked at", d.Context, v.declared.File))
	}
	c := v.clusters[at]
	if f, ok := lacks(c, []string{mesh.SectionConfig}); ok && f.Status == Unknown {
		return one(f)
	}
	if c.Config == nil || c.Config.ClusterID == 0 || v.phase == Running && problem(c, mesh.SectionPeers) == nil && !c.Member() && len(v.declared.Clusters) > 1 {
		return one(failed(ofCluster(c), "context %q is in %s, and its cluster is not a member of the mesh", c.Context, v.declared.File).
			mend("kubectl aksmesh join -f %s", quote(v.declared.File)))
	}
	var found differences
	found.file = v.declared.File
	found.ofMesh(v.declared, c)
	found.ofCluster(d, c)
	if v.phase == Running {
		found.ofRunning(d, c)
	}
	if len(found.lines) == 0 {
		return one(passed(ofCluster(c)))
	}
	return one(failed(ofCluster(c), "context %q is not as %s says", c.Context, found.file).seen(found.lines...).mend("%s", found.remedy(c)))
}

// judgeUndeclared finds members that the file does not name.
func judgeUndeclared(v *View) []Finding {
	named := func(same func(mesh.DeclaredCluster) bool) bool { return slices.ContainsFunc(v.declared.Clusters, same) }
	remedy := fmt.Sprintf("kubectl aksmesh leave -f %s, or put it into the file", quote(v.declared.File))
	var out []Finding
	told := map[string]bool{}
	for _, c := range v.clusters {
		known := named(func(d mesh.DeclaredCluster) bool { return d.Context == c.Context })
		if !known && c.Member() {
			out = append(out, failed(ofCluster(c), "context %q is a member of the mesh, and %s does not name it", c.Context, v.declared.File).mend("%s", remedy))
		}
		for _, p := range c.Peers {
			if told[p.Name] || v.named(p.Name) != nil || named(func(d mesh.DeclaredCluster) bool { return d.Name == p.Name || d.Context == p.Name }) {
				continue
			}
			told[p.Name] = true
			out = append(out, failed(ofCluster(c), "context %q is configured with the member %q, which has no context here, and %s does not name it", c.Context, p.Name, v.declared.File).
				mend("put it into the file; if it is gone for good, kubectl aksmesh leave --forget %s --context %s", quote(p.Name), quote(c.Context)))
		}
	}
	return out
}

// differences are what a file says otherwise than what is seen of a cluster.
type differences struct {
	file  string
	lines []string
	// What join can change, what only another version of Cilium brings, and
	// what is fixed as long as Cilium runs.
	joins, version, fixed bool
}

// differ notes a field whose declared value is said and is not the seen one.
func differ[V any](d *differences, kind *bool, field string, says, runs V) {
	if reflect.ValueOf(&says).Elem().IsZero() || reflect.DeepEqual(says, runs) {
		return
	}
	seen := fmt.Sprint(runs)
	if reflect.ValueOf(&runs).Elem().IsZero() {
		seen = "nothing"
	}
	d.lines = append(d.lines, fmt.Sprintf("%s: %s says %v, and it is %s", field, d.file, says, seen))
	*kind = true
}

// ofMesh compares what the file says of all clusters.
func (d *differences) ofMesh(declared *mesh.Declared, c *mesh.Facts) {
	if c.Release != nil {
		differ(d, &d.version, "version", declared.Version, c.Release.ChartVersion)
	}
	encapsulation := c.Config.TunnelProtocol
	if c.Config.RoutingMode == "native" {
		encapsulation = "native"
		if cidr := c.Config.Raw["ipv4-native-routing-cidr"]; cidr != "" {
			differ(d, &d.joins, "nativeRoutingCIDR", declared.NativeRoutingCIDR, cidr)
		}
	}
	differ(d, &d.joins, "encapsulation", declared.Encapsulation, encapsulation)
	differ(d, &d.joins, "mtu", declared.MTU, c.Config.MTU)
	differ(d, &d.joins, "encryption", declared.Encryption, c.Config.Encryption)
	differ(d, &d.fixed, "maxConnectedClusters", declared.MaxConnectedClusters, c.Config.MaxConnectedClusters)
}

// ofCluster compares what the file says of this cluster.
func (d *differences) ofCluster(declared *mesh.DeclaredCluster, c *mesh.Facts) {
	differ(d, &d.fixed, "name", declared.Name, c.Config.ClusterName)
	differ(d, &d.fixed, "id", declared.ID, c.Config.ClusterID)
	says, runs := slices.Sorted(slices.Values(declared.PodCIDRs)), slices.Sorted(slices.Values(c.Config.PodCIDRs))
	differ(d, &d.fixed, "podCIDRs", says, runs)
	if c.Azure != nil && !strings.EqualFold(declared.AzureID, c.Azure.ID) {
		differ(d, &d.fixed, "azureID", declared.AzureID, c.Azure.ID)
	}
}

// ofRunning compares what a plan brings about, but a projection does not show.
func (d *differences) ofRunning(declared *mesh.DeclaredCluster, c *mesh.Facts) {
	if s := c.Service; s != nil {
		if !slices.Contains(s.Addresses, declared.MeshIP) {
			differ(d, &d.joins, "meshIP", declared.MeshIP, cmp.Or(s.Annotations[annotationIPv4], strings.Join(s.Addresses, ",")))
		}
		differ(d, &d.joins, "meshSubnet", declared.MeshSubnet, s.Annotations[annotationSubnet])
	}
	if c.Release == nil || c.Release.Values == nil {
		return // a stored snapshot has no values
	}
	for _, path := range unlike(declared.Values, c.Release.Values, "values") {
		// Never the value itself: it may be a secret.
		d.lines = append(d.lines, fmt.Sprintf("%s: %s has another value than the Helm release", path, d.file))
		d.joins = true
	}
}

// unlike are the dotted paths of values that the release does not have so, sorted.
func unlike(says, has map[string]any, path string) []string {
	var paths []string
	for key, value := range says {
		at := path + "." + key
		low, isMap := has[key].(map[string]any)
		high, both := value.(map[string]any)
		switch {
		case both && (isMap || has[key] == nil):
			paths = append(paths, unlike(high, low, at)...)
		case fmt.Sprint(value) != fmt.Sprint(has[key]): // a release may have a number as text
			paths = append(paths, at)
		}
	}
	slices.Sort(paths)
	return paths
}

// remedy is what brings file and mesh together: by a change of the mesh where
// that can be, else of the file.
func (d *differences) remedy(c *mesh.Facts) string {
	switch {
	case d.fixed:
		return "it cannot be changed while Cilium runs: put what runs into the file, as kubectl aksmesh export --context " + quote(c.Context) + " writes it"
	case d.joins:
		return "kubectl aksmesh join -f " + quote(d.file)
	default:
		return "bring the cluster to that version of Cilium, or put the one that runs into the file"
	}
}
