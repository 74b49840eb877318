package probe

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// ErrImage is the cause of an error that another image would mend.
var ErrImage = errors.New("the prober's image cannot be used")

// obstacle is what keeps a pod from running.
type obstacle struct {
	text string // one line; empty if there is none
	// final means that waiting will not help.
	final bool
	image bool // another image would
}

func (o obstacle) err() error {
	if o.image {
		return fmt.Errorf("%s: %w", o.text, ErrImage)
	}
	return errors.New(o.text)
}

// obstacleOf says why a pod does not run, by its status.
func obstacleOf(pod *corev1.Pod) obstacle {
	state := containerOf(pod).State
	switch {
	case state.Terminated != nil && slices.Contains([]string{"StartError", "ContainerCannotRun"}, state.Terminated.Reason):
		return notStartable(pod, told(state.Terminated.Reason, state.Terminated.Message))
	case state.Terminated != nil || state.Running != nil:
		return obstacle{}
	case pod.Status.Phase == corev1.PodFailed:
		return obstacle{final: true, text: "the pod was ended before its container ran: " + told(pod.Status.Reason, pod.Status.Message)}
	case state.Waiting != nil:
		return waitsFor(pod, state.Waiting)
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			// Not final: an autoscaler may be making a node.
			return obstacle{text: "no node takes the pod: " + told(condition.Reason, condition.Message)}
		}
	}
	return obstacle{}
}

// waitsFor translates the kubelet's reasons why a container waits.
func waitsFor(pod *corev1.Pod, waiting *corev1.ContainerStateWaiting) obstacle {
	image := pod.Spec.Containers[0].Image
	said := told(waiting.Reason, waiting.Message)
	switch waiting.Reason {
	case "ErrImagePull": // it is tried again
		return obstacle{text: fmt.Sprintf("image %s cannot be pulled yet: %s", image, said)}
	case "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed":
		return obstacle{final: true, image: true, text: fmt.Sprintf("image %s cannot be pulled: %s", image, said)}
	case "CreateContainerConfigError", "CreateContainerError", "RunContainerError":
		return notStartable(pod, said)
	}
	return obstacle{} // ContainerCreating: it is being made
}

func notStartable(pod *corev1.Pod, said string) obstacle {
	return obstacle{final: true, image: true, text: fmt.Sprintf("image %s cannot be started: %s", pod.Spec.Containers[0].Image, said)}
}

// containerOf is the prober's status. A sidecar that was injected is none.
func containerOf(pod *corev1.Pod) corev1.ContainerStatus {
	for _, status := range pod.Status.ContainerStatuses {
		if status.Name == container {
			return status
		}
	}
	return corev1.ContainerStatus{}
}

// endOf says how a container ended that told no result.
func endOf(pod *corev1.Pod) string {
	ended := containerOf(pod).State.Terminated
	switch {
	case pod.Status.Reason == "DeadlineExceeded":
		return "it had not ended before the pod's deadline"
	case ended == nil:
		return told(cmp.Or(pod.Status.Reason, string(pod.Status.Phase)), pod.Status.Message)
	}
	return fmt.Sprintf("%s with exit code %d", told(ended.Reason, ended.Message), ended.ExitCode)
}

// refused translates why the API server does not take a pod.
func refused(err error, namespace string) error {
	message := flat(err.Error())
	switch {
	case apierrors.IsNotFound(err):
		return fmt.Errorf("namespace %s is not there for the prober's pod: %w", namespace, err)
	case strings.Contains(message, `cannot create resource "pods"`):
		return fmt.Errorf("this user may not create pods in namespace %s: %w", namespace, err)
	case strings.Contains(message, "exceeded quota"), strings.Contains(message, "failed quota"):
		return fmt.Errorf("a ResourceQuota of namespace %s leaves no room for the prober's pod: %w", namespace, err)
	case strings.Contains(message, "violates PodSecurity"):
		return fmt.Errorf("pod security of namespace %s does not admit the prober's pod: %w", namespace, err)
	case strings.Contains(message, "admission webhook"), strings.Contains(message, "ValidatingAdmissionPolicy"):
		return fmt.Errorf("an admission policy refuses the prober's pod: %w", err)
	case apierrors.IsForbidden(err):
		return fmt.Errorf("namespace %s does not admit the prober's pod: %w", namespace, err)
	}
	return fmt.Errorf("the prober's pod cannot be created in namespace %s: %w", namespace, err)
}

// told joins a reason and a message, of which either may be missing.
func told(reason, message string) string {
	message = flat(message)
	switch {
	case message == "":
		return cmp.Or(reason, "no reason is given")
	case reason == "" || strings.Contains(message, reason):
		return message
	}
	return reason + ": " + message
}

// flat makes one line of a text.
func flat(text string) string { return strings.Join(strings.Fields(text), " ") }
