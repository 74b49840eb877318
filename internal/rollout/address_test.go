package rollout

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A Service has its address from before it was changed until the cloud is done.
func TestAddressWait(t *testing.T) {
	change := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	ensured := func(after time.Duration) corev1.Event {
		return corev1.Event{Reason: "EnsuredLoadBalancer", LastTimestamp: metav1.NewTime(change.Add(after))}
	}
	old := []string{"10.0.0.4"}
	for name, test := range map[string]struct {
		wanted    NewAddress
		addresses []string
		events    [][]corev1.Event // of each look
		is, done  bool
	}{
		"none yet":                           {},
		"the first":                          {addresses: old, is: true},
		"still the old one":                  {wanted: NewAddress{Before: old}, addresses: old},
		"another one":                        {wanted: NewAddress{Before: old}, addresses: []string{"10.0.0.9"}, is: true},
		"taken away":                         {wanted: NewAddress{Before: old}},
		"not the wished one":                 {wanted: NewAddress{IP: "10.0.0.9"}, addresses: old},
		"not the wished one, cloud is done":  {wanted: NewAddress{IP: "10.0.0.9"}, addresses: old, events: [][]corev1.Event{{ensured(1)}, {ensured(1)}}},
		"the wished one of two":              {wanted: NewAddress{IP: "10.0.0.9"}, addresses: []string{"fd00::9", "10.0.0.9"}, is: true},
		"as it was, the cloud was done long": {wanted: NewAddress{Before: old}, addresses: old, events: [][]corev1.Event{{ensured(-time.Second)}, {ensured(-time.Second)}}},
		"as it was, the cloud is just done":  {wanted: NewAddress{Before: old}, addresses: old, events: [][]corev1.Event{{ensured(0)}}},
		"as it was, the cloud is done":       {wanted: NewAddress{Before: old}, addresses: old, events: [][]corev1.Event{{ensured(0)}, {ensured(0)}}, done: true},
	} {
		service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{ManagedFields: []metav1.ManagedFieldsEntry{
			{Manager: "kubectl-aksmesh", Operation: metav1.ManagedFieldsOperationApply, Time: &metav1.Time{Time: change}},
			{Manager: "cloud-controller-manager", Time: &metav1.Time{Time: change.Add(time.Hour)}},
		}}}
		for _, address := range test.addresses {
			service.Status.LoadBalancer.Ingress = append(service.Status.LoadBalancer.Ingress, corev1.LoadBalancerIngress{IP: address})
		}
		w := &addressWait{wanted: test.wanted}
		is, done := w.see(service), false
		for _, events := range test.events {
			done = w.reconciled(events)
		}
		if is != test.is || done != test.done {
			t.Errorf("%s: wished %v, reconciled %v; want %v and %v", name, is, done, test.is, test.done)
		}
	}
}
