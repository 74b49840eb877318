package diagnose

import (
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/policies"
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

// add takes in what is said about the pods that the selector selects. A pod has
// one value of a key, so it finds an entry once.
func (b *book[T]) add(s policies.Selector, said T) {
	at := len(b.all)
	b.all = append(b.all, said)
	key, values, ok := s.Needs()
	if !ok {
		b.any = append(b.any, at)
		return
	}
	if b.by == nil {
		b.by = map[label][]int{}
	}
	for _, v := range slices.Compact(slices.Sorted(slices.Values(values))) {
		b.by[label{key, v}] = append(b.by[label{key, v}], at)
	}
}

// about is what may be said about a pod.
func (b *book[T]) about(p *policies.Pod) []T {
	if !p.Whole() {
		return b.all
	}
	found := slices.Clone(b.any)
	for key, value := range p.Labels() {
		found = append(found, b.by[label{key, value}]...)
	}
	slices.Sort(found)
	out := make([]T, len(found))
	for i, at := range found {
		out[i] = b.all[at]
	}
	return out
}
