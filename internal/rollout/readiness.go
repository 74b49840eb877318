package rollout

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

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
	unlisted int                      // watches that have not brought all that there was at the beginning
	parts    map[string]mesh.Workload // by kind/name
	images   map[string][]string      // of the newest template, as container=image, by name of the part
	reasons  map[string]podReason     // by pod
	unpulled map[string]map[string]*unpulled
	leaving  map[string]time.Time // pods of the mesh's control plane that go, and until when they count
	say      func(string)
	done     func()
	now      func() time.Time
}

func newReadiness(required []string, say func(string), done func()) *readiness {
	return &readiness{
		required: required, say: say, done: done, now: time.Now,
		parts: map[string]mesh.Workload{}, images: map[string][]string{},
		reasons: map[string]podReason{}, unpulled: map[string]map[string]*unpulled{}, leaving: map[string]time.Time{},
	}
}

func (w *readiness) see(object any, deleted bool) {
	w.mu.Lock()
	w.take(object, deleted)
	w.mu.Unlock()
	w.tell()
}

// listed takes all that one watch has found at the beginning. Before all of them
// have, a part that need not exist may be missing from what was seen.
func (w *readiness) listed(objects []any) {
	w.mu.Lock()
	for _, object := range objects {
		w.take(object, false)
	}
	w.unlisted--
	w.mu.Unlock()
	w.tell()
}

func (w *readiness) take(object any, deleted bool) {
	switch o := object.(type) {
	case *appsv1.DaemonSet:
		w.keep(collect.DaemonSetState(o), &o.Spec.Template.Spec, deleted)
	case *appsv1.Deployment:
		w.keep(collect.DeploymentState(o), &o.Spec.Template.Spec, deleted)
	case *corev1.Pod:
		w.pod(o, deleted)
	}
}

// tell says what is missing, or that nothing is.
func (w *readiness) tell() {
	w.mu.Lock()
	text, early := w.missing(), w.unlisted > 0
	w.mu.Unlock()
	if early {
		return
	}
	if text == "" {
		w.done()
		return
	}
	w.say(text)
}

func (w *readiness) keep(part mesh.Workload, template *corev1.PodSpec, deleted bool) {
	delete(w.parts, part.Kind+"/"+part.Name)
	delete(w.images, part.Name)
	if deleted {
		return
	}
	w.parts[part.Kind+"/"+part.Name] = part
	for _, container := range slices.Concat(template.InitContainers, template.Containers) {
		w.images[part.Name] = append(w.images[part.Name], container.Name+"="+container.Image)
	}
}

func (w *readiness) pod(pod *corev1.Pod, deleted bool) {
	before := w.unpulled[pod.Name]
	delete(w.reasons, pod.Name)
	delete(w.unpulled, pod.Name)
	delete(w.leaving, pod.Name)
	if deleted {
		return
	}
	w.reasons[pod.Name] = waitingReason(pod)
	w.unpulled[pod.Name] = unpulledOf(pod, before, w.now())
	if serves(pod) && pod.DeletionTimestamp != nil {
		w.leaving[pod.Name] = pod.DeletionTimestamp.Add(leavingGrace)
	}
}

// hopeless is an error if an image stands in the way that no waiting brings.
// Pods of an older template do not count: they are about to be replaced.
func (w *readiness) hopeless(context string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, pod := range slices.Sorted(maps.Keys(w.unpulled)) {
		for _, u := range w.unpulled[pod] {
			for part, images := range w.images {
				if u.hopeless(w.now()) && slices.Contains(images, u.container+"="+u.image) {
					return &hopelessImage{unpulled: *u, context: context, workload: part}
				}
			}
		}
	}
	return nil
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
		line := fmt.Sprintf("%s: %d of %d ready", part.Name, part.Ready, part.Desired)
		if part.Ready >= part.Desired {
			line += " (not all of the newest version)"
		}
		lines = append(lines, line)
	}
	for pod, until := range w.leaving {
		if w.now().Before(until) {
			lines = append(lines, pod+" has not ended yet")
		}
	}
	if len(lines) == 0 {
		return ""
	}
	slices.Sort(lines)
	return strings.Join(append(lines, w.why()...), ", ")
}

// leavingGrace is how long after its time a pod that goes is still waited for: on
// a node that is dead, it stays for ever.
const leavingGrace = 10 * time.Second

// serves says whether a pod has an etcd of the mesh. A Deployment is ready while
// one of before still serves: agents and other clusters are connected to it, say
// so, and lose it a second later.
func serves(pod *corev1.Pod) bool {
	return pod.Labels[cilium.AppLabel] == cilium.MeshDeployment && !collect.Ended(pod)
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
	var images []*unpulled
	for _, containers := range w.unpulled {
		images = slices.AppendSeq(images, maps.Values(containers))
	}
	return append(reasons, group(images)...)
}

// podReason is why a pod does not run.
type podReason struct {
	text        string
	unscheduled bool
}

// waitingReason translates why a pod does not run; empty if it does, or if it
// merely starts. Its images are looked at apart, see [unpulled].
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
