package probe

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Only pods of probes whose deadline has passed are left over.
func TestLeftovers(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	pod := func(namespace, name string, labels map[string]string, age time.Duration) *corev1.Pod {
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: labels, CreationTimestamp: metav1.NewTime(now.Add(-age))},
			Spec:       corev1.PodSpec{ActiveDeadlineSeconds: new(int64(60))},
		}
	}
	client := fake.NewClientset(
		pod("shop", "left", Labels(), time.Hour), pod("shop", "runs", Labels(), time.Minute),
		pod("shop", "other", map[string]string{labelManagedBy: managedBy}, time.Hour), pod("bank", "left", Labels(), time.Hour),
	)
	cluster := &mesh.Cluster{Context: "aks-1", Client: client}
	for namespace, want := range map[string][]Leftover{
		"shop":  {{"shop", "left", now.Add(-time.Hour), true}},
		"":      {{"bank", "left", now.Add(-time.Hour), true}, {"shop", "left", now.Add(-time.Hour), true}},
		"empty": nil,
	} {
		got, err := Leftovers(t.Context(), cluster, namespace, now)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("in %q (-want +got):\n%s", namespace, diff)
		}
	}
	every, err := Pods(t.Context(), cluster, "shop", now)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Leftover{{"shop", "left", now.Add(-time.Hour), true}, {"shop", "runs", now.Add(-time.Minute), false}}, every); diff != "" {
		t.Errorf("all (-want +got):\n%s", diff)
	}
	found, err := Leftovers(t.Context(), cluster, "", now)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // somebody else may be faster
		if err := RemoveLeftovers(t.Context(), cluster, found); err != nil {
			t.Fatal(err)
		}
	}
	left, err := client.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(left.Items) != 2 {
		t.Errorf("%d pods remain, want the one that runs and the stranger's", len(left.Items))
	}
}
