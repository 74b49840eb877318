package rollout

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
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

// TestReadyOnceNobodyServesAnyMore: whoever is connected to an etcd that goes
// says that it is connected.
func TestReadyOnceNobodyServesAnyMore(t *testing.T) {
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	pod := func(app string, ends time.Time) *corev1.Pod {
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: app + "-1", Labels: map[string]string{"k8s-app": app}}}
		if !ends.IsZero() {
			p.DeletionTimestamp = &metav1.Time{Time: ends}
		}
		return p
	}
	ended := pod("clustermesh-apiserver", now.Add(30*time.Second))
	ended.Status.Phase = corev1.PodSucceeded
	for name, test := range map[string]struct {
		pod     *corev1.Pod
		deleted bool
		want    string
	}{
		"one that stays":         {pod: pod("clustermesh-apiserver", time.Time{})},
		"one that goes":          {pod: pod("clustermesh-apiserver", now.Add(30*time.Second)), want: "clustermesh-apiserver-1 has not ended yet"},
		"one that goes late":     {pod: pod("clustermesh-apiserver", now.Add(-5*time.Second)), want: "clustermesh-apiserver-1 has not ended yet"},
		"one of a dead node":     {pod: pod("clustermesh-apiserver", now.Add(-time.Minute))},
		"one that has ended":     {pod: ended},
		"one that is gone":       {pod: pod("clustermesh-apiserver", now.Add(30*time.Second)), deleted: true},
		"an operator that goes":  {pod: pod("cilium-operator", now.Add(30*time.Second))},
		"an agent that goes too": {pod: pod("cilium", now.Add(30*time.Second))},
	} {
		said, done := "", false
		w := newReadiness(nil, func(text string) { said = text }, func() { done = true })
		w.now = func() time.Time { return now }
		w.see(test.pod, test.deleted)
		if said != test.want || done != (test.want == "") {
			t.Errorf("%s: says %q, done %t; want %q", name, said, done, test.want)
		}
	}
}
