package apienv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// shared is the clusters of this package's tests. Tests that use it take a
// World, of which there is one at a time; none runs in parallel.
var shared *Env

func TestMain(m *testing.M) {
	if os.Getenv(toyVariable) != "" {
		if err := toy(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, "error:", err)
			os.Exit(1)
		}
		return
	}
	code, err := withClusters(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		code = 1
	}
	os.Exit(code)
}

func withClusters(m *testing.M) (code int, err error) {
	shared, err = Start(context.Background(), Options{Clusters: 2, Users: []string{"reader=readers"}})
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, shared.Stop()) }()
	return m.Run(), nil
}

// toyVariable makes the test's own program the toy client.
const (
	toyVariable = "APIENV_TOY"
	toyWrites   = 3
)

// toy is a client that makes config maps, one after the other. It does again
// what is not there yet.
func toy(ctx context.Context) error {
	cfg, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		clientcmd.NewDefaultClientConfigLoadingRules(), &clientcmd.ConfigOverrides{CurrentContext: "aks-1"}).ClientConfig()
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return err
	}
	maps := client.CoreV1().ConfigMaps("default")
	for i := range toyWrites {
		name := fmt.Sprintf("toy-%d", i+1)
		if _, err := maps.Get(ctx, name, metav1.GetOptions{}); err == nil {
			continue
		}
		configMap := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if _, err := maps.Create(ctx, configMap, metav1.CreateOptions{}); err != nil {
			return err
		}
		fmt.Println("made", name)
	}
	return nil
}
