package rollout

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/collect"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// readiness gathers what watches bring until all of Cilium is ready.
type readiness struct {
	required []string // kind/name of parts that must exist
	mu       sync.Mutex
	parts    map[string]mesh.Workload // by kind/name
	reasons  map[string]podReason     // by pod
	say      func(string)
	done     func()
}

func (w *readiness) see(object any, deleted bool) {
	w.mu.Lock()
	switch o := object.(type) {
	case *appsv1.DaemonSet:
		w.keep(collect.DaemonSetState(o), deleted)
	case *appsv1.Deployment:
		w.keep(collect.DeploymentState(o), deleted)
	case *corev1.Pod:
		delete(w.reasons, o.Name)
		if !deleted {
			w.reasons[o.Name] = waitingReason(o)
		}
	}
	text := w.missing()
	w.mu.Unlock()
	if text == "" {
		w.done()
		return
	}
	w.say(text)
}

func (w *readiness) keep(part mesh.Workload, deleted bool) {
	delete(w.parts, part.Kind+"/"+part.Name)
	if !deleted {
		w.parts[part.Kind+"/"+part.Name] = part
	}
}

func (w *readiness) waiting() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.missing()
}

// missing says in one line what is not ready; empty if all is.
func (w *readiness) missing() string {
	var lines []string
	for _, name := range w.required {
		if _, ok := w.parts[name]; !ok {
			lines = append(lines, name+" does not exist yet")
		}
	}
	for _, part := range w.parts {
		// A DaemonSet that its controller has not looked at yet desires no pod.
		if part.Updated && part.Ready >= part.Desired && (part.Desired > 0 || part.Name != cilium.AgentDaemonSet) {
			continue
		}
		lines = append(lines, fmt.Sprintf("%s: %d of %d ready", part.Name, part.Ready, part.Desired))
	}
	if len(lines) == 0 {
		return ""
	}
	slices.Sort(lines)
	return strings.Join(append(lines, w.why()...), ", ")
}

// why are the reasons of pods that will not start by waiting alone. Until
// agents are ready, nodes take no other pods: that is not worth a word.
func (w *readiness) why() []string {
	agent := w.parts["DaemonSet/"+cilium.AgentDaemonSet]
	agentsReady := agent.Desired > 0 && agent.Ready >= agent.Desired
	var reasons []string
	for _, reason := range w.reasons {
		if reason.text != "" && (agentsReady || !reason.unscheduled) && !slices.Contains(reasons, reason.text) {
			reasons = append(reasons, reason.text)
		}
	}
	slices.Sort(reasons)
	return reasons
}

// podReason is why a pod does not run.
type podReason struct {
	text        string
	unscheduled bool
}

// waitingReason translates why a pod does not run; empty if it does, or if it
// merely starts.
func waitingReason(pod *corev1.Pod) podReason {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			return podReason{fmt.Sprintf("%s cannot be scheduled (%s)", pod.Name, firstSentence(condition.Message)), true}
		}
	}
	return podReason{text: containerReason(pod)}
}

func containerReason(pod *corev1.Pod) string {
	for _, status := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		waiting := status.State.Waiting
		if waiting == nil {
			continue
		}
		switch waiting.Reason {
		case "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull":
			return fmt.Sprintf("%s cannot get image %s", pod.Name, status.Image)
		case "CrashLoopBackOff":
			return fmt.Sprintf("%s: container %s crashes again and again (see its logs)", pod.Name, status.Name)
		case "CreateContainerConfigError", "CreateContainerError":
			return fmt.Sprintf("%s: container %s cannot be created (%s)", pod.Name, status.Name, firstSentence(waiting.Message))
		}
	}
	return ""
}

func firstSentence(text string) string {
	text, _, _ = strings.Cut(strings.TrimSpace(text), ". ")
	return strings.Join(strings.Fields(text), " ")
}
