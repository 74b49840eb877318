package diagnose

import (
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// label is a label's key and value.
type label struct{ key, value string }

// ruleBook finds the rules about an endpoint by its labels, as a cluster may
// have as many policies as it has services.
type ruleBook struct {
	all []*ingress
	by  map[label][]*ingress // a label without which a rule is not about an endpoint
	any []*ingress           // those that ask for no such label
}

// readPolicies makes a book for each namespace; "" is for rules about all of them.
func readPolicies(c *mesh.Facts) map[string]*ruleBook {
	books := map[string]*ruleBook{}
	at := 0
	for i := range c.Services.Policies {
		p := &c.Services.Policies[i]
		read := readCiliumPolicy
		if p.Kind == "NetworkPolicy" {
			read = readNetworkPolicy
		}
		for _, spec := range p.Rules {
			in, ok := read(spec, c.Config.ClusterName)
			if !ok {
				continue
			}
			in.policy, in.at = p, at
			at++
			if books[p.Namespace] == nil {
				books[p.Namespace] = &ruleBook{by: map[label][]*ingress{}}
			}
			books[p.Namespace].add(&in)
		}
	}
	return books
}

func (b *ruleBook) add(in *ingress) {
	b.all = append(b.all, in)
	for _, r := range in.subject {
		// An endpoint has one value of a key, so it finds a rule once.
		if r.operator == "In" && r.ofPod() {
			for _, v := range slices.Compact(slices.Sorted(slices.Values(r.values))) {
				b.by[label{r.key, v}] = append(b.by[label{r.key, v}], in)
			}
			return
		}
	}
	b.any = append(b.any, in)
}

// about are the rules that may be about an endpoint of the labels.
func (b *ruleBook) about(l labelled) []*ingress {
	switch {
	case b == nil:
		return nil
	case !l.whole:
		return b.all
	}
	out := slices.Clone(b.any)
	for key, value := range l.labels {
		out = append(out, b.by[label{key, value}]...)
	}
	slices.SortFunc(out, func(x, y *ingress) int { return x.at - y.at })
	return out
}
