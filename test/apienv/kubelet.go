package apienv

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// SimulatedKubelet is scheduler and kubelet of one node for the pods of one
// namespace: it takes pods, gives them the states it is told, answers requests
// for logs, and lets go of pods that are deleted. No container runs.
type SimulatedKubelet struct {
	// State is a new pod's container's; nil leaves the pod without a node.
	State *corev1.ContainerState
	// PodIP is every pod's address.
	PodIP string
	// Log writes a container's log until it has ended, or until ctx does. n
	// counts the requests for it, from 1.
	Log func(ctx context.Context, n int, w http.ResponseWriter, pod string)

	client    kubernetes.Interface
	namespace string
	node      string

	mu   sync.Mutex
	asks int
	errs []error
	// Pods are all that were seen, as they were created.
	Pods []corev1.Pod
}

// Start registers the node and does its work until the test ends.
func (k *SimulatedKubelet) Start(t testing.TB, m *Member, namespace string) {
	t.Helper()
	k.client, k.namespace, k.node = m.Client, namespace, "simulated-kubelet"
	server := httptest.NewTLSServer(http.HandlerFunc(k.serve))
	t.Cleanup(server.Close)
	if err := k.register(t.Context(), server.URL); err != nil {
		t.Fatalf("simulated kubelet of %s: %v", m.Context, err)
	}
	runUntilEnd(t, m.Context+"'s simulated kubelet", k.run)
}

// register makes the node, and what controllers make for pods.
func (k *SimulatedKubelet) register(ctx context.Context, server string) error {
	at, err := url.Parse(server)
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(at.Host)
	if err != nil {
		return err
	}
	number, err := strconv.ParseInt(port, 10, 32)
	if err != nil {
		return err
	}
	node, err := k.client.CoreV1().Nodes().Create(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: k.node}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	node.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: host}}
	node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}
	node.Status.DaemonEndpoints.KubeletEndpoint.Port = int32(number)
	if node, err = k.client.CoreV1().Nodes().UpdateStatus(ctx, node, metav1.UpdateOptions{}); err != nil {
		return err
	}
	node.Spec.Taints = nil // new nodes are not ready, until a controller sees that they are
	if _, err := k.client.CoreV1().Nodes().Update(ctx, node, metav1.UpdateOptions{}); err != nil {
		return err
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}
	_, err = k.client.CoreV1().ServiceAccounts(k.namespace).Create(ctx, account, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// Args are the arguments of a pod's container.
func (k *SimulatedKubelet) Args(pod string) []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := range k.Pods {
		if k.Pods[i].Name == pod {
			return k.Pods[i].Spec.Containers[0].Args
		}
	}
	return nil
}

func (k *SimulatedKubelet) run(ctx context.Context) error {
	factory := informers.NewSharedInformerFactoryWithOptions(k.client, 0, informers.WithNamespace(k.namespace))
	_, err := factory.Core().V1().Pods().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { k.note(ctx, k.adopt(ctx, object.(*corev1.Pod))) },
		UpdateFunc: func(_, object any) { k.note(ctx, k.release(ctx, object.(*corev1.Pod))) },
	})
	if err != nil {
		return err
	}
	factory.Start(ctx.Done())
	<-ctx.Done()
	factory.Shutdown()
	k.mu.Lock()
	defer k.mu.Unlock()
	return errors.Join(k.errs...)
}

func (k *SimulatedKubelet) note(ctx context.Context, err error) {
	if err == nil || ctx.Err() != nil || apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.errs = append(k.errs, err)
}

// adopt takes a new pod and gives it its state.
func (k *SimulatedKubelet) adopt(ctx context.Context, pod *corev1.Pod) error {
	k.mu.Lock()
	k.Pods = append(k.Pods, *pod)
	k.mu.Unlock()
	if k.State == nil {
		return nil
	}
	err := k.client.CoreV1().Pods(k.namespace).Bind(ctx, &corev1.Binding{
		ObjectMeta: metav1.ObjectMeta{Name: pod.Name}, Target: corev1.ObjectReference{Kind: "Node", Name: k.node},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	bound, err := k.client.CoreV1().Pods(k.namespace).Get(ctx, pod.Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	bound.Status.Phase = corev1.PodPending
	if k.State.Running != nil {
		bound.Status.Phase = corev1.PodRunning
	}
	bound.Status.PodIP = k.PodIP
	bound.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: pod.Spec.Containers[0].Name, State: *k.State}}
	_, err = k.client.CoreV1().Pods(k.namespace).UpdateStatus(ctx, bound, metav1.UpdateOptions{})
	return err
}

// release lets go of a pod that is being deleted.
func (k *SimulatedKubelet) release(ctx context.Context, pod *corev1.Pod) error {
	if pod.DeletionTimestamp == nil {
		return nil
	}
	return k.client.CoreV1().Pods(k.namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{GracePeriodSeconds: new(int64(0))})
}

// serve answers the API server's requests for logs.
func (k *SimulatedKubelet) serve(w http.ResponseWriter, r *http.Request) {
	path := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(path) != 4 || path[0] != "containerLogs" || k.Log == nil {
		http.Error(w, fmt.Sprintf("the simulated kubelet has nothing at %s", r.URL.Path), http.StatusNotFound)
		return
	}
	k.mu.Lock()
	k.asks++
	n := k.asks
	k.mu.Unlock()
	k.Log(r.Context(), n, w, path[2])
}
