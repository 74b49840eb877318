package rollout

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestReadyOnceAllIsListed: what is there at the beginning comes one by one, and
// a part that need not exist, as Hubble relay, may come last.
func TestReadyOnceAllIsListed(t *testing.T) {
	deployment := func(name string, ready int32) *appsv1.Deployment {
		one := int32(1)
		return &appsv1.Deployment{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec:       appsv1.DeploymentSpec{Replicas: &one},
			Status:     appsv1.DeploymentStatus{Replicas: 1, UpdatedReplicas: 1, ReadyReplicas: ready, AvailableReplicas: ready},
		}
	}
	said, done := "", false
	w := newReadiness([]string{"Deployment/cilium-operator"}, func(text string) { said = text }, func() { done = true })
	w.unlisted = 2
	w.see(deployment("cilium-operator", 1), false)
	w.listed([]any{deployment("cilium-operator", 1), deployment("hubble-relay", 0)})
	if done || said != "" {
		t.Fatalf("it is done (%t) or says %q before all is listed", done, said)
	}
	w.listed(nil)
	if want := "hubble-relay: 0 of 1 ready"; done || said != want {
		t.Errorf("it is done (%t) or says %q, want %q", done, said, want)
	}
	w.see(deployment("hubble-relay", 1), false)
	if !done {
		t.Errorf("it is not done, and says %q", said)
	}
}
