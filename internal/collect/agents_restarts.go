package collect

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// restarts are the containers that restarted or do not start, by pod.
func restarts(pods []corev1.Pod) []mesh.Restart {
	var found []mesh.Restart
	for i := range pods {
		p := &pods[i]
		for _, status := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
			if r, ok := restart(&status); ok {
				r.Pod, r.Node = p.Name, p.Spec.NodeName
				found = append(found, r)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b mesh.Restart) int { return cmp.Compare(a.Pod, b.Pod) })
	return found
}

func restart(status *corev1.ContainerStatus) (mesh.Restart, bool) {
	r := mesh.Restart{Container: status.Name, Count: status.RestartCount, Ready: status.Ready}
	// A container that ended and has not been started again has its end in
	// State, one that was has it in LastTerminationState.
	ended := cmp.Or(status.State.Terminated, status.LastTerminationState.Terminated)
	if ended != nil {
		r.Reason, r.Ended = ended.Reason, ended.FinishedAt.UTC()
	}
	if w := status.State.Waiting; w != nil && w.Reason != "ContainerCreating" && w.Reason != "PodInitializing" {
		r.Waiting = w.Reason
	}
	return r, r.Count > 0 || r.Waiting != ""
}
