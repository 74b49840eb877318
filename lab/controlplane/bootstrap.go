package controlplane

import (
	"context"
	"fmt"
	"net/http"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// pollInterval is how often a starting server is asked whether it is ready.
const pollInterval = 50 * time.Millisecond

// bootstrap waits until the cluster is ready and has its initial namespaces,
// and makes the service accounts that the controller-manager would make.
func (c *Cluster) bootstrap(ctx context.Context) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	if err := wait.PollUntilContextCancel(ctx, pollInterval, true, ready(client)); err != nil {
		return fmt.Errorf("wait for /readyz: %w", err)
	}
	for _, ns := range []string{metav1.NamespaceSystem, metav1.NamespacePublic, corev1.NamespaceNodeLease, metav1.NamespaceDefault} {
		if err := wait.PollUntilContextCancel(ctx, pollInterval, true, serviceAccount(client, ns)); err != nil {
			return fmt.Errorf("make service account %s/default: %w", ns, err)
		}
	}
	for what, there := range late(client) {
		if err := wait.PollUntilContextCancel(ctx, pollInterval, true, there); err != nil {
			return fmt.Errorf("wait for %s: %w", what, err)
		}
	}
	system, err := client.CoreV1().Namespaces().Get(ctx, metav1.NamespaceSystem, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("read namespace kube-system: %w", err)
	}
	c.UID = string(system.UID)
	return nil
}

// client talks to the cluster as [Admin].
func (c *Cluster) client() (kubernetes.Interface, error) {
	cfg, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("read kubeconfig %s: %w", c.Kubeconfig, err)
	}
	cfg.UserAgent = "controlplane-bootstrap"
	return kubernetes.NewForConfig(cfg)
}

// ready asks /readyz; no answer yet is not an error.
func ready(client kubernetes.Interface) wait.ConditionWithContextFunc {
	return func(ctx context.Context) (bool, error) {
		var status int
		client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).StatusCode(&status)
		return status == http.StatusOK, nil
	}
}

// serviceAccount makes service account "default" once the namespace is there:
// the API server makes its namespaces a moment after it is ready.
func serviceAccount(client kubernetes.Interface, namespace string) wait.ConditionWithContextFunc {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}
	return func(ctx context.Context) (bool, error) {
		_, err := client.CoreV1().ServiceAccounts(namespace).Create(ctx, account, metav1.CreateOptions{})
		switch {
		case apierrors.IsNotFound(err):
			return false, nil
		case apierrors.IsAlreadyExists(err):
			return true, nil
		}
		return err == nil, err
	}
}

// late are the objects that the API server makes a moment after it is ready.
// They are waited for so that what a new cluster holds does not depend on when
// somebody looks.
func late(client kubernetes.Interface) map[string]wait.ConditionWithContextFunc {
	return map[string]wait.ConditionWithContextFunc{
		"Service default/kubernetes": func(ctx context.Context) (bool, error) {
			_, err := client.CoreV1().Services(metav1.NamespaceDefault).Get(ctx, "kubernetes", metav1.GetOptions{})
			return found(err)
		},
		"the record of legacy tokens": func(ctx context.Context) (bool, error) {
			name := "kube-apiserver-legacy-service-account-token-tracking"
			_, err := client.CoreV1().ConfigMaps(metav1.NamespaceSystem).Get(ctx, name, metav1.GetOptions{})
			return found(err)
		},
		"the API server's lease": func(ctx context.Context) (bool, error) {
			own := metav1.ListOptions{LabelSelector: "apiserver.kubernetes.io/identity=kube-apiserver"}
			leases, err := client.CoordinationV1().Leases(metav1.NamespaceSystem).List(ctx, own)
			return err == nil && len(leases.Items) > 0, err
		},
	}
}

func found(err error) (bool, error) {
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}
