package addressing

import (
	"errors"
	"fmt"
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/config"
)

// AssignIDs gives every context a cluster id between 1 and limit (255 or 511,
// Cilium's max-connected-clusters): the existing one, else the wanted one,
// else the lowest that is free. Keys of existing that are not among the
// contexts are members that have none; their ids are taken. The error joins
// everything that is wrong.
func AssignIDs(contexts []string, existing, wanted map[string]int, limit int) (map[string]int, error) {
	ids := map[string]int{}
	holder := map[int]string{}
	for name, id := range existing {
		if !slices.Contains(contexts, name) {
			holder[id] = fmt.Sprintf("the member %q", name)
		}
	}
	var errs []error
	for _, c := range contexts {
		if id := existing[c]; id > 0 {
			errs = append(errs, claim(holder, c, id, limit, true))
			ids[c] = id
			if w, ok := wanted[c]; ok && w != id {
				errs = append(errs, fmt.Errorf("context %q already runs with the cluster id %d, which cannot be changed: leave out --cluster-id %s=%d", c, id, c, w))
			}
		}
	}
	for _, c := range contexts {
		if id, ok := wanted[c]; ok && ids[c] == 0 {
			errs = append(errs, claim(holder, c, id, limit, false))
			ids[c] = id
		}
	}
	errs = append(errs, fill(contexts, ids, holder, limit)...)
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return ids, nil
}

// claim takes an id for a context, unless it is out of range or another's.
func claim(holder map[int]string, context string, id, limit int, runs bool) error {
	hint := fmt.Sprintf("choose another with --cluster-id %s=ID", context)
	if runs {
		hint = "a running cluster keeps its id, so leave this one out or install its Cilium anew"
	}
	if id < 1 || id > limit {
		return fmt.Errorf("cluster id %d of context %q is not between 1 and %d: %s", id, context, limit, hint)
	}
	if other, ok := holder[id]; ok {
		return fmt.Errorf("cluster id %d of context %q is already that of %s: %s", id, context, other, hint)
	}
	holder[id] = fmt.Sprintf("context %q", context)
	return nil
}

// fill gives the lowest free ids to the contexts that have none.
func fill(contexts []string, ids map[string]int, holder map[int]string, limit int) []error {
	var errs []error
	next := 1
	for _, c := range contexts {
		if _, ok := ids[c]; ok {
			continue
		}
		for holder[next] != "" {
			next++
		}
		if next > limit {
			errs = append(errs, fmt.Errorf("no cluster id between 1 and %d is left for context %q", limit, c))
			continue
		}
		ids[c] = next
		holder[next] = fmt.Sprintf("context %q", c)
	}
	return errs
}

// AssignNames gives every context a cluster name: the existing one, else the
// wanted one, else one made from the context by [config.DeriveClusterName]. Keys of existing
// that are not among the contexts are members that have none.
func AssignNames(contexts []string, existing, wanted map[string]string) (map[string]string, error) {
	names := map[string]string{}
	holder := map[string]string{}
	for key, name := range existing {
		if !slices.Contains(contexts, key) {
			holder[name] = fmt.Sprintf("the member %q", key)
		}
	}
	var errs []error
	// Names that are fixed go first, so that a derived one is to blame for a clash.
	for _, pick := range []func(string) (string, bool){
		func(c string) (string, bool) { n := existing[c]; return n, n != "" },
		func(c string) (string, bool) { n, ok := wanted[c]; return n, ok },
		func(c string) (string, bool) { return config.DeriveClusterName(c), true },
	} {
		for _, c := range contexts {
			name, ok := pick(c)
			if _, done := names[c]; done || !ok {
				continue
			}
			errs = append(errs, claimName(holder, c, name))
			names[c] = name
		}
	}
	for _, c := range contexts {
		if w, ok := wanted[c]; ok && existing[c] != "" && w != existing[c] {
			errs = append(errs, fmt.Errorf("context %q already runs with the cluster name %q, which cannot be changed: leave out --cluster-name %s=%s", c, existing[c], c, w))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return names, nil
}

func claimName(holder map[string]string, context, name string) error {
	hint := fmt.Sprintf("choose another with --cluster-name %s=NAME", context)
	if err := config.ValidateClusterName(name); err != nil {
		return fmt.Errorf("context %q: %w: %s", context, err, hint)
	}
	if other, ok := holder[name]; ok {
		return fmt.Errorf("cluster name %q of context %q is already that of %s: %s", name, context, other, hint)
	}
	holder[name] = fmt.Sprintf("context %q", context)
	return nil
}
