package rollout

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// KeepBundle has Helm keep a release's trust bundle when the values no longer
// have it made. Pods mount it until they are rolled out, which takes longer than
// a revision, and without it they could verify nobody. See [DropBundle]. A
// bundle that is not there is none to keep.
func KeepBundle(ctx context.Context, c *mesh.Cluster, bundle values.Bundle) error {
	patch := []byte(`{"metadata":{"annotations":{"helm.sh/resource-policy":"keep","` + cilium.AnnotationKept + `":"true"}}}`)
	options := metav1.PatchOptions{FieldManager: cilium.FieldManager}
	core := c.Client.CoreV1()
	err := retry.OnError(retry.DefaultBackoff, Passing, func() (err error) {
		if bundle.Secret {
			_, err = core.Secrets(cilium.Namespace).Patch(ctx, bundle.Name, types.MergePatchType, patch, options)
		} else {
			_, err = core.ConfigMaps(cilium.Namespace).Patch(ctx, bundle.Name, types.MergePatchType, patch, options)
		}
		return err
	})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("%s could not be kept from Helm: %w", bundle.Object(cilium.Namespace), err)
	}
	return nil
}

// DropBundle deletes a trust bundle that [KeepBundle] kept, once all pods run
// without it. One that agents mount again, or that is somebody else's, stays.
func DropBundle(ctx context.Context, c *mesh.Cluster, bundle values.Bundle) error {
	err := retry.OnError(retry.DefaultBackoff, Passing, func() error {
		meta, err := bundleMeta(ctx, c, bundle)
		if err != nil || !cilium.Kept(meta.Annotations) || !cilium.HelmOwned(meta.Labels, meta.Annotations, cilium.Namespace) {
			return err
		}
		if used, err := mounted(ctx, c, bundle); used || err != nil {
			return err
		}
		options := metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &meta.UID}}
		if bundle.Secret {
			return c.Client.CoreV1().Secrets(cilium.Namespace).Delete(ctx, bundle.Name, options)
		}
		return c.Client.CoreV1().ConfigMaps(cilium.Namespace).Delete(ctx, bundle.Name, options)
	})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("%s could not be deleted: %w", bundle.Object(cilium.Namespace), err)
	}
	return nil
}

func bundleMeta(ctx context.Context, c *mesh.Cluster, bundle values.Bundle) (metav1.ObjectMeta, error) {
	if bundle.Secret {
		secret, err := c.Client.CoreV1().Secrets(cilium.Namespace).Get(ctx, bundle.Name, metav1.GetOptions{})
		if err != nil {
			return metav1.ObjectMeta{}, err
		}
		return secret.ObjectMeta, nil
	}
	configMap, err := c.Client.CoreV1().ConfigMaps(cilium.Namespace).Get(ctx, bundle.Name, metav1.GetOptions{})
	if err != nil {
		return metav1.ObjectMeta{}, err
	}
	return configMap.ObjectMeta, nil
}

// mounted says whether agents are to mount a bundle: somebody has set one anew.
func mounted(ctx context.Context, c *mesh.Cluster, bundle values.Bundle) (bool, error) {
	set, err := c.Client.AppsV1().DaemonSets(cilium.Namespace).Get(ctx, cilium.AgentDaemonSet, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for _, volume := range set.Spec.Template.Spec.Volumes {
		if volume.Projected == nil {
			continue
		}
		for i := range volume.Projected.Sources {
			if sourceOf(&volume.Projected.Sources[i]) == (values.Bundle{Name: bundle.Name, Secret: bundle.Secret}) {
				return true, nil
			}
		}
	}
	return false, nil
}

// sourceOf is where a part of a projected volume comes from.
func sourceOf(source *corev1.VolumeProjection) values.Bundle {
	switch {
	case source.ConfigMap != nil:
		return values.Bundle{Name: source.ConfigMap.Name}
	case source.Secret != nil:
		return values.Bundle{Name: source.Secret.Name, Secret: true}
	}
	return values.Bundle{}
}
