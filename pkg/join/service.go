package join

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/rollout"
)

// addressTimeout bounds the wait for Azure's load balancer. It usually takes
// 10 s to 2 min; missing rights of the cluster's identity never pass.
const addressTimeout = 8 * time.Minute

func serviceDiff(c *Cluster, wish values.Service) []string {
	var diff []string
	line := func(key, value string) { diff = append(diff, "+ "+key+": "+value) }
	if s := c.seen.Service; s != nil {
		if s.Type != string(corev1.ServiceTypeLoadBalancer) {
			diff = append(diff, "- spec.type: "+s.Type)
		}
	}
	line("spec.type", string(corev1.ServiceTypeLoadBalancer))
	line("spec.publishNotReadyAddresses", "true")
	annotations := wish.Annotations()
	for _, key := range slices.Sorted(maps.Keys(annotations)) {
		line("metadata.annotations."+quote(key), annotations[key])
	}
	return diff
}

// applyService makes the Service, or mends it.
func (r *run) applyService(ctx context.Context, c *Cluster, dryRun bool) error {
	service := r.draft.MeshService(c)
	// Force: Helm owns these fields of a Service that its chart made. The plan
	// has shown what changes, and Helm's next revision says the same.
	options := metav1.ApplyOptions{FieldManager: cilium.FieldManager, Force: true}
	if dryRun {
		options.DryRun = []string{metav1.DryRunAll}
	}
	if _, err := r.live.Clusters[c.Context].Client.CoreV1().Services(cilium.Namespace).Apply(ctx, service, options); err != nil {
		return fmt.Errorf("service %s could not be applied: %w", cilium.MeshService, err)
	}
	return nil
}

// getAddress makes the Service, if it must, and waits for its address.
func (r *run) getAddress(ctx context.Context, c *Cluster, say func(string)) error {
	if c.Service.Needed {
		if err := r.applyService(ctx, c, false); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, addressTimeout)
	defer cancel()
	say("waiting for the load balancer's address")
	wanted := rollout.NewAddress{IP: r.draft.wishedIP(c), Before: c.Service.Before}
	addresses, err := rollout.Address(ctx, r.live.Clusters[c.Context], wanted, say)
	if err != nil {
		return err
	}
	r.setAddress(c.Context, addresses)
	return nil
}
