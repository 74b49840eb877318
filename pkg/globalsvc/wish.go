package globalsvc

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Wish is what the user wants of one service.
type Wish struct {
	Namespace, Name string
	// Contexts are the clusters to change. Others are looked at alone.
	Contexts []string
	// Shared is nil to leave it as it is.
	Shared *bool
	// Affinity is local, remote or none; empty leaves it as it is.
	Affinity string
	// Create says how the Service is made where it is missing; empty does not.
	Create CreateMode
	// ReplaceLegacy takes annotations under their older names away, and writes
	// what they say under the newer.
	ReplaceLegacy bool
	// Force takes annotations over from whoever owns them.
	Force bool
}

// CreateMode is how a missing Service is made from that of another cluster.
type CreateMode string

// Modes of creating.
const (
	// CreateWithSelector takes over ports and selector.
	CreateWithSelector CreateMode = "selector"
	// CreateWithoutSelector takes over the ports: the Service has no endpoints
	// of its own cluster, ever.
	CreateWithoutSelector CreateMode = "no-selector"
)

// Validate says what is wrong with the wish before anything is looked at.
func (w *Wish) Validate() error {
	var errs []error
	if problems := validation.IsDNS1035Label(w.Name); len(problems) > 0 {
		errs = append(errs, fmt.Errorf("%q is not the name of a Service: %s", w.Name, problems[0]))
	}
	if problems := validation.IsDNS1123Label(w.Namespace); len(problems) > 0 {
		errs = append(errs, fmt.Errorf("%q is not the name of a namespace: %s", w.Namespace, problems[0]))
	}
	if !slices.Contains([]string{"", mesh.AffinityLocal, mesh.AffinityRemote, mesh.AffinityNone}, w.Affinity) {
		errs = append(errs, fmt.Errorf("--affinity %q is not one of local, remote, none", w.Affinity))
	}
	if !slices.Contains([]CreateMode{"", CreateWithSelector, CreateWithoutSelector}, w.Create) {
		errs = append(errs, fmt.Errorf("--create %q is not one of selector, no-selector", w.Create))
	}
	return errors.Join(errs...)
}

// edit is what the annotations of one Service become.
type edit struct {
	set    map[string]string // to own, with their values
	remove []string          // to take away, whoever owns them
}

// edit says what must change of a Service; both parts may be empty. What is so
// already, under whatever name and whoever wrote it, is left alone.
func (w *Wish) edit(now *mesh.GlobalService) edit {
	e := edit{set: map[string]string{}}
	if !now.Global() {
		e.set[mesh.AnnotationGlobal] = "true"
	}
	after := *now
	after.Annotations = withAnnotations(now.Annotations, map[string]string{mesh.AnnotationGlobal: "true"}, nil)
	if w.Shared != nil && *w.Shared != after.Shared() {
		e.set[mesh.AnnotationShared] = fmt.Sprint(*w.Shared)
	}
	if w.Affinity != "" {
		e.affinity(&after, w.Affinity)
	}
	if w.ReplaceLegacy {
		e.replaceLegacy(now, w.Affinity)
	}
	slices.Sort(e.remove)
	return e
}

// affinity writes "none" as nothing: before Cilium 1.20 an annotation "none"
// drops the endpoints of other clusters.
func (e *edit) affinity(now *mesh.GlobalService, wanted string) {
	value, has := now.Annotation(mesh.AnnotationAffinity)
	if wanted != mesh.AffinityNone {
		if now.Affinity() != wanted {
			e.set[mesh.AnnotationAffinity] = wanted
		}
		return
	}
	if !has || value == "" {
		return
	}
	for _, name := range []string{mesh.AnnotationAffinity, mesh.LegacyAnnotations()[mesh.AnnotationAffinity]} {
		if _, ok := now.Annotations[name]; ok {
			e.remove = append(e.remove, name)
		}
	}
}

// replaceLegacy says under the newer names what the older ones said, except
// where the newer name counts already or affinity none was wished.
func (e *edit) replaceLegacy(now *mesh.GlobalService, affinity string) {
	for name, older := range mesh.LegacyAnnotations() {
		value, has := now.Annotations[older]
		if !has {
			continue
		}
		if !slices.Contains(e.remove, older) {
			e.remove = append(e.remove, older)
		}
		_, newer := now.Annotations[name]
		_, set := e.set[name]
		if newer || set || name == mesh.AnnotationAffinity && affinity == mesh.AffinityNone {
			continue
		}
		if value, ok := meaning(name, value); ok {
			e.set[name] = value
		}
	}
}

// meaning is what Cilium makes of an older annotation's value, and false if
// that is nothing. All but "true" is false, so "no" must not be lost.
func meaning(name, value string) (string, bool) {
	value = strings.ToLower(value)
	if name == mesh.AnnotationAffinity {
		return value, value == mesh.AffinityLocal || value == mesh.AffinityRemote
	}
	return fmt.Sprint(value == "true"), true
}

func withAnnotations(now, set map[string]string, remove []string) map[string]string {
	after := map[string]string{}
	for name, value := range now {
		if !slices.Contains(remove, name) {
			after[name] = value
		}
	}
	maps.Copy(after, set)
	return after
}
