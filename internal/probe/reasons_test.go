package probe

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func waiting(reason, message string) corev1.PodStatus {
	return status(corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}})
}

func terminated(reason, message string, code int32) corev1.PodStatus {
	return status(corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: reason, Message: message, ExitCode: code}})
}

func status(state corev1.ContainerState) corev1.PodStatus {
	return corev1.PodStatus{Phase: corev1.PodPending, ContainerStatuses: []corev1.ContainerStatus{
		{Name: "injected", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff"}}},
		{Name: container, State: state},
	}}
}

func podWith(s corev1.PodStatus) *corev1.Pod {
	return &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: container, Image: "r.example/p:v1"}}}, Status: s}
}

func TestObstacles(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status corev1.PodStatus
		want   obstacle
	}{
		"new":      {corev1.PodStatus{Phase: corev1.PodPending}, obstacle{}},
		"creating": {waiting("ContainerCreating", ""), obstacle{}},
		"running":  {status(corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}), obstacle{}},
		"ended":    {terminated("Error", "", 1), obstacle{}},
		"first pull": {waiting("ErrImagePull", "rpc error:\n not found"),
			obstacle{text: "image r.example/p:v1 cannot be pulled yet: ErrImagePull: rpc error: not found"}},
		"pull": {waiting("ImagePullBackOff", `Back-off pulling image "r.example/p:v1"`),
			obstacle{final: true, image: true, text: `image r.example/p:v1 cannot be pulled: ImagePullBackOff: Back-off pulling image "r.example/p:v1"`}},
		"name": {waiting("InvalidImageName", ""),
			obstacle{final: true, image: true, text: "image r.example/p:v1 cannot be pulled: InvalidImageName"}},
		"root": {waiting("CreateContainerConfigError", "container has runAsNonRoot and image will run as root"),
			obstacle{final: true, image: true, text: "image r.example/p:v1 cannot be started: CreateContainerConfigError: container has runAsNonRoot and image will run as root"}},
		"no such command": {terminated("StartError", "no such file", 128),
			obstacle{final: true, image: true, text: "image r.example/p:v1 cannot be started: StartError: no such file"}},
		"unschedulable": {corev1.PodStatus{Phase: corev1.PodPending, Conditions: []corev1.PodCondition{
			{Type: corev1.PodReady, Status: corev1.ConditionFalse, Reason: "x"},
			{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/1 nodes are available"},
		}}, obstacle{text: "no node takes the pod: Unschedulable: 0/1 nodes are available"}},
		"evicted": {corev1.PodStatus{Phase: corev1.PodFailed, Reason: "Evicted"},
			obstacle{final: true, text: "the pod was ended before its container ran: Evicted"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := obstacleOf(podWith(tt.status))
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(obstacle{})); diff != "" {
				t.Errorf("obstacle (-want +got):\n%s", diff)
			}
			if errors.Is(got.err(), ErrImage) != tt.want.image {
				t.Errorf("error %v", got.err())
			}
		})
	}
}

func TestEndOf(t *testing.T) {
	t.Parallel()
	deadline := terminated("Error", "", 143)
	deadline.Reason = "DeadlineExceeded"
	for want, s := range map[string]corev1.PodStatus{
		"OOMKilled with exit code 137":               terminated("OOMKilled", "", 137),
		"it had not ended before the pod's deadline": deadline,
		"Evicted: The node was low on resource":      {Phase: corev1.PodFailed, Reason: "Evicted", Message: "The node was low on resource"},
		"Failed":                                     {Phase: corev1.PodFailed},
	} {
		if got := endOf(podWith(s)); got != want {
			t.Errorf("end is %q, want %q", got, want)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	pods := schema.GroupResource{Resource: "pods"}
	forbidden := func(text string) error { return apierrors.NewForbidden(pods, "aksmesh-try-", errors.New(text)) }
	webhook := apierrors.NewBadRequest(`admission webhook "x.example" denied the request: no`)
	for want, err := range map[string]error{
		"this user may not create pods in namespace shop":                forbidden(`User "u" cannot create resource "pods" in API group ""`),
		"a ResourceQuota of namespace shop leaves no room":               forbidden("exceeded quota: q, requested: pods=1"),
		"pod security of namespace shop does not admit the prober's pod": forbidden(`violates PodSecurity "restricted:latest"`),
		"namespace shop does not admit the prober's pod":                 forbidden("maximum cpu usage per Container is 100m, but limit is 500m"),
		"an admission policy refuses the prober's pod":                   webhook,
		"namespace shop is not there":                                    apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, "shop"),
		"the prober's pod cannot be created in namespace shop: no route": errors.New("no route"),
	} {
		got := refused(err, "shop")
		if !strings.HasPrefix(got.Error(), want) || !errors.Is(got, err) {
			t.Errorf("%q, want it to begin with %q", got, want)
		}
	}
	if _, is := errors.AsType[*apierrors.StatusError](refused(&apierrors.StatusError{ErrStatus: metav1.Status{Reason: "x"}}, "n")); !is {
		t.Error("the API server's answer must remain")
	}
}
