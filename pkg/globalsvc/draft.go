package globalsvc

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Draft is what a wish means for clusters that were looked at. It is made
// purely; [Draft.Plan] binds it to live clusters.
type Draft struct {
	Targets []Target
	wish    Wish
}

// Target is one cluster that the wish is for.
type Target struct {
	Context string
	// Create is the Service to make; nil if there is one.
	Create *mesh.GlobalService
	// CreateNamespace is true if the namespace is missing, too.
	CreateNamespace bool
	// Diff shows the change as lines that start with "+ " or "- "; empty if
	// all is as wished.
	Diff []string
	// Notes say what the user should know of the plan.
	Notes []string

	edit edit
	made *mesh.GlobalService // the Service that is there, if expose has made it and nobody has taken it over
}

// Make says what the wish means. It refuses what cannot be done: clusters that
// could not be read or have no Cilium, Services that are missing and are not
// to be made, and annotations that somebody else owns and that are not to be
// taken over.
func Make(s mesh.Snapshot, w Wish) (*Draft, error) {
	d := &Draft{wish: w}
	var errs []error
	for _, context := range w.Contexts {
		target, err := newTarget(s, w, context)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		d.Targets = append(d.Targets, *target)
	}
	return d, errors.Join(errs...)
}

func newTarget(s mesh.Snapshot, w Wish, context string) (*Target, error) {
	here := facts(s, context)
	if err := readable(here, context); err != nil {
		return nil, err
	}
	t := &Target{Context: context}
	service := here.Services.Find(w.Namespace, w.Name)
	_, namespace := here.Services.Namespaces[w.Namespace]
	switch {
	case service == nil && w.Create == "":
		return nil, missingError(context, w, namespace)
	case service == nil:
		source, err := sourceOf(s, w, context)
		if err != nil {
			return nil, err
		}
		t.create(source, w, namespace)
		return t, nil
	}
	if service.Created && takenBy(service) == "" {
		t.made = service
	}
	t.edit = w.edit(service)
	t.Diff = t.edit.diff(service.Annotations)
	if !service.Global() && (w.Shared != nil || w.Affinity != "") {
		t.Notes = append(t.Notes, "the Service was not global here: it becomes so, and its clients get endpoints of other clusters")
	}
	return t, t.conflicts(service, w)
}

// legible says why a cluster's services cannot be worked on.
func legible(f *mesh.Facts, context string) error {
	if f == nil {
		return fmt.Errorf("context %q was not looked at", context)
	}
	for _, p := range f.Problems {
		switch p.Section {
		case mesh.SectionAPI, mesh.SectionServices, mesh.SectionNamespaces:
			return fmt.Errorf("context %q: %s cannot be read: %s", context, p.Section, p.Message)
		}
	}
	return nil
}

// readable is [legible] for those who need Cilium.
func readable(f *mesh.Facts, context string) error {
	if err := legible(f, context); err != nil {
		return err
	}
	config := slices.ContainsFunc(f.Problems, func(p mesh.Problem) bool { return p.Section == mesh.SectionConfig })
	if f.Config == nil && !config {
		return fmt.Errorf("context %q has no Cilium, so nothing would come of a global service: join it first with kubectl aksmesh join", context)
	}
	return nil
}

func missingError(context string, w Wish, namespace bool) error {
	what := fmt.Sprintf("Service %s in namespace %s", w.Name, w.Namespace)
	if !namespace {
		what = fmt.Sprintf("namespace %s, and so no Service %s", w.Namespace, w.Name)
	}
	return fmt.Errorf("context %q has no %s: clients there have nothing to ask; --create makes it", context, what)
}

// sourceOf is the Service that a missing one is made like: the first that the
// named contexts have, else the first that any cluster has.
func sourceOf(s mesh.Snapshot, w Wish, context string) (*mesh.GlobalService, error) {
	all := slices.Clone(w.Contexts)
	for i := range s.Clusters {
		all = append(all, s.Clusters[i].Context)
	}
	for _, name := range all {
		if f := facts(s, name); f != nil {
			if service := f.Services.Find(w.Namespace, w.Name); service != nil {
				return service, nil
			}
		}
	}
	return nil, fmt.Errorf("context %q has no Service %s in namespace %s, and no other cluster has one that it could be made like", context, w.Name, w.Namespace)
}

