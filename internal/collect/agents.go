package collect

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/agent"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Pods that can be asked, by the label that Cilium's chart gives them.
const (
	agentSelector = cilium.AppLabel + " in (" + agentName + "," + cilium.MeshDeployment + ")"
	execAtOnce    = 16
	// execTimeout bounds one question, unless the user's bound of requests is
	// longer. An agent that is starting, or a node that hangs, answers late or
	// never, and the others' answers count too. It is no less: some answers take
	// seconds by design.
	execTimeout = 12 * time.Second
)

// agents asks every agent and every kvstoremesh of the cluster about its remotes.
func (l *look) agents(ctx context.Context) error {
	selector := agentSelector
	if l.options.Health {
		selector = partOf + "=" + agentName // restarts of the operator count as well
	}
	pods, err := listPods(ctx, l.cluster, selector)
	if err != nil {
		return err
	}
	var group errgroup.Group
	if l.options.Health {
		l.facts.AgentTier = &mesh.AgentTier{Restarts: restarts(pods)}
		group.Go(func() error { l.health(ctx, pods); return nil })
	}
	l.facts.Agents, l.facts.KVStore = askAll(ctx, l.cluster, pods)
	if l.options.Health {
		l.dials(ctx)
	}
	return group.Wait()
}

// Agents asks every agent and every kvstoremesh of a cluster about its
// remotes: one list and one exec for each pod. A pod that cannot be asked has
// its error in its entry.
func Agents(ctx context.Context, cluster *mesh.Cluster) (agents, kvstores []mesh.Agent, err error) {
	pods, err := listPods(ctx, cluster, agentSelector)
	if err != nil {
		return nil, nil, err
	}
	agents, kvstores = askAll(ctx, cluster, pods)
	return agents, kvstores, nil
}

// listPods lists pods of Cilium that are there to stay.
func listPods(ctx context.Context, cluster *mesh.Cluster, selector string) ([]corev1.Pod, error) {
	pods, err := cluster.Client.CoreV1().Pods(mesh.Namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(pods.Items, func(p corev1.Pod) bool { return p.DeletionTimestamp != nil || replaced(&p) }), nil
}

// replaced says whether another pod has a pod's place. An agent's counts even if
// it has ended: its DaemonSet deletes it by itself, and until then its node has
// no agent.
func replaced(pod *corev1.Pod) bool { return !isAgent(pod) && Ended(pod) }

// Ended says whether nothing is to be expected of a pod any more: one that a
// node has evicted stays beside its Deployment's new one until pods are
// collected, which may be never.
func Ended(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded
}

func askAll(ctx context.Context, cluster *mesh.Cluster, pods []corev1.Pod) (agents, kvstores []mesh.Agent) {
	var (
		mu    sync.Mutex
		group errgroup.Group
	)
	group.SetLimit(execAtOnce)
	for i := range pods {
		pod := &pods[i]
		if !isAgent(pod) && !isKVStore(pod) {
			continue
		}
		group.Go(func() error {
			asked := askPod(ctx, cluster, pod)
			mu.Lock()
			defer mu.Unlock()
			if isAgent(pod) {
				agents = append(agents, asked)
			} else {
				kvstores = append(kvstores, asked)
			}
			return nil
		})
	}
	_ = group.Wait() // errors are part of the entries
	slices.SortFunc(agents, byPod)
	slices.SortFunc(kvstores, byPod)
	mesh.ShareViews(agents)
	return agents, kvstores
}

func isAgent(pod *corev1.Pod) bool { return pod.Labels[cilium.AppLabel] == agentName }

// isKVStore is false for a clustermesh-apiserver without kvstoremesh.
func isKVStore(pod *corev1.Pod) bool {
	return pod.Labels[cilium.AppLabel] == cilium.MeshDeployment &&
		slices.ContainsFunc(pod.Spec.Containers, func(c corev1.Container) bool { return c.Name == cilium.KVStoreContainer })
}

func askPod(ctx context.Context, cluster *mesh.Cluster, pod *corev1.Pod) mesh.Agent {
	asked := mesh.Agent{Pod: pod.Name, Node: pod.Spec.NodeName}
	if pod.Status.Phase != corev1.PodRunning {
		asked.Error = "pod is " + string(pod.Status.Phase)
		return asked
	}
	var err error
	if isAgent(pod) {
		err = ask(ctx, cluster, pod.Name, cilium.AgentContainer, agent.StatusCommand(), func(out []byte) (err error) {
			asked.Remotes, asked.Version, err = agent.ParseStatus(out)
			return err
		})
	} else {
		err = ask(ctx, cluster, pod.Name, cilium.KVStoreContainer, agent.KVStoreMeshCommand(), func(out []byte) (err error) {
			asked.Remotes, err = agent.ParseKVStoreMesh(out)
			return err
		})
	}
	if err != nil {
		asked.Error = plain(err)
	}
	return asked
}

func ask(ctx context.Context, cluster *mesh.Cluster, pod, container string, command []string, parse func([]byte) error) error {
	within := execTimeout
	if cluster.Config != nil {
		within = max(within, cluster.Config.Timeout) // of itself, exec heeds no bound
	}
	ctx, cancel := context.WithTimeoutCause(ctx, within, mesh.NoAnswerError{Within: within})
	defer cancel()
	out, err := cluster.Exec.Run(ctx, pod, container, command...)
	if late, ok := errors.AsType[mesh.NoAnswerError](context.Cause(ctx)); ok {
		return late
	}
	if err != nil {
		return err
	}
	return parse(out)
}

func byPod(a, b mesh.Agent) int { return cmp.Compare(a.Pod, b.Pod) }
