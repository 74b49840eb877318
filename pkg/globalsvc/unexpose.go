package globalsvc

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/collect"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
)

// Undo is the draft of taking back what expose set: the annotations that
// kubectl aksmesh owns, and Services that it made.
type Undo struct {
	Namespace, Name string
	Targets         []Target
}

// MakeUndo drafts it for the contexts. A cluster without the Service, or in
// which kubectl aksmesh owns nothing of it, has nothing to take back.
func MakeUndo(s mesh.Snapshot, namespace, name string, contexts []string) (*Undo, error) {
	u := &Undo{Namespace: namespace, Name: name}
	var errs []error
	for _, context := range contexts {
		here := facts(s, context)
		if err := legible(here, context); err != nil {
			errs = append(errs, err)
			continue
		}
		u.Targets = append(u.Targets, undoTarget(here.Services.Find(namespace, name), context))
	}
	return u, errors.Join(errs...)
}

func undoTarget(service *mesh.GlobalService, context string) Target {
	t := Target{Context: context}
	if service == nil {
		return t
	}
	if service.Created {
		t.Create = service
		for _, line := range serviceDiff(service) {
			t.Diff = append(t.Diff, "-"+line[1:])
		}
	}
	ours := owned(service)
	for _, name := range slices.Sorted(maps.Keys(ours)) {
		if owners := others(service.Managers[name]); len(owners) > 0 && !service.Created {
			t.Notes = append(t.Notes, fmt.Sprintf("%s stays: %s says it too", name, owners[0]))
			continue
		}
		t.Diff = append(t.Diff, fmt.Sprintf("- %s: %q", name, ours[name]))
	}
	return t
}

// Plan binds the draft to live clusters, by context.
func (u *Undo) Plan(live map[string]*mesh.Cluster) plan.Plan {
	var p plan.Plan
	for i := range u.Targets {
		t := &u.Targets[i]
		if len(t.Diff) == 0 && t.Create == nil {
			continue
		}
		c := live[t.Context]
		step := plan.Step{
			ID: id(t.Context, stepUnexpose), Cluster: t.Context, Action: plan.Update,
			Object: "Service " + u.Namespace + "/" + u.Name, Summary: "take back the annotations that expose set", Diff: t.Diff,
			Check: func(ctx context.Context) error { return u.undo(ctx, c, true) },
			Do:    func(ctx context.Context, _ func(string)) error { return u.undo(ctx, c, false) },
		}
		if t.Create != nil {
			step.Action, step.Summary = plan.Delete, "delete the Service that expose made"
		}
		p.Steps = append(p.Steps, step)
	}
	return p
}

func (u *Undo) undo(ctx context.Context, c *mesh.Cluster, dryRun bool) error {
	services := c.Client.CoreV1().Services(u.Namespace)
	live, err := services.Get(ctx, u.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	now := collect.GlobalService(live)
	if now.Created {
		err := services.Delete(ctx, u.Name, metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions(string(live.UID)), DryRun: dry(dryRun)})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return err
	}
	if len(owned(&now)) == 0 {
		return nil
	}
	// A manager that says nothing loses what it owned alone.
	after, err := services.Apply(ctx, applycorev1.Service(u.Name, u.Namespace), metav1.ApplyOptions{FieldManager: cilium.FieldManager, DryRun: dry(dryRun)})
	if err != nil {
		return err
	}
	left := collect.GlobalService(after)
	if ours := owned(&left); len(ours) > 0 {
		return fmt.Errorf("the API server left %s in place", slices.Sorted(maps.Keys(ours)))
	}
	return nil
}
