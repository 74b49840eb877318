package api

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

func interrupt(t *testing.T, p *apienv.Process) {
	t.Helper()
	if err := p.Signal(os.Interrupt); err != nil {
		t.Errorf("Ctrl-C: %v", err)
	}
}

// cells are the rows of a table below its header, until an empty line or text.
func cells(t *testing.T, text string, columns int) [][]string {
	t.Helper()
	var rows [][]string
	for line := range strings.Lines(text) {
		var row []string
		for _, cell := range strings.Split(strings.TrimSpace(line), "  ") {
			if cell = strings.TrimSpace(cell); cell != "" {
				row = append(row, cell)
			}
		}
		if len(row) == columns && row[0] != "NAMESPACE" {
			rows = append(rows, row)
		}
	}
	return rows
}

func TestServices(t *testing.T) {
	w := shops(t, 3)
	r := well(t, w, []string{"services", "-A", "--context=" + three})
	says(t, r.Stderr, "no global service in any namespace")
	well(t, w, exposing(three))
	well(t, w, exposing("aks-1", "--shared=false"))
	well(t, w, exposing("aks-2", "--affinity=remote"))
	setEndpoints(t, w.Members[2], "10.1.3.1", "10.1.3.2", "10.1.3.3")
	for _, args := range [][]string{
		{"services", "-A", "--context=" + three},
		{"services", "-n=shop", "--context=" + three},
		{"services", "web", "-n=shop", "--context=aks-1", "--context=aks-2", "--context=aks-3"},
	} {
		writes := watch(t, w)
		r := well(t, w, args)
		want := [][]string{
			{"shop", "web", "aks-1", "yes", "no", "none", "1", "aks-1 20%, aks-2 20%, aks-3 60%", "-"},
			{"shop", "web", "aks-2", "yes", "yes", "remote", "1", "aks-3 100%", "-"},
			{"shop", "web", "aks-3", "yes", "yes", "none", "3", "aks-2 25%, aks-3 75%", "-"},
		}
		if diff := cmp.Diff(want, cells(t, r.Stdout, 9)); diff != "" {
			t.Errorf("%q (-want +got):\n%s\n%s", args, diff, said(r))
		}
		noWrites(t, writes)
	}
	wide := well(t, w, []string{"services", "-A", "-o=wide", "--context=" + three})
	if rows := cells(t, wide.Stdout, 10); len(rows) != 3 {
		t.Errorf("wide has %d rows of 10 columns\n%s", len(rows), said(wide))
	}
	for _, output := range []string{"json", "yaml"} {
		all := document(t, output, well(t, w, []string{"services", "-A", "-o=" + output, "--context=" + three}), "ServicesReport")
		rows := all["services"].([]any)
		if len(rows) != 3 || rows[1].(map[string]any)["affinity"] != "remote" || all["problems"] != nil {
			t.Errorf("%s: %v", output, all)
		}
	}
	says(t, well(t, w, []string{"services", "other", "-n=shop", "--context=aks-1"}).Stderr, "no cluster has service other in namespace shop")
}

// A service that is global nowhere is shown if it is named, and then alone.
func TestServicesNamed(t *testing.T) {
	w := shops(t, 1)
	r := well(t, w, []string{"services", "web", "-n=shop", "--context=aks-1"})
	want := [][]string{{"shop", "web", "aks-1", "no", "no", "none", "1", "aks-1 100%", "-"}}
	if diff := cmp.Diff(want, cells(t, r.Stdout, 9)); diff != "" {
		t.Errorf("(-want +got):\n%s\n%s", diff, said(r))
	}
}

// A cluster out of reach does not hide the others, but makes the exit code 1.
func TestServicesOutOfReach(t *testing.T) {
	w := shops(t, 2)
	well(t, w, exposing(two))
	w.AddUnreachable(t, "gone")
	for _, output := range []string{"", "wide", "json"} {
		args := []string{"services", "-A", "--context=" + two + ",gone"}
		if output != "" {
			args = append(args, "-o="+output)
		}
		r := w.Run(t, args...)
		if r.ExitCode != 1 || len(errorLines(r)) != 1 {
			t.Errorf("%q: ended with %d, want 1 and one error\n%s", output, r.ExitCode, said(r))
		}
		says(t, r.Stderr, "1 cluster could not be reached")
		says(t, r.Stdout, "aks-1", "aks-2", "gone")
		if output == "json" {
			if all := document(t, output, r, "ServicesReport"); all["problems"] == nil {
				t.Errorf("no problems are told\n%s", said(r))
			}
		}
	}
}

// What a user may not read is told, and what is known besides is shown.
func TestServicesForbidden(t *testing.T) {
	w := shops(t, 1)
	w.AddForbidden(t, "stranger", w.Members[0])
	r := w.Run(t, "services", "-A", "--context=stranger")
	says(t, r.Stderr, "stranger: services", "forbidden")
	if strings.Contains(r.Stdout+r.Stderr, "goroutine") {
		t.Error(said(r))
	}
}

