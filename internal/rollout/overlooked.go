package rollout

import (
	"context"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// overlookedAfter is how long an agent may not know a cluster that its Secret
// names. The kubelet brings a changed Secret into pods within two minutes.
const overlookedAfter = 150 * time.Second

// overlooked finds agents and kvstoremeshes that have lost a cluster for good.
// Cilium watches the files of a mounted Secret one by one; when the kubelet
// swaps the folder at the wrong moment, it takes a file for deleted, and hears
// nothing of it again (pkg/clustermesh/common/config.go, seen with 1.20.1 on a
// loaded node). A new pod reads all files anew.
type overlooked struct {
	since    map[string]time.Time // by pod: since when it lacks some cluster
	replaced map[string]bool      // pods
}

func newOverlooked() *overlooked {
	return &overlooked{since: map[string]time.Time{}, replaced: map[string]bool{}}
}

// due are the pods that lack a cluster for too long, with the cluster's name;
// each is returned once.
func (o *overlooked) due(agents []mesh.Agent, expected []string, now time.Time) map[string]string {
	lost := map[string]string{}
	for i := range agents {
		a := &agents[i]
		lacks := slices.IndexFunc(expected, func(name string) bool { return !a.Knows(name) })
		switch begun, waits := o.since[a.Pod]; {
		case a.Error != "" || lacks < 0:
			delete(o.since, a.Pod)
		case !waits:
			o.since[a.Pod] = now
		case now.Sub(begun) >= overlookedAfter && !o.replaced[a.Pod]:
			o.replaced[a.Pod] = true
			lost[a.Pod] = expected[lacks]
		}
	}
	return lost
}

// heal replaces the pods that are due. kvstores says that they are those of
// clustermesh-apiserver.
func (o *overlooked) heal(ctx context.Context, c *mesh.Cluster, agents []mesh.Agent, kvstores bool, expected []string, say func(string)) error {
	for pod, name := range o.due(agents, expected, time.Now()) {
		named, err := named(ctx, c, kvstores, name)
		if err != nil {
			return err
		}
		if !named {
			continue // its settings are the trouble, not the pod
		}
		say(fmt.Sprintf("replacing pod %s: it has overlooked that its Secret names %s", pod, name))
		err = c.Client.CoreV1().Pods(cilium.Namespace).Delete(ctx, pod, metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("pod %s has overlooked that its Secret names %s, and could not be replaced: %w", pod, name, err)
		}
	}
	return nil
}

// named says whether the Secret that a pod reads its clusters from names one.
func named(ctx context.Context, c *mesh.Cluster, kvstores bool, name string) (bool, error) {
	from := cilium.PeersSecret
	if kvstores {
		from = cilium.KVStorePeerSecret
	}
	secret, err := c.Client.CoreV1().Secrets(cilium.Namespace).Get(ctx, from, metav1.GetOptions{})
	if err != nil {
		return false, fmt.Errorf("secret %s could not be read: %w", from, err)
	}
	_, ok := secret.Data[name]
	return ok, nil
}
