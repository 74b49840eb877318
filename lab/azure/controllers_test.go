package azure

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"
)

// newController makes a controller of cluster 1 and starts run, which ends with
// the test.
func newController(t *testing.T, s *simulated, c *Cluster, run func(context.Context, *controller) error) *controller {
	t.Helper()
	ctl := &controller{cluster: c, store: s.store, log: s.log, settled: newSettled()}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- run(ctx, ctl) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return ctl
}

// eventually waits for a condition that nothing announces.
func eventually(t *testing.T, what string, condition func(ctx context.Context) bool) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, 20*time.Second, true, func(ctx context.Context) (bool, error) {
		return condition(ctx), nil
	})
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func TestAddonManager(t *testing.T) {
	s := startOnce(t)
	c := testCluster(1)
	client := fake.NewClientset()
	daemonSets := client.AppsV1().DaemonSets(kubeSystem)
	ctl := newController(t, s, &c, func(ctx context.Context, ctl *controller) error {
		addons, err := newAddonManager(ctl, client, "https://"+c.FQDN+":7443")
		if err != nil {
			return err
		}
		return addons.run(ctx)
	})
	if err := ctl.settled.wait(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	config, err := client.CoreV1().ConfigMaps(kubeSystem).Get(t.Context(), kubeProxy, metav1.GetOptions{})
	if err != nil || !strings.Contains(config.Data["kubeconfig.conf"], "server: https://"+c.FQDN+":7443\n") {
		t.Errorf("kube-proxy's config: %v, %v", config, err)
	}

	if err := daemonSets.Delete(t.Context(), kubeProxy, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "kube-proxy comes back", func(ctx context.Context) bool {
		_, err := daemonSets.Get(ctx, kubeProxy, metav1.GetOptions{})
		return err == nil
	})

	turn := func(enabled bool) {
		err := s.store.update(func(d *data) error {
			d.put(withKubeProxy(d.Resources[strings.ToLower(c.id())], enabled))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := ctl.settled.wait(t.Context(), enabled); err != nil {
			t.Fatal(err)
		}
	}
	turn(false)
	if _, err := daemonSets.Get(t.Context(), kubeProxy, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("kube-proxy after ARM turned it off: %v", err)
	}
	if _, err := daemonSets.Get(t.Context(), windowsInit, metav1.GetOptions{}); err != nil {
		t.Errorf("%s went, too: %v", windowsInit, err)
	}
	turn(true)
	if _, err := daemonSets.Get(t.Context(), kubeProxy, metav1.GetOptions{}); err != nil {
		t.Errorf("kube-proxy after ARM turned it on: %v", err)
	}
}

func service(name string, annotations ...string) *corev1.Service {
	svc := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, UID: types.UID("uid-" + name), Annotations: map[string]string{}},
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer},
	}
	for i := 0; i+1 < len(annotations); i += 2 {
		svc.Annotations[annotations[i]] = annotations[i+1]
	}
	return svc
}

func startCloud(t *testing.T, c *Cluster) kubernetes.Interface {
	t.Helper()
	s := startOnce(t)
	s.bend("settings", object{"loadBalancerDelay": "10ms"})
	client := fake.NewClientset()
	newController(t, s, c, func(ctx context.Context, ctl *controller) error { return newCloud(ctl, client).run(ctx) })
	return client
}

