package globalsvc

import (
	"fmt"
	"maps"
	"slices"

	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Namespace is the service's.
func (d *Draft) Namespace() string { return d.wish.Namespace }

// Name is the service's.
func (d *Draft) Name() string { return d.wish.Name }

// Annotations are all that the wish says of a target's annotations, whether
// they are so already or not: values, and nil for those to be taken away. Files
// in Git say what shall be, and not what has to be done.
func (d *Draft) Annotations(t *Target) map[string]*string {
	all := map[string]*string{}
	say := func(name, value string) { all[name] = &value }
	say(mesh.AnnotationGlobal, "true")
	if d.wish.Shared != nil {
		say(mesh.AnnotationShared, fmt.Sprint(*d.wish.Shared))
	}
	switch d.wish.Affinity {
	case "":
	case mesh.AffinityNone:
		all[mesh.AnnotationAffinity] = nil
	default:
		say(mesh.AnnotationAffinity, d.wish.Affinity)
	}
	for name, value := range t.edit.set {
		say(name, value)
	}
	for _, name := range t.edit.remove {
		all[name] = nil
	}
	return all
}

// Object is the whole Service that a target is to get, or that it got by
// expose; nil if the Service is somebody else's.
func (d *Draft) Object(t *Target) *applycorev1.ServiceApplyConfiguration {
	service := t.Create
	if service == nil {
		service = t.made
	}
	if service == nil {
		return nil
	}
	set := map[string]string{}
	for name, value := range d.Annotations(t) {
		if value != nil {
			set[name] = *value
		}
	}
	return configOf(service, set)
}

// Contexts are those of the targets, sorted.
func (d *Draft) Contexts() []string {
	names := map[string]bool{}
	for i := range d.Targets {
		names[d.Targets[i].Context] = true
	}
	return slices.Sorted(maps.Keys(names))
}
