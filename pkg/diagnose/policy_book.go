package diagnose

import (
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// label is a label's key and value.
type label struct{ key, value string }

// book finds what is said about an endpoint by its labels, as a cluster may
// have as many policies as it has services.
type book[T any] struct {
	all []T
	// Places in all: by a label without which something is not about an endpoint,
	// and of what asks for no such label.
	by  map[label][]int
	any []int
}

// add takes in what is said about the endpoints that the selector selects.
func (b *book[T]) add(s selector, said T) {
	at := len(b.all)
	b.all = append(b.all, said)
	for _, r := range s {
		// An endpoint has one value of a key, so it finds an entry once.
		if r.operator == "In" && r.ofPod() {
			for _, v := range slices.Compact(slices.Sorted(slices.Values(r.values))) {
				if b.by == nil {
					b.by = map[label][]int{}
				}
				b.by[label{r.key, v}] = append(b.by[label{r.key, v}], at)
			}
			return
		}
	}
	b.any = append(b.any, at)
}

// about is what may be said about an endpoint of the labels.
func (b *book[T]) about(l labelled) []T {
	switch {
	case b == nil:
		return nil
	case !l.whole:
		return b.all
	}
	found := slices.Clone(b.any)
	for key, value := range l.labels {
		found = append(found, b.by[label{key, value}]...)
	}
	slices.Sort(found)
	out := make([]T, len(found))
	for i, at := range found {
		out[i] = b.all[at]
	}
	return out
}

// ingressBooks makes a book for each namespace; "" is for rules about all of them.
func ingressBooks(c *mesh.Facts) map[string]*book[*ingress] {
	books := map[string]*book[*ingress]{}
	for i := range c.Services.Policies {
		p := &c.Services.Policies[i]
		read := readCiliumPolicy
		if p.Kind == networkPolicy {
			read = readNetworkPolicy
		}
		for _, spec := range p.Rules {
			in, ok := read(spec, c.Config.ClusterName)
			if !ok {
				continue
			}
			in.policy = p
			if books[p.Namespace] == nil {
				books[p.Namespace] = &book[*ingress]{}
			}
			books[p.Namespace].add(in.subject, &in)
		}
	}
	return books
}