// create makes a service and returns its address.
func create(t *testing.T, client kubernetes.Interface, svc *corev1.Service) string {
	t.Helper()
	services := client.CoreV1().Services(svc.Namespace)
	if _, err := services.Create(t.Context(), svc, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	var address string
	eventually(t, "an address for "+svc.Name, func(ctx context.Context) bool {
		got, err := services.Get(ctx, svc.Name, metav1.GetOptions{})
		if err != nil || len(got.Status.LoadBalancer.Ingress) == 0 {
			return false
		}
		address = got.Status.LoadBalancer.Ingress[0].IP
		return true
	})
	return address
}

func TestLoadBalancerAddresses(t *testing.T) {
	c := testCluster(1)
	routed := make(chan netip.Addr, 10)
	c.Route = func(_ context.Context, a netip.Addr) error { routed <- a; return nil }
	client := startCloud(t, &c)
	if got := create(t, client, service("a", annotationInternal, "true")); got != "10.1.0.200" {
		t.Errorf("the first internal address is %s", got)
	}
	if got := create(t, client, service("b", annotationInternal, "true")); got != "10.1.0.201" {
		t.Errorf("the second internal address is %s", got)
	}
	if got := create(t, client, service("c", annotationInternal, "true", annotationIPv4, "10.1.0.77")); got != "10.1.0.77" {
		t.Errorf("the fixed address is %s", got)
	}
	if got := create(t, client, service("d")); got != "203.0.113.1" {
		t.Errorf("the public address is %s", got)
	}
	if err := client.CoreV1().Services("default").Delete(t.Context(), "a", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	again := service("a", annotationInternal, "true")
	again.UID = "uid-again"
	if got := create(t, client, again); got != "10.1.0.202" {
		t.Errorf("a service that was made again got %s", got)
	}
	var all []string
	for range 5 {
		all = append(all, (<-routed).String())
	}
	if want := []string{"10.1.0.200", "10.1.0.201", "10.1.0.77", "203.0.113.1", "10.1.0.202"}; !slices.Equal(all, want) {
		t.Errorf("routed %v, want %v", all, want)
	}
}

// What a Service asks for is carried out anew when it changes, and told of, even
// where the address stays.
func TestLoadBalancerIsEnsuredAnew(t *testing.T) {
	c := testCluster(1)
	client := startCloud(t, &c)
	before := create(t, client, service("a", annotationInternal, "true"))
	ensured := func(times int32) func(context.Context) bool {
		return func(ctx context.Context) bool {
			events, err := client.CoreV1().Events("default").List(ctx, metav1.ListOptions{})
			return err == nil && slices.ContainsFunc(events.Items, func(e corev1.Event) bool {
				return e.Reason == "EnsuredLoadBalancer" && e.Count == times
			})
		}
	}
	eventually(t, "a word of the first load balancer", ensured(1))
	svc, err := client.CoreV1().Services("default").Get(t.Context(), "a", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	svc.Annotations[annotationSubnet] = c.Subnet
	if svc, err = client.CoreV1().Services("default").Update(t.Context(), svc, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a word of the changed one", ensured(2))
	if got := svc.Status.LoadBalancer.Ingress[0].IP; got != before {
		t.Errorf("the address is %s, want %s as before", got, before)
	}
}

func TestLoadBalancerRefused(t *testing.T) {
	tests := map[string]struct {
		annotations []string
		reason      string
	}{
		"outside the subnet": {[]string{annotationIPv4, "10.9.0.1"}, "PrivateIPAddressNotInSubnet"},
		"reserved":           {[]string{annotationIPv4, "10.1.0.3"}, "PrivateIPAddressInReservedRange"},
		"unknown subnet":     {[]string{annotationSubnet, "elsewhere"}, "failed to get subnet"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := testCluster(1)
			client := startCloud(t, &c)
			svc := service("a", append(test.annotations, annotationInternal, "true")...)
			if _, err := client.CoreV1().Services("default").Create(t.Context(), svc, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
			eventually(t, "an event with the reason", func(ctx context.Context) bool {
				events, err := client.CoreV1().Events("default").List(ctx, metav1.ListOptions{})
				return err == nil && slices.ContainsFunc(events.Items, func(e corev1.Event) bool {
					return e.Reason == "SyncLoadBalancerFailed" && e.Type == "Warning" && strings.Contains(e.Message, test.reason)
				})
			})
		})
	}
}

func TestLoadBalancerLeavesOthersAlone(t *testing.T) {
	c := testCluster(1)
	client := startCloud(t, &c)
	foreign, class := service("foreign"), "example.org/other"
	foreign.Spec.LoadBalancerClass = &class
	if _, err := client.CoreV1().Services("default").Create(t.Context(), foreign, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	create(t, client, service("later")) // handled after the other, by the one worker
	got, err := client.CoreV1().Services("default").Get(t.Context(), "foreign", metav1.GetOptions{})
	if err != nil || len(got.Status.LoadBalancer.Ingress) != 0 {
		t.Errorf("a service with a class of its own got %v, %v", got.Status.LoadBalancer.Ingress, err)
	}
}

func TestRouteFailureIsRetried(t *testing.T) {
	c := testCluster(1)
	calls := 0
	c.Route = func(context.Context, netip.Addr) error {
		if calls++; calls == 1 {
			return errors.New("no link yet")
		}
		return nil
	}
	if got := create(t, startCloud(t, &c), service("a", annotationInternal, "true")); got != "10.1.0.200" {
		t.Errorf("address %s, want the one that was tried first", got)
	}
}
