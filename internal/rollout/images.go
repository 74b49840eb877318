package rollout

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
)

// missingFor is how long an image has to be missing before nobody waits for it
// any longer: a push or a replica of a registry may be behind by seconds, and
// the kubelet tries two or three times meanwhile.
const missingFor = 30 * time.Second

// unpulled is a container that waits for its image.
type unpulled struct {
	pod, container, image string
	// reason is the kubelet's, and why what the container runtime said at the
	// last try; empty if that is not known.
	reason, why string
	// invalid means that the image's name is none, and missing that the
	// registry was asked and has no such image.
	invalid, missing bool
	// since is when a try first found it missing in the time of this wait; zero
	// if none has. What a try of before has found may be mended by now: the
	// kubelet pauses for up to five minutes between tries.
	since time.Time
}

// unpulledOf are the containers of a pod that wait for their images, by name.
func unpulledOf(pod *corev1.Pod, before map[string]*unpulled, now time.Time) map[string]*unpulled {
	found := map[string]*unpulled{}
	if pod.DeletionTimestamp != nil {
		return found
	}
	for _, status := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		waiting := status.State.Waiting
		if waiting == nil || !slices.Contains(pullReasons(), waiting.Reason) {
			continue
		}
		u := &unpulled{
			pod: pod.Name, container: status.Name, image: status.Image,
			reason: waiting.Reason, why: cause(waiting.Message), invalid: waiting.Reason == "InvalidImageName",
		}
		u.missing = saysMissing(u.why)
		u.after(before[status.Name], now)
		found[status.Name] = u
	}
	return found
}

// pullReasons are the kubelet's words for a container without its image.
func pullReasons() []string {
	return []string{"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable", "SignatureValidationFailed"}
}

// after takes over what was known of the same container before: older kubelets
// do not repeat the last try's error while they pause.
func (u *unpulled) after(before *unpulled, now time.Time) {
	if before != nil && before.image == u.image {
		if u.why == "" {
			u.why, u.missing = before.why, before.missing
		}
		u.since = before.since
	}
	switch {
	case !u.missing:
		u.since = time.Time{}
	case u.since.IsZero() && u.reason == "ErrImagePull":
		u.since = now
	}
}

// hopeless says whether waiting for the image will not help.
func (u *unpulled) hopeless(now time.Time) bool {
	return u.invalid || !u.since.IsZero() && now.Sub(u.since) >= missingFor
}

// what says what is wrong with the image.
func (u *unpulled) what() string {
	why := cmp.Or(u.why, u.reason)
	switch {
	case u.invalid:
		return fmt.Sprintf("container %s: %q is no image's name (%s)", u.container, u.image, why)
	case u.missing:
		return fmt.Sprintf("container %s: image %s does not exist (%s)", u.container, u.image, why)
	default:
		return fmt.Sprintf("container %s: image %s cannot be pulled (%s)", u.container, u.image, why)
	}
}

// group says in one line each what is wrong with images, however many pods have
// the same trouble.
func group(all []*unpulled) []string {
	pods := map[string][]string{}
	for _, u := range all {
		pods[u.what()] = append(pods[u.what()], u.pod)
	}
	lines := make([]string, 0, len(pods))
	for _, what := range slices.Sorted(maps.Keys(pods)) {
		who := "pod " + slices.Min(pods[what])
		if more := len(pods[what]) - 1; more > 0 {
			who += fmt.Sprintf(" and %d more", more)
		}
		lines = append(lines, who+", "+what)
	}
	return lines
}

// hopelessImage ends a wait that nothing but another image would end well.
type hopelessImage struct {
	unpulled
	context, workload string
}

func (h *hopelessImage) Error() string {
	mend := "push it, or name another one in the "
	if h.invalid {
		mend = "name one in the "
	}
	return fmt.Sprintf("pod %s, %s: %s%s; see: kubectl --context %s -n %s describe pod %s",
		h.pod, h.what(), mend, imageValue(h.workload), h.context, cilium.Namespace, h.pod)
}

// imageValue is where the values name the image of a part of Cilium.
func imageValue(workload string) string {
	value, ok := map[string]string{
		cilium.AgentDaemonSet: "image", cilium.OperatorDeployment: "operator.image",
		cilium.MeshDeployment: "clustermesh.apiserver.image",
		"cilium-envoy":        "envoy.image", "hubble-relay": "hubble.relay.image",
	}[workload]
	if !ok {
		return "Helm values"
	}
	return "Helm value " + value
}

// preamble is what the kubelet and gRPC put before a container runtime's error.
var preamble = regexp.MustCompile(`^(Back-off pulling image "[^"]*"(: )?)?(ErrImagePull: )?(rpc error: code = \w+ desc = )?(failed to pull (and unpack )?image "[^"]*": )?`)

// cause is what the container runtime said; empty if the kubelet only says that
// it pauses.
func cause(message string) string {
	said := strings.Join(strings.Fields(message), " ")
	return said[len(preamble.FindString(said)):]
}

// saysMissing says whether a container runtime's error means that the registry
// has no such image. Registries, proxies and those who give tokens have many
// ways to say "not found": only that of who was asked for the image counts.
func saysMissing(said string) bool {
	said = strings.ToLower(said)
	has := func(part string) bool { return strings.Contains(said, part) }
	switch {
	case has("authoriz"), has("token"), has("denied"), has("failed to do request"):
		return false
	case has("manifest unknown"), has("name unknown"), has("not known to registry"), has("no match for platform"):
		return true
	}
	return has("failed to resolve") && (has(": not found") || has("404 not found"))
}