// create drafts a Service of type ClusterIP: outside addresses are each
// cluster's own affair.
func (t *Target) create(source *mesh.GlobalService, w Wish, namespace bool) {
	t.Create = &mesh.GlobalService{
		Namespace: w.Namespace, Name: w.Name, Type: "ClusterIP", Headless: source.Headless, Created: true,
		SessionSeconds: source.SessionSeconds, PublishNotReady: source.PublishNotReady,
	}
	for _, p := range source.Ports {
		p.NodePort = 0
		t.Create.Ports = append(t.Create.Ports, p)
	}
	if w.Create == CreateWithSelector {
		t.Create.Selector = source.Selector
	}
	t.CreateNamespace = !namespace
	t.edit = w.edit(t.Create)
	t.Create.Annotations = maps.Clone(t.edit.set)
	t.Diff = append(serviceDiff(t.Create), t.edit.diff(nil)...)
	if t.CreateNamespace {
		t.Notes = append(t.Notes, fmt.Sprintf("namespace %s is made, and stays when the Service is taken back", w.Namespace))
	}
}

func serviceDiff(g *mesh.GlobalService) []string {
	var diff []string
	for _, p := range g.Ports {
		line := strings.TrimSpace(fmt.Sprintf("+ port %d/%s to %s %s", p.Port, p.Protocol, p.TargetPort, p.Name))
		if p.AppProtocol != "" {
			line += ", which speaks " + p.AppProtocol
		}
		diff = append(diff, line)
	}
	if g.SessionSeconds > 0 {
		diff = append(diff, fmt.Sprintf("+ sessionAffinity ClientIP for %d seconds", g.SessionSeconds))
	}
	if g.PublishNotReady {
		diff = append(diff, "+ publishNotReadyAddresses")
	}
	for _, key := range slices.Sorted(maps.Keys(g.Selector)) {
		diff = append(diff, fmt.Sprintf("+ selector %s=%s", key, g.Selector[key]))
	}
	return diff
}

// diff shows an edit of annotations.
func (e *edit) diff(now map[string]string) []string {
	var diff []string
	for _, name := range slices.Sorted(maps.Keys(e.set)) {
		if value, ok := now[name]; ok {
			diff = append(diff, fmt.Sprintf("- %s: %q", name, value))
		}
		diff = append(diff, fmt.Sprintf("+ %s: %q", name, e.set[name]))
	}
	for _, name := range e.remove {
		diff = append(diff, fmt.Sprintf("- %s: %q", name, now[name]))
	}
	return diff
}

// conflicts refuses to touch what others own, and notes what will be put back.
func (t *Target) conflicts(service *mesh.GlobalService, w Wish) error {
	var errs []error
	touched := append(slices.Sorted(maps.Keys(t.edit.set)), t.edit.remove...)
	for _, name := range touched {
		value, has := service.Annotations[name]
		owners := others(service.Managers[name])
		if !has || len(owners) == 0 || value == t.edit.set[name] {
			continue
		}
		asked := w.ReplaceLegacy && slices.Contains(slices.Collect(maps.Values(mesh.LegacyAnnotations())), name)
		gitOps := gitOpsOf(owners)
		switch {
		case w.Force && gitOps != "":
			t.Notes = append(t.Notes, fmt.Sprintf("%s owns %s and will put it back: change it in Git, too", gitOps, name))
		case w.Force || asked && gitOps == "":
		case gitOps != "":
			errs = append(errs, fmt.Errorf("context %q: annotation %s: %q is kept by %s, which would put it back: change it in Git", t.Context, name, value, gitOps))
		default:
			errs = append(errs, fmt.Errorf("context %q: annotation %s: %q belongs to %s: --force-conflicts takes it over", t.Context, name, value, strings.Join(owners, " and ")))
		}
	}
	return errors.Join(errs...)
}

// others are managers but kubectl aksmesh itself.
func others(managers []string) []string {
	return slices.DeleteFunc(slices.Clone(managers), func(m string) bool { return m == cilium.FieldManager })
}

// gitOpsOf names the GitOps controller among field managers; empty if none is.
func gitOpsOf(managers []string) string {
	for _, m := range managers {
		if name := mesh.GitOps(m); name != "" {
			return name
		}
	}
	return ""
}

// Projected is the snapshot as it would be after the change, for the
// judgements that are made before it.
func (d *Draft) Projected(s mesh.Snapshot) mesh.Snapshot {
	after := s
	after.Clusters = slices.Clone(s.Clusters)
	for i := range d.Targets {
		t := &d.Targets[i]
		at := slices.IndexFunc(after.Clusters, func(f mesh.Facts) bool { return f.Context == t.Context })
		services := *after.Clusters[at].Services
		services.Items = slices.Clone(services.Items)
		services.Namespaces = maps.Clone(services.Namespaces)
		if t.Create != nil {
			services.Items = append(services.Items, *t.Create)
			if t.CreateNamespace {
				services.Namespaces[t.Create.Namespace] = mesh.NamespaceFacts{}
			}
		} else {
			g := services.Find(d.wish.Namespace, d.wish.Name)
			g.Annotations = withAnnotations(g.Annotations, t.edit.set, t.edit.remove)
		}
		after.Clusters[at].Services = &services
	}
	return after
}
