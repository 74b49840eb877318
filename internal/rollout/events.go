package rollout

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// eventsAfter is how long nothing is said about an object's events: until
// then waiting is normal.
const eventsAfter = 10 * time.Second

// onEvents hands over the cluster's events about an object, once waiting takes
// longer than usual, and then again and again. stop ends it.
func onEvents(ctx context.Context, c *mesh.Cluster, name string, see func([]corev1.Event)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		for {
			select {
			case <-time.After(eventsAfter):
			case <-ctx.Done():
				return
			}
			list, err := c.Client.CoreV1().Events(cilium.Namespace).List(ctx, metav1.ListOptions{
				FieldSelector: fields.OneTermEqualSelector("involvedObject.name", name).String(),
			})
			if err == nil && len(list.Items) > 0 { // events only explain; the wait itself reports errors
				see(list.Items)
			}
		}
	}()
	return cancel
}

// lastEvent says what the newest of some events tells.
func lastEvent(events []corev1.Event) string {
	last := slices.MaxFunc(events, func(a, b corev1.Event) int { return a.LastTimestamp.Compare(b.LastTimestamp.Time) })
	return translate(last.Reason, last.Message)
}

// translate puts Azure's most frequent answers into plain words with the next step.
func translate(reason, message string) string {
	switch {
	case strings.Contains(message, "AuthorizationFailed") || strings.Contains(message, "LinkedAuthorizationFailed"):
		return "Azure denies the cluster's identity the subnet: give it the role Network Contributor on the virtual network, then run any az aks update"
	case reason == "EnsuringLoadBalancer":
		return "Azure is making the load balancer"
	default:
		return reason + ": " + firstSentence(message)
	}
}

// timedOut says what was waited for in vain.
func timedOut(err error, format string, args ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), err)
}
