package diagnose

import (
	"cmp"
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// serviceKey is what clusters know a service of each other's by.
type serviceKey struct{ namespace, name string }

// place is a service in one cluster.
type place struct {
	c *mesh.Facts
	s *mesh.GlobalService
}

// namesakes are the services of one name in all clusters that were looked at.
type namesakes struct {
	serviceKey
	in      []place       // where there is one, in the order of the clusters
	global  []place       // those that take endpoints of other clusters
	without []*mesh.Facts // where there is none
}

// serviceIndex finds services by their name; it is made once per [View], so
// that no check compares every service with every other.
type serviceIndex struct {
	all   []*namesakes // by namespace, then name
	byKey map[serviceKey]*namesakes
}

func indexServices(clusters []*mesh.Facts) serviceIndex {
	x := serviceIndex{byKey: map[serviceKey]*namesakes{}}
	var looked []*mesh.Facts
	for _, c := range clusters {
		if c.Services == nil || problem(c, mesh.SectionServices) != nil {
			continue
		}
		looked = append(looked, c)
		for i := range c.Services.Items {
			s := &c.Services.Items[i]
			key := serviceKey{s.Namespace, s.Name}
			n := x.byKey[key]
			if n == nil {
				n = &namesakes{serviceKey: key}
				x.byKey[key] = n
				x.all = append(x.all, n)
			}
			n.in = append(n.in, place{c, s})
			if s.Global() {
				n.global = append(n.global, place{c, s})
			}
		}
	}
	for _, n := range x.all {
		n.without = missing(looked, n.in)
	}
	slices.SortFunc(x.all, func(a, b *namesakes) int {
		return cmp.Or(cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.name, b.name))
	})
	return x
}

// missing are the clusters that have no place; both are in the same order.
func missing(clusters []*mesh.Facts, in []place) []*mesh.Facts {
	var out []*mesh.Facts
	for _, c := range clusters {
		for len(in) > 1 && in[0].c == c && in[1].c == c {
			in = in[1:]
		}
		if len(in) > 0 && in[0].c == c {
			in = in[1:]
			continue
		}
		out = append(out, c)
	}
	return out
}

// eachLooked is eachCluster for clusters whose services were looked at. Where
// nobody looked, one line says so for the whole mesh.
func eachLooked(sections []string, f func(*View, *mesh.Facts) []Finding) func(*View) []Finding {
	return func(v *View) []Finding {
		if !v.looked() {
			return one(skipped(ofMesh(), "services were not looked at"))
		}
		return eachCluster(append([]string{mesh.SectionServices}, sections...), f)(v)
	}
}

// eachService judges one service of one cluster after another.
func eachService(sections []string, f func(*View, *mesh.Facts, *mesh.GlobalService) []Finding) func(*View) []Finding {
	return eachLooked(sections, func(v *View, c *mesh.Facts) []Finding {
		var out []Finding
		for i := range c.Services.Items {
			out = append(out, f(v, c, &c.Services.Items[i])...)
		}
		return out
	})
}

// eachName judges the services of one name in all clusters together. Clusters
// that lack one of the sections are named, and take part with what is known.
func eachName(sections []string, f func(*View, *namesakes) []Finding) func(*View) []Finding {
	return func(v *View) []Finding {
		if !v.looked() {
			return one(skipped(ofMesh(), "services were not looked at"))
		}
		out, _ := split(v.clusters, append([]string{mesh.SectionServices}, sections...))
		var found []Finding
		for _, n := range v.services.all {
			found = append(found, f(v, n)...)
		}
		if len(found) == 0 && len(out) < len(v.clusters) {
			found = one(passed(ofMesh()))
		}
		return append(out, found...)
	}
}

// looked says whether anybody looked for services, in vain or not.
func (v *View) looked() bool {
	return slices.ContainsFunc(v.clusters, func(c *mesh.Facts) bool {
		return c.Services != nil || slices.ContainsFunc(c.Problems, func(p mesh.Problem) bool {
			return p.Section == mesh.SectionServices
		})
	})
}

// elsewhere are the other clusters whose clients reach the service in c.
func (v *View) elsewhere(c *mesh.Facts, s *mesh.GlobalService) []*mesh.Facts {
	var out []*mesh.Facts
	if n := v.services.byKey[serviceKey{s.Namespace, s.Name}]; n != nil {
		for _, p := range n.global {
			if p.c != c {
				out = append(out, p.c)
			}
		}
	}
	return out
}

func ofService(c *mesh.Facts, s *mesh.GlobalService) Subject { return ofKey(c, keyOf(s)) }

func ofKey(c *mesh.Facts, k serviceKey) Subject {
	return Subject{Kind: ServiceSubject, Names: []string{c.Context, k.String()}}
}

func keyOf(s *mesh.GlobalService) serviceKey { return serviceKey{s.Namespace, s.Name} }

func (k serviceKey) String() string { return k.namespace + "/" + k.name }

// inNamespace is the start of a kubectl command for the service's namespace.
func inNamespace(c *mesh.Facts, k serviceKey) string {
	return kubectl(c) + " --namespace " + quote(k.namespace)
}
