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

// onEvents says what the cluster's events tell about an object, once waiting
// takes longer than usual. stop ends it.
func onEvents(ctx context.Context, c *mesh.Cluster, name string, say func(string)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		for {
			select {
			case <-time.After(eventsAfter):
			case <-ctx.Done():
				return
			}
			if text := lastEvent(ctx, c, name); text != "" {
				say(text)
			}
		}
	}()
	return cancel
}

func lastEvent(ctx context.Context, c *mesh.Cluster, name string) string {
	list, err := c.Client.CoreV1().Events(cilium.Namespace).List(ctx, metav1.ListOptions{
		FieldSelector: fields.OneTermEqualSelector("involvedObject.name", name).String(),
	})
	if err != nil || len(list.Items) == 0 {
		return "" // events only explain; the wait itself reports errors
	}
	last := slices.MaxFunc(list.Items, func(a, b corev1.Event) int { return a.LastTimestamp.Compare(b.LastTimestamp.Time) })
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
