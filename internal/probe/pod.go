package probe

import (
	"cmp"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Labels of all pods of probes, by which they are found again.
const (
	labelManagedBy = "app.kubernetes.io/managed-by"
	managedBy      = "kubectl-aksmesh"
	labelComponent = "app.kubernetes.io/component"
	component      = "probe"
	// labelRun tells the pods of different runs apart.
	labelRun = "aksmesh.io/run"
)

const (
	container = "probe"
	nobody    = 65532 // the user of images without one, by convention
)

// Labels are those that all pods of probes have, which network policies see.
// Meshes of services are told to leave the pods alone, since their proxies
// would answer in the place of who is looked for.
func Labels() map[string]string {
	return map[string]string{labelManagedBy: managedBy, labelComponent: component, "sidecar.istio.io/inject": "false"}
}

// selector finds the pods of all probes.
func selector() string {
	return labels.Set{labelManagedBy: managedBy, labelComponent: component}.String()
}

// Job is what a prober is to do.
type Job struct {
	Namespace string
	Image     string
	Args      []string // of the prober, its subcommand first
	// Name is what the pod's begins with; "aksmesh-try-" if it is empty.
	Name string
	// Node is where the pod runs; empty leaves it to the scheduler.
	Node string
	// HostNetwork has the pod speak with its node's address.
	HostNetwork bool
	// Watch lets the prober see packets that the kernel's tunnel takes: it gets
	// CAP_NET_RAW and no other right. Kubernetes gives rights of the kernel's to
	// no user but 0, so that is who it runs as.
	Watch bool
	// Unit is what the prober counts its progress in; "requests" if it is empty.
	Unit string
	// addressed has the start be waited for until the pod's address is known.
	addressed bool
	// StartWithin bounds the time until the prober runs, its image's pull
	// included; RunWithin the time from then to its result.
	StartWithin, RunWithin time.Duration
}

// pod is the job's pod. Limits are there because quotas and LimitRanges may
// ask for them.
func (j *Job) pod(run string) *corev1.Pod {
	all := Labels()
	all[labelRun] = run
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			GenerateName: cmp.Or(j.Name, "aksmesh-try-"), Namespace: j.Namespace, Labels: all,
			Annotations: map[string]string{"linkerd.io/inject": "disabled"},
		},
		Spec: corev1.PodSpec{
			RestartPolicy:                 corev1.RestartPolicyNever,
			ActiveDeadlineSeconds:         new(int64((j.StartWithin + j.RunWithin) / time.Second)),
			TerminationGracePeriodSeconds: new(int64(1)),
			AutomountServiceAccountToken:  new(false),
			EnableServiceLinks:            new(false),
			NodeSelector:                  map[string]string{corev1.LabelOSStable: "linux"},
			SecurityContext: &corev1.PodSecurityContext{
				RunAsNonRoot: new(true), RunAsUser: new(int64(nobody)), RunAsGroup: new(int64(nobody)),
				SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			},
			Containers: []corev1.Container{{
				Name: container, Image: j.Image, ImagePullPolicy: corev1.PullIfNotPresent, Args: j.Args,
				Resources: corev1.ResourceRequirements{
					Requests: amount("10m", "16Mi"),
					Limits:   amount("500m", "64Mi"),
				},
				SecurityContext: &corev1.SecurityContext{
					AllowPrivilegeEscalation: new(false), Privileged: new(false), ReadOnlyRootFilesystem: new(true),
					Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
				},
			}},
		},
	}
	j.place(&pod.Spec)
	return pod
}

// place puts the pod where it belongs, with what it needs there.
func (j *Job) place(spec *corev1.PodSpec) {
	spec.HostNetwork = j.HostNetwork
	if j.Node != "" {
		// By way of the scheduler, which knows what the node has room for.
		spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
				MatchFields: []corev1.NodeSelectorRequirement{{Key: metav1.ObjectNameField, Operator: corev1.NodeSelectorOpIn, Values: []string{j.Node}}},
			}}},
		}}
		spec.Tolerations = []corev1.Toleration{{Key: systemTaint, Operator: corev1.TolerationOpExists}}
	}
	if j.Watch {
		spec.SecurityContext.RunAsNonRoot, spec.SecurityContext.RunAsUser, spec.SecurityContext.RunAsGroup = nil, new(int64(0)), new(int64(0))
		spec.Containers[0].SecurityContext.Capabilities.Add = []corev1.Capability{"NET_RAW"}
	}
}

// systemTaint is that of AKS's system node pools.
const systemTaint = "CriticalAddonsOnly"

func amount(cpu, memory string) corev1.ResourceList {
	return corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory)}
}

// look says how to look at a pod, for people.
func look(context, namespace, pod string) string {
	return fmt.Sprintf("kubectl --context %s -n %s describe pod %s", context, namespace, pod)
}
