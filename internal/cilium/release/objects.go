package release

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"
	"helm.sh/helm/v4/pkg/kube"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/resource"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
)

// inParallel is how many objects of one kind are written at once.
const inParallel = 8

// objects writes a release's objects by server-side apply, one PATCH each and
// nothing else: a PATCH creates what is missing. Helm's own client reads every
// object before it, twice where it adopts one, and one object after the other.
//
// Fields are owned under the helm command's name and taken from others by
// force, as Helm 3 did: the chart decides about the fields that it sets. Fields
// that the chart does not set stay with their owner. So the Service that join
// makes before keeps its publishNotReadyAddresses, which join owns under
// [cilium.FieldManager], through this and every later upgrade, whoever runs it.
type objects struct {
	*kube.Client
	ctx    context.Context
	say    func(string)
	dryRun bool
}

// IsReachable implements Helm's interface. The history was read just before.
func (o *objects) IsReachable() error { return nil }

// Create implements Helm's interface.
func (o *objects) Create(list kube.ResourceList, _ ...kube.ClientCreateOption) (*kube.Result, error) {
	return &kube.Result{Created: list}, o.apply(list)
}

// Update implements Helm's interface: it applies all targets, and then deletes
// what the release had and no longer has, unless the object asks to be kept.
func (o *objects) Update(originals, targets kube.ResourceList, _ ...kube.ClientUpdateOption) (*kube.Result, error) {
	result := &kube.Result{Updated: targets}
	if err := o.apply(targets); err != nil {
		return result, err
	}
	var gone kube.ResourceList
	for _, info := range originals.Difference(targets) {
		if kept, err := keeps(info); err != nil {
			return result, err
		} else if !kept {
			gone = append(gone, info)
		}
	}
	if len(gone) == 0 {
		return result, nil
	}
	deleted, errs := o.Delete(gone, metav1.DeletePropagationBackground)
	if deleted != nil {
		result.Deleted = deleted.Deleted
	}
	return result, errors.Join(errs...)
}

// keeps says whether an object is not to be deleted: it carries Helm's
// annotation to keep it, or is gone.
func keeps(info *resource.Info) (bool, error) {
	object, err := resource.NewHelper(info.Client, info.Mapping).Get(info.Namespace, info.Name)
	if err != nil {
		if apierrors.IsNotFound(err) {
			return true, nil // nothing to delete
		}
		return false, err
	}
	meta, ok := object.(*unstructured.Unstructured)
	return ok && meta.GetAnnotations()[kube.ResourcePolicyAnno] == kube.KeepPolicy, nil
}

// apply writes the objects, those of one kind at once. Helm sorts them by
// kind so that what others need comes first.
func (o *objects) apply(list kube.ResourceList) error {
	done := 0
	for group := range kinds(list) {
		if err := o.ctx.Err(); err != nil {
			return fmt.Errorf("stopped after %d of %d objects: %w", done, len(list), err)
		}
		o.say(fmt.Sprintf("%s, %d of %d objects done", group[0].Mapping.GroupVersionKind.Kind, done, len(list)))
		var writers errgroup.Group
		writers.SetLimit(inParallel)
		for _, info := range group {
			writers.Go(func() error { return o.patch(info) })
		}
		if err := writers.Wait(); err != nil {
			return err
		}
		done += len(group)
	}
	return nil
}

// kinds splits a list into runs of one kind.
func kinds(list kube.ResourceList) func(yield func(kube.ResourceList) bool) {
	return func(yield func(kube.ResourceList) bool) {
		for len(list) > 0 {
			kind := list[0].Mapping.GroupVersionKind.Kind
			end := slices.IndexFunc(list, func(i *resource.Info) bool { return i.Mapping.GroupVersionKind.Kind != kind })
			if end < 0 {
				end = len(list)
			}
			if !yield(list[:end]) {
				return
			}
			list = list[end:]
		}
	}
}

func (o *objects) patch(info *resource.Info) error {
	what := fmt.Sprintf("%s %s", info.Mapping.GroupVersionKind.Kind, info.ObjectName())
	data, err := runtime.Encode(unstructured.UnstructuredJSONScheme, info.Object)
	if err != nil {
		return fmt.Errorf("%s cannot be encoded: %w", what, err)
	}
	force := true
	live, err := resource.NewHelper(info.Client, info.Mapping).
		DryRun(o.dryRun).
		WithFieldManager(cilium.HelmFieldManager).
		WithFieldValidation(metav1.FieldValidationStrict).
		Patch(info.Namespace, info.Name, types.ApplyPatchType, data, &metav1.PatchOptions{Force: &force})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return info.Refresh(live, true)
}
