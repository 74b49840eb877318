package leave

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/retry"

	"github.com/aksmesh/kubectl-aksmesh/internal/await"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
	"github.com/aksmesh/kubectl-aksmesh/internal/rollout"
)

const (
	remoteUsers = "clustermesh-remote-users"
	// generateCerts is the label k8s-app of certgen's Jobs, and the CronJob's name.
	generateCerts = "clustermesh-apiserver-generate-certs"
	// balancerTimeout bounds the wait for Azure to take a load balancer's
	// address back, which usually takes a minute.
	balancerTimeout = 8 * time.Minute
)

// part is one object of the mesh in a cluster that leaves.
type part struct {
	kind     string
	resource schema.GroupVersionResource
	name     string
}

func (p part) String() string { return p.kind + " " + cilium.Namespace + "/" + p.name }

// parts are all objects of the mesh that outlive Helm's revision in some way:
// made by certgen or cert-manager, by a hook, or by a join that was killed. The
// last ones are those by which a repeated leave sees that something is left.
func (c *Cluster) parts() []part {
	core := func(resource string) schema.GroupVersionResource {
		return schema.GroupVersionResource{Version: "v1", Resource: resource}
	}
	deployments := schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
	cronJobs := schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "cronjobs"}
	all := []part{
		{"CronJob", cronJobs, generateCerts},
		{"ConfigMap", core("configmaps"), remoteUsers},
		{"Secret", core("secrets"), cilium.PeersSecret},
		{"Secret", core("secrets"), cilium.KVStorePeerSecret},
		{"Service", core("services"), "clustermesh-apiserver-metrics"},
		{"Deployment", deployments, cilium.MeshDeployment},
	}
	if !c.keepCerts {
		for _, cert := range []string{"admin", "client", "remote", "local", "server"} {
			all = append(all, part{"Secret", core("secrets"), meshCertPrefix + cert + "-cert"})
		}
	}
	return append(all, part{"Service", core("services"), cilium.MeshService})
}

func (r *run) removeStep(c *Cluster) *plan.Step {
	if !c.Helm.Needed && len(c.Remove) == 0 {
		return nil
	}
	step := &plan.Step{
		ID: stepRemove, Action: plan.Delete, Object: "the mesh's objects in " + cilium.Namespace,
		Summary: "delete what Helm leaves of the mesh, and see that nothing is left",
		Needs:   append(r.forgotten(), id(c.Context, stepHelm)),
		Do:      func(ctx context.Context, say func(string)) error { return r.remove(ctx, c, say) },
	}
	for _, object := range c.Remove {
		step.Diff = append(step.Diff, "- "+object)
	}
	return step
}

// remove deletes what is there, and reads back that it is gone.
func (r *run) remove(ctx context.Context, c *Cluster, say func(string)) error {
	parts := c.parts()
	jobs, err := r.jobs(ctx, c)
	if err != nil {
		return err
	}
	parts = append(jobs, parts...)
	for _, p := range parts {
		err := retry.OnError(retry.DefaultBackoff, rollout.Passing, func() error { return r.delete(ctx, c, p, say) })
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("%s could not be deleted: %w", p, err)
		}
	}
	for _, p := range parts {
		if err := r.gone(ctx, c, p, say); err != nil {
			return err
		}
	}
	return nil
}

// delete deletes an object that is there and not on its way out already.
func (r *run) delete(ctx context.Context, c *Cluster, p part, say func(string)) error {
	objects := r.cluster(c).Dynamic.Resource(p.resource).Namespace(cilium.Namespace)
	found, err := objects.Get(ctx, p.name, metav1.GetOptions{})
	if err != nil || found.GetDeletionTimestamp() != nil {
		return err
	}
	say("deleting " + p.String())
	uid, background := found.GetUID(), metav1.DeletePropagationBackground
	return objects.Delete(ctx, p.name, metav1.DeleteOptions{
		PropagationPolicy: &background, Preconditions: &metav1.Preconditions{UID: &uid},
	})
}

// gone waits until an object is no more. Only a load balancer's Service takes
// its time: Azure has to take the address back first.
func (r *run) gone(ctx context.Context, c *Cluster, p part, say func(string)) error {
	objects := r.cluster(c).Dynamic.Resource(p.resource).Namespace(cilium.Namespace)
	found, err := objects.Get(ctx, p.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s could not be read back: %w", p, err)
	}
	if found.GetDeletionTimestamp() != nil && !r.live.Wait {
		return nil
	}
	say("waiting for " + p.String() + " to go")
	ctx, cancel := context.WithTimeoutCause(ctx, balancerTimeout, errors.New("not gone within "+balancerTimeout.String()))
	defer cancel()
	only := func(o metav1.ListOptions) metav1.ListOptions {
		o.FieldSelector = fields.OneTermEqualSelector(metav1.ObjectNameField, p.name).String()
		return o
	}
	lw := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return objects.List(ctx, only(o))
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			return objects.Watch(ctx, only(o))
		},
	}
	uid := found.GetUID()
	err = await.Event(ctx, &unstructured.Unstructured{}, lw,
		func(store cache.Store) (bool, error) { return !holds(store, uid), nil },
		func(event watch.Event) bool { return event.Type == watch.Deleted })
	if err != nil {
		return fmt.Errorf("%s is still there; see: kubectl --context %s -n %s describe %s %s: %w",
			p, c.Context, cilium.Namespace, strings.ToLower(p.kind), p.name, err)
	}
	return nil
}

func holds(store cache.Store, uid types.UID) bool {
	for _, object := range store.List() {
		if u, ok := object.(*unstructured.Unstructured); ok && u.GetUID() == uid {
			return true
		}
	}
	return false
}

// jobs are certgen's. Charts before 1.19 make them as hooks, which Helm does
// not remove with the release's objects.
func (r *run) jobs(ctx context.Context, c *Cluster) ([]part, error) {
	resource := schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "jobs"}
	list, err := r.cluster(c).Dynamic.Resource(resource).Namespace(cilium.Namespace).List(ctx, metav1.ListOptions{LabelSelector: "k8s-app=" + generateCerts})
	if err != nil {
		return nil, fmt.Errorf("jobs could not be listed: %w", err)
	}
	var all []part
	for i := range list.Items {
		all = append(all, part{"Job", resource, list.Items[i].GetName()})
	}
	return all, nil
}