// No request is made for a single service or endpoint.
func TestServicesRequests(t *testing.T) {
	w := shops(t, 2)
	well(t, w, exposing(two))
	w.Journal.Reset()
	well(t, w, []string{"services", "-A", "--context=" + two})
	lists := map[string]int{}
	for _, call := range w.Journal.Calls() {
		if call.Target == "aks-1" && call.Verb == "list" {
			lists[call.Path]++
		}
		if strings.Contains(call.Path, "/services/") || strings.Contains(call.Path, "/endpointslices/") {
			t.Errorf("%s %s", call.Verb, call.Path)
		}
	}
	for _, path := range []string{"/api/v1/services", "/apis/discovery.k8s.io/v1/endpointslices"} {
		if lists[path] != 1 {
			t.Errorf("%s was listed %d times", path, lists[path])
		}
	}
}

// Pods' labels are read in all clusters if a policy of one may ask for them.
func TestServicesPolicies(t *testing.T) {
	w := shops(t, 2)
	well(t, w, exposing(two))
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "web-0", Labels: map[string]string{"app": "web"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "registry.example/web:v1"}}},
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}
	if _, err := w.Members[1].Client.CoreV1().ServiceAccounts("shop").Create(t.Context(), account, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Members[1].Client.CoreV1().Pods("shop").Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	slices := w.Members[1].Client.DiscoveryV1().EndpointSlices("shop")
	slice, err := slices.Get(t.Context(), "web-1", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	slice.Endpoints = []discoveryv1.Endpoint{{Addresses: []string{"10.1.2.1"}, TargetRef: &corev1.ObjectReference{Kind: "Pod", Name: "web-0", Namespace: "shop"}}}
	if _, err := slices.Update(t.Context(), slice, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	policy := &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Name: "out"}, Spec: networkingv1.NetworkPolicySpec{
		PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeEgress},
		Egress: []networkingv1.NetworkPolicyEgressRule{{To: []networkingv1.NetworkPolicyPeer{{PodSelector: &metav1.LabelSelector{
			MatchLabels: map[string]string{"app": "web", "io.cilium.k8s.policy.cluster": "aks-2"},
		}}}}},
	}}
	if _, err := w.Members[0].Client.NetworkingV1().NetworkPolicies("shop").Create(t.Context(), policy, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	r := well(t, w, []string{"services", "web", "-n=shop", "--context=" + two})
	says(t, r.Stdout, "aks-1 50% denied, aks-2 50%", "egress of NetworkPolicy out in aks-1")
	if strings.Contains(r.Stdout, "aks-2 50% denied") || strings.Contains(r.Stdout, "uncertain") {
		t.Error(said(r))
	}
}

// --watch shows rows again as they change, and ends by Ctrl-C.
func TestServicesWatch(t *testing.T) {
	w := shops(t, 2)
	well(t, w, exposing(two))
	p := w.Launch(t, "services", "-A", "--watch", "--context="+two)
	waitFor(t, p, "aks-1 50%, aks-2 50%")
	waitForCalls(t, w, "watch", 4)
	setEndpoints(t, w.Members[1], "10.1.2.1", "10.1.2.2", "10.1.2.3")
	waitFor(t, p, "aks-1 25%, aks-2 75%")
	annotateWeb(t, w.Members[0], "kubectl-annotate", map[string]any{annotationAffinity: "local"})
	waitFor(t, p, "aks-1 100%")
	closed(t, w.Members[0], "shop") // policies are not watched, and seen all the same
	waitFor(t, p, "aks-1 100% denied")
	interrupt(t, p)
	r := p.Wait()
	if r.ExitCode != 130 {
		t.Errorf("ended with %d, want 130\n%s", r.ExitCode, said(r))
	}
	if lines := errorLines(r); len(lines) != 1 || lines[0] != "error: interrupted" {
		t.Errorf("errors are %q", lines)
	}
	if n := strings.Count(r.Stdout, "NAMESPACE"); n != 1 {
		t.Errorf("%d headers\n%s", n, said(r))
	}
}

const soon = 30 * time.Second

// waitFor waits until the process has printed the text.
func waitFor(t *testing.T, p *apienv.Process, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	if err := p.WaitForOutput(ctx, text); err != nil {
		t.Fatalf("%q was not printed: %v\n%s", text, err, p.Stdout())
	}
}

// waitForCalls waits until that many calls of a verb have been made.
func waitForCalls(t *testing.T, w *apienv.World, verb string, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	if err := w.Journal.WaitFor(ctx, func(c apienv.Call) bool { return c.Verb == verb }, n); err != nil {
		t.Fatalf("fewer than %d calls of verb %s: %v", n, verb, err)
	}
}
