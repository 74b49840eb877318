package globalsvc

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
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
// which kubectl aksmesh owns nothing of it, has nothing to take back. What
// others say, too, stays, and is theirs alone.
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
	taken := takenBy(service)
	if service.Created && taken == "" {
		t.Create = service
		for _, line := range serviceDiff(service) {
			t.Diff = append(t.Diff, "-"+line[1:])
		}
	}
	ours := owned(service)
	for _, name := range slices.Sorted(maps.Keys(ours)) {
		line := fmt.Sprintf("- %s: %q", name, ours[name])
		if owners := others(service.Managers[name]); len(owners) > 0 && t.Create == nil {
			line = fmt.Sprintf("- ownership of %s: %q, kept by %s", name, ours[name], strings.Join(owners, " and "))
		}
		t.Diff = append(t.Diff, line)
	}
	if service.Created && taken != "" {
		t.Diff = append(t.Diff, "- label "+labelManagedBy+": "+cilium.FieldManager)
		t.Notes = append(t.Notes, "the Service stays: expose has made it, and "+taken)
	}
	return t
}

// takenBy says who has taken over a Service that expose made, as the end of a
// sentence; empty if nobody has. To delete what others rely on is not to take back.
func takenBy(service *mesh.GlobalService) string {
	gitOps := cmp.Or(service.Owner, gitOpsOf(service.Keepers))
	for _, name := range slices.Sorted(maps.Keys(service.Managers)) {
		gitOps = cmp.Or(gitOps, gitOpsOf(service.Managers[name]))
	}
	switch {
	case gitOps != "":
		return gitOps + " keeps it by now"
	case len(service.Keepers) > 0:
		return "parts of it belong to " + strings.Join(service.Keepers, " and ") + " by now"
	}
	return ""
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
			Object: "Service " + u.Namespace + "/" + u.Name, Summary: "take back what expose set", Diff: t.Diff,
			Check: func(ctx context.Context) error { return u.undo(ctx, c, t, true) },
			Do:    func(ctx context.Context, _ func(string)) error { return u.undo(ctx, c, t, false) },
		}
		if t.Create != nil {
			step.Action, step.Summary = plan.Delete, "delete the Service that expose made"
		}
		p.Steps = append(p.Steps, step)
	}
	return p
}

// undo takes back what there is now, not what there was when the plan was made.
// It deletes only what was to be deleted then, and still is only ours.
func (u *Undo) undo(ctx context.Context, c *mesh.Cluster, t *Target, dryRun bool) error {
	services := c.Client.CoreV1().Services(u.Namespace)
	live, err := services.Get(ctx, u.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	now := collect.GlobalService(live)
	var after *corev1.Service
	switch {
	case now.Created && t.Create != nil && takenBy(&now) == "":
		err := services.Delete(ctx, u.Name, metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions(string(live.UID)), DryRun: dry(dryRun)})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return err
	case now.Created:
		after, err = u.release(ctx, c, live, dryRun)
	case len(owned(&now)) == 0:
		return nil
	default:
		// A manager that says nothing loses what it owned alone.
		after, err = services.Apply(ctx, applycorev1.Service(u.Name, u.Namespace), metav1.ApplyOptions{FieldManager: cilium.FieldManager, DryRun: dry(dryRun)})
	}
	if err != nil {
		return err
	}
	left := collect.GlobalService(after)
	if ours := owned(&left); len(ours) > 0 {
		return fmt.Errorf("the API server left %s in place", slices.Sorted(maps.Keys(ours)))
	}
	return nil
}

// release gives up a Service that expose made to those who have taken it over.
// To apply nothing would take those parts of its spec away that no other
// manager names, so what expose set is taken back by a patch that also strikes
// us from the managers. It fails if somebody writes at the same time.
func (u *Undo) release(ctx context.Context, c *mesh.Cluster, live *corev1.Service, dryRun bool) (*corev1.Service, error) {
	now := collect.GlobalService(live)
	annotations := map[string]any{}
	for name := range owned(&now) {
		if len(others(now.Managers[name])) == 0 {
			annotations[name] = nil
		}
	}
	managers := slices.DeleteFunc(slices.Clone(live.ManagedFields), func(e metav1.ManagedFieldsEntry) bool { return e.Manager == cilium.FieldManager })
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"resourceVersion": live.ResourceVersion, "managedFields": managers, "annotations": annotations, "labels": map[string]any{labelManagedBy: nil},
	}})
	if err != nil {
		return nil, err
	}
	return c.Client.CoreV1().Services(u.Namespace).Patch(ctx, u.Name, types.MergePatchType, patch,
		metav1.PatchOptions{FieldManager: cilium.FieldManager, DryRun: dry(dryRun)})
}
