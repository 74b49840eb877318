package apienv

import (
	"context"
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// SimulatedWorkloads says of every DaemonSet and Deployment in kube-system
// that all its pods run its newest template and are ready, as controllers and
// kubelets would after a while. There are no pods.
type SimulatedWorkloads struct {
	client kubernetes.Interface
	nodes  int // how many pods a DaemonSet has
	failed chan error
}

// NewSimulatedWorkloads returns workloads of a cluster with that many nodes.
func NewSimulatedWorkloads(client kubernetes.Interface, nodes int) *SimulatedWorkloads {
	return &SimulatedWorkloads{client: client, nodes: nodes, failed: make(chan error, 1)}
}

// Run watches the cluster until ctx is done.
func (s *SimulatedWorkloads) Run(ctx context.Context) error {
	factory := informers.NewSharedInformerFactoryWithOptions(s.client, 0, informers.WithNamespace(metav1.NamespaceSystem))
	for _, informer := range []cache.SharedIndexInformer{
		factory.Apps().V1().DaemonSets().Informer(), factory.Apps().V1().Deployments().Informer(),
	} {
		_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    func(object any) { s.seen(ctx, object) },
			UpdateFunc: func(_, object any) { s.seen(ctx, object) },
		})
		if err != nil {
			return fmt.Errorf("watch workloads: %w", err)
		}
	}
	factory.Start(ctx.Done())
	defer factory.Shutdown()
	select {
	case err := <-s.failed:
		return err
	case <-ctx.Done():
		return nil
	}
}

// seen makes the object ready. A status that is right already is left alone,
// so that the update which this is does not bring another.
func (s *SimulatedWorkloads) seen(ctx context.Context, object any) {
	var err error
	switch o := object.(type) {
	case *appsv1.DaemonSet:
		err = s.daemonSet(ctx, o)
	case *appsv1.Deployment:
		err = s.deployment(ctx, o)
	}
	if err == nil || ctx.Err() != nil {
		return
	}
	select {
	case s.failed <- err:
	default: // one error tells enough
	}
}

func (s *SimulatedWorkloads) daemonSet(ctx context.Context, set *appsv1.DaemonSet) error {
	pods := int32(s.nodes) //nolint:gosec // a test's few nodes
	if set.Name == kubeProxyInitializer {
		pods = 0
	}
	ready := appsv1.DaemonSetStatus{
		ObservedGeneration: set.Generation, DesiredNumberScheduled: pods, CurrentNumberScheduled: pods,
		UpdatedNumberScheduled: pods, NumberReady: pods, NumberAvailable: pods,
	}
	if set.Status.ObservedGeneration == set.Generation && set.Status.NumberReady == pods {
		return nil
	}
	_, err := s.client.AppsV1().DaemonSets(set.Namespace).Patch(ctx, set.Name, types.MergePatchType, statusPatch(ready), metav1.PatchOptions{}, "status")
	return unlessGone(err)
}

func (s *SimulatedWorkloads) deployment(ctx context.Context, d *appsv1.Deployment) error {
	pods := int32(1) // Kubernetes' default
	if d.Spec.Replicas != nil {
		pods = *d.Spec.Replicas
	}
	ready := appsv1.DeploymentStatus{
		ObservedGeneration: d.Generation, Replicas: pods, UpdatedReplicas: pods, ReadyReplicas: pods, AvailableReplicas: pods,
	}
	if d.Status.ObservedGeneration == d.Generation && d.Status.ReadyReplicas == pods {
		return nil
	}
	_, err := s.client.AppsV1().Deployments(d.Namespace).Patch(ctx, d.Name, types.MergePatchType, statusPatch(ready), metav1.PatchOptions{}, "status")
	return unlessGone(err)
}

func unlessGone(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

func statusPatch(status any) []byte {
	patch, err := json.Marshal(map[string]any{"status": status})
	if err != nil { // numbers always encode
		panic(fmt.Sprintf("encode status: %v", err))
	}
	return patch
}
