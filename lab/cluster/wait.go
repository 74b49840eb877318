package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/aksmesh/kubectl-aksmesh/lab/patience"
	"github.com/aksmesh/kubectl-aksmesh/lab/shape"
)

// registerTimeout bounds the time from a node's start to its registration.
const registerTimeout = 2 * time.Minute

// WaitRegistered returns when all nodes are known to their API server.
func WaitRegistered(ctx context.Context, kubeconfig string, nodes []shape.Node) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	for _, n := range nodes {
		var last error
		err := wait.PollUntilContextTimeout(ctx, patience.Of(200*time.Millisecond), patience.Of(registerTimeout), true, func(ctx context.Context) (bool, error) {
			_, last = client.CoreV1().Nodes().Get(ctx, n.Name(), metav1.GetOptions{})
			return last == nil, nil
		})
		if apierrors.IsNotFound(last) {
			last = errors.New("it has not registered: see containerd.log and kubelet.log in its folder")
		}
		if err != nil {
			return fmt.Errorf("node %s: %w: %w", n.Name(), err, last)
		}
	}
	return nil
}
