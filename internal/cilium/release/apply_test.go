package release

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	chartcommon "helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/release/common"
	"helm.sh/helm/v4/pkg/storage/driver"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/chart/charttest"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// plain is a wish without certificates: the chart makes RSA keys for them,
// which take most of an install's time.
func plain() values.Wish {
	w := wish()
	w.TLSMethod = values.MethodProvided
	return w
}

func change(t *testing.T, w values.Wish) Change {
	t.Helper()
	v, err := values.For(w)
	if err != nil {
		t.Fatal(err)
	}
	if w.TLSMethod == values.MethodProvided {
		v["hubble"] = map[string]any{"enabled": false}
	}
	return Change{Namespace: namespace, Chart: charttest.Cilium(t), Values: v, Description: "test"}
}

func apply(t *testing.T, a *api, w values.Wish) *Result {
	t.Helper()
	result, err := Apply(t.Context(), a.config, change(t, w), func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func latest(t *testing.T, a *api) *Found {
	t.Helper()
	found, err := Latest(t.Context(), a.client(), namespace)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// premade makes what join makes before Helm runs: the CA and the Service.
func premade(t *testing.T, a *api) *corev1.Secret {
	t.Helper()
	ca := newCA(t)
	own := metav1.CreateOptions{FieldManager: cilium.FieldManager}
	if _, err := a.client().CoreV1().Secrets(namespace).Create(t.Context(), ca, own); err != nil {
		t.Fatal(err)
	}
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{
			Name: cilium.MeshService, Namespace: namespace,
			Labels: cilium.HelmLabels(), Annotations: cilium.HelmAnnotations(namespace),
		},
		Spec: corev1.ServiceSpec{
			Type: corev1.ServiceTypeLoadBalancer, PublishNotReadyAddresses: true,
			Ports: []corev1.ServicePort{{Port: cilium.MeshPort, Protocol: corev1.ProtocolTCP}},
		},
	}
	if _, err := a.client().CoreV1().Services(namespace).Create(t.Context(), service, own); err != nil {
		t.Fatal(err)
	}
	return ca
}

func service(t *testing.T, a *api) *corev1.Service {
	t.Helper()
	s, err := a.client().CoreV1().Services(namespace).Get(t.Context(), cilium.MeshService, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func peers(t *testing.T, a *api) []string {
	t.Helper()
	secret, err := a.client().CoreV1().Secrets(namespace).Get(t.Context(), cilium.KVStorePeerSecret, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for name := range secret.Data {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// The whole life of a release: adopt what was made before, gain and lose a
// peer, and keep the field of the Service that the chart does not know.
func TestInstallAdoptsAndUpgradesKeep(t *testing.T) {
	a := newAPI(t)
	if latest(t, a) != nil {
		t.Fatal("a release without an install")
	}
	ca := premade(t, a)
	a.requests = nil
	if diff := cmp.Diff(&Result{Revision: 1, Status: "deployed"}, apply(t, a, wish())); diff != "" {
		t.Fatalf("result (-want +got):\n%s", diff)
	}
	// The budget of a join of three is 300 requests, waits included.
	if all, patches := a.counted(""), a.counted("PATCH"); all > patches+25 || all > 65 {
		t.Errorf("an install takes %d requests, %d of them patches", all, patches)
	}
	live, err := a.client().CoreV1().Secrets(namespace).Get(t.Context(), cilium.CASecret, metav1.GetOptions{})
	if err != nil || !cmp.Equal(live.Data, ca.Data) {
		t.Errorf("the CA was not adopted as it was: %v", err)
	}
	for _, want := range []struct {
		revision int
		peers    []string
	}{
		{2, []string{"aks-1", "aks-2", "aks-3", "aks-4"}},
		{3, []string{"aks-1", "aks-2"}},
	} {
		w := wish()
		w.Peers = nil
		for _, name := range want.peers {
			w.Peers = append(w.Peers, mesh.Peer{Name: name, Addresses: []string{"10.9.0.1"}, Port: 2379})
		}
		a.requests = nil
		if got := apply(t, a, w); got.Revision != want.revision {
			t.Fatalf("revision %d, want %d", got.Revision, want.revision)
		}
		if all, patches := a.counted(""), a.counted("PATCH"); all > patches+15 {
			t.Errorf("an upgrade takes %d requests, %d of them patches", all, patches)
		}
		if diff := cmp.Diff(want.peers, peers(t, a)); diff != "" {
			t.Errorf("peers (-want +got):\n%s", diff)
		}
		s := service(t, a)
		if !s.Spec.PublishNotReadyAddresses || s.Annotations[values.AnnotationInternal] != "true" {
			t.Errorf("revision %d: publishNotReadyAddresses %v, annotations %v", want.revision, s.Spec.PublishNotReadyAddresses, s.Annotations)
		}
	}
	found := latest(t, a)
	if found.Revision != 3 || !found.Ours || found.ChartVersion != "1.20.1" || found.Chart == nil {
		t.Errorf("found %+v", found.Release)
	}
}

func TestForeignObjectsAreNotTaken(t *testing.T) {
	a := newAPI(t)
	foreign := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "cilium", Namespace: namespace}}
	if _, err := a.client().CoreV1().ServiceAccounts(namespace).Create(t.Context(), foreign, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	_, err := Apply(t.Context(), a.config, change(t, plain()), func(string) {})
	if err == nil || !strings.Contains(err.Error(), `ServiceAccount "cilium" in namespace "kube-system" exists and cannot be imported`) {
		t.Errorf("error %v", err)
	}
	if a.counted("PATCH") != 0 || latest(t, a) != nil {
		t.Error("something was written")
	}
}

// Without the right to list, Helm's own way is taken.
func TestForbiddenListsFallBack(t *testing.T) {
	a := newAPI(t)
	premade(t, a)
	a.before = func(w http.ResponseWriter, r *http.Request) bool {
		to, ok := parsePath(r.URL.Path)
		if !ok || r.Method != http.MethodGet || to.name != "" || r.URL.RawQuery != "" {
			return false
		}
		w.WriteHeader(http.StatusForbidden)
		return true
	}
	if got := apply(t, a, plain()); got.Revision != 1 {
		t.Errorf("result %+v", got)
	}
}

func TestDryRunWritesNothing(t *testing.T) {
	a := newAPI(t)
	premade(t, a)
	a.requests = nil
	if err := DryRun(t.Context(), a.config, change(t, plain()), false); err != nil {
		t.Fatal(err)
	}
	if a.counted("PATCH") == 0 || a.counted("POST")+a.counted("PUT")+a.counted("DELETE") > 0 || latest(t, a) != nil {
		t.Errorf("requests %v", a.requests)
	}
	if service(t, a).Spec.ExternalTrafficPolicy != "" {
		t.Error("the Service was changed")
	}
}

// A run that is killed leaves a pending revision, which only Recover of the
// same program clears.
func TestRecoverAfterAKill(t *testing.T) {
	a := newAPI(t)
	premade(t, a)
	asAnotherRun(t, func() { cutShort(t, a, change(t, plain())) })
	if found := latest(t, a); found.Status != "pending-install" || !found.Ours {
		t.Fatalf("found %+v", found.Release)
	}
	next := func() Change {
		c := change(t, plain())
		c.Seen = 1
		return c
	}
	if _, err := Apply(t.Context(), a.config, next(), func(string) {}); !errors.Is(err, ErrPending) {
		t.Errorf("error %v", err)
	}
	if err := DryRun(t.Context(), a.config, next(), false); !errors.Is(err, ErrPending) {
		t.Errorf("error of a dry run %v", err)
	}
	if err := DryRun(t.Context(), a.config, next(), true); err != nil || latest(t, a).Status != "pending-install" {
		t.Errorf("a dry run that recovers: %v, and the revision is %s", err, latest(t, a).Status)
	}
	for _, want := range []bool{true, false} {
		if got, err := Recover(t.Context(), a.client(), namespace); err != nil || got != want {
			t.Errorf("recovered %v, %v", got, err)
		}
	}
	if got, err := Apply(t.Context(), a.config, next(), func(string) {}); err != nil || got.Revision != 2 || got.Status != "deployed" {
		t.Errorf("result %+v, %v", got, err)
	}
	if !service(t, a).Spec.PublishNotReadyAddresses {
		t.Error("publishNotReadyAddresses was lost")
	}
}

// An outage in which a revision fails is often still there when that is to be
// recorded. The run itself knows that it is not at work any more.
func TestRevisionThatCannotBeRecorded(t *testing.T) {
	for name, test := range map[string]struct {
		before int // revisions that went well
		want   []string
	}{
		"an install": {0, []string{"1 superseded", "2 deployed"}}, // as Helm does where none was deployed
		"an upgrade": {1, []string{"1 superseded", "2 failed", "3 deployed"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAPI(t)
			for n := range test.before {
				seeing(t, a, n)
			}
			next := small(t)
			next.Seen = test.before
			cutShort(t, a, next)
			again := small(t)
			again.Seen = test.before + 1
			asAnotherRun(t, func() {
				if _, err := Apply(t.Context(), a.config, again, func(string) {}); !errors.Is(err, ErrPending) {
					t.Errorf("another run: error %v", err)
				}
			})
			a.requests = nil
			if err := DryRun(t.Context(), a.config, small(t), false); err != nil || a.counted("POST")+a.counted("PUT") > 0 {
				t.Errorf("a dry run: %v, requests %v", err, a.requests)
			}
			seeing(t, a, test.before)
			if diff := cmp.Diff(test.want, statuses(t, a)); diff != "" {
				t.Errorf("revisions (-want +got):\n%s", diff)
			}
		})
	}
}

// cutShort makes a change during which the API server goes away, so that not even
// the outcome is recorded.
func cutShort(t *testing.T, a *api, next Change) {
	t.Helper()
	a.before = func(w http.ResponseWriter, r *http.Request) bool {
		away := r.Method == http.MethodPut || r.Method == http.MethodPatch
		if away {
			w.WriteHeader(http.StatusTeapot)
		}
		return away
	}
	_, err := Apply(t.Context(), a.config, next, func(string) {})
	a.before = nil
	if found := latest(t, a); err == nil || found == nil || !pending(found.Status) {
		t.Fatalf("error %v, found %+v", err, found)
	}
}

// statuses are the revisions in their order, each with its status.
func statuses(t *testing.T, a *api) []string {
	t.Helper()
	list, err := a.client().CoreV1().Secrets(namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "owner=helm"})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for i := range list.Items {
		all = append(all, list.Items[i].Labels["version"]+" "+list.Items[i].Labels["status"])
	}
	slices.Sort(all)
	return all
}

func TestRecoverLeavesOthersAlone(t *testing.T) {
	a := newAPI(t)
	apply(t, a, plain())
	copyRevision(t, a, 2, common.StatusPendingUpgrade)
	if found := latest(t, a); found.Revision != 2 || found.Ours {
		t.Errorf("found %+v", found.Release)
	}
	if got, err := Recover(t.Context(), a.client(), namespace); got || !errors.Is(err, ErrPending) {
		t.Errorf("recovered %v, %v", got, err)
	}
	if err := DryRun(t.Context(), a.config, change(t, plain()), true); !errors.Is(err, ErrPending) {
		t.Errorf("error of a dry run %v", err)
	}
}

// An interrupt ends the run between two objects and is recorded.
func TestInterruptIsRecorded(t *testing.T) {
	a := newAPI(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Apply(ctx, a.config, change(t, plain()), func(text string) {
		if strings.HasPrefix(text, "ClusterRole,") {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if found := latest(t, a); found.Status != "failed" {
		t.Errorf("found %+v", found.Release)
	}
	if got := apply(t, a, plain()); got.Revision != 2 || got.Status != "deployed" {
		t.Errorf("result %+v", got)
	}
}

// The API server stores the revision and then fails to say so.
func TestLostAnswerToACreate(t *testing.T) {
	a := newAPI(t)
	lost := false
	a.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost || lost {
			return false
		}
		lost = true
		a.mu.Lock()
		to, _ := parsePath(r.URL.Path)
		a.serve(discard{}, r, to)
		a.mu.Unlock()
		w.WriteHeader(http.StatusGatewayTimeout)
		return true
	}
	if got := apply(t, a, plain()); got.Revision != 1 || got.Status != "deployed" || !lost {
		t.Errorf("result %+v", got)
	}
}

// discard is a client that has gone away.
type discard struct{}

func (discard) Header() http.Header            { return http.Header{} }
func (discard) Write(data []byte) (int, error) { return len(data), nil }
func (discard) WriteHeader(int)                {}

func TestHistoryIsCapped(t *testing.T) {
	a := newAPI(t)
	apply(t, a, plain())
	for version := 2; version < 12; version++ {
		copyRevision(t, a, version, common.StatusSuperseded)
	}
	copyRevision(t, a, 12, common.StatusDeployed)
	next := change(t, plain())
	next.Seen = 12
	if got, err := Apply(t.Context(), a.config, next, func(string) {}); err != nil || got.Revision != 13 {
		t.Errorf("result %+v, %v", got, err)
	}
	list, err := a.client().CoreV1().Secrets(namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "owner=helm"})
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Items) != maxHistory {
		t.Errorf("%d revisions are kept", len(list.Items))
	}
	if found := latest(t, a); found.Revision != 13 {
		t.Errorf("found %+v", found.Release)
	}
}

// A change is made from a revision that was looked at. Whatever somebody else has
// made since would be lost.
func TestWhatOthersMadeIsNotOverwritten(t *testing.T) {
	for name, test := range map[string]struct {
		seen  int
		since func(t *testing.T, a *api) // what happened after revision 1 and the look
		ok    bool
	}{
		"nothing":                  {1, func(*testing.T, *api) {}, true},
		"a user's helm upgrade":    {1, func(t *testing.T, a *api) { copyRevision(t, a, 2, common.StatusDeployed) }, false},
		"one that failed":          {1, func(t *testing.T, a *api) { copyRevision(t, a, 2, common.StatusFailed) }, false},
		"which was seen":           {2, func(t *testing.T, a *api) { copyRevision(t, a, 2, common.StatusDeployed) }, true},
		"an install":               {0, func(*testing.T, *api) {}, false},
		"another kubectl-aksmesh":  {1, func(t *testing.T, a *api) { asAnotherRun(t, func() { seeing(t, a, 1) }) }, false},
		"this run":                 {1, func(t *testing.T, a *api) { seeing(t, a, 1) }, true},
		"this run, twice":          {1, func(t *testing.T, a *api) { seeing(t, a, 1); seeing(t, a, 1) }, true},
		"this run, which failed":   {1, func(t *testing.T, a *api) { failing(t, a, 1) }, true},
		"a user after this run":    {1, func(t *testing.T, a *api) { seeing(t, a, 1); copyRevision(t, a, 3, common.StatusDeployed) }, false},
		"helm uninstall":           {1, func(t *testing.T, a *api) { deleteRevision(t, a, 1) }, false},
		"helm uninstall, and seen": {0, func(t *testing.T, a *api) { deleteRevision(t, a, 1) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAPI(t)
			asAnotherRun(t, func() { seeing(t, a, 0) })
			test.since(t, a)
			next := small(t)
			next.Seen = test.seen
			a.requests = nil
			dry := DryRun(t.Context(), a.config, next, false)
			if next.Chart = small(t).Chart; test.ok != (dry == nil) {
				t.Errorf("a dry run: %v", dry)
			}
			_, err := Apply(t.Context(), a.config, next, func(string) {})
			switch {
			case test.ok && err != nil:
				t.Error(err)
			case !test.ok && !errors.Is(err, ErrChanged):
				t.Errorf("error %v, want that the release has changed", err)
			case !test.ok && a.counted("GET") != len(a.requests):
				t.Errorf("something was written: %v", a.requests)
			}
		})
	}
}

// small is a change with a few of the chart's objects: revisions count here.
func small(t *testing.T) Change {
	t.Helper()
	c := change(t, plain())
	c.Chart.Schema = nil
	c.Chart.Templates = slices.DeleteFunc(c.Chart.Templates, func(f *chartcommon.File) bool {
		name := path.Base(f.Name)
		return !strings.HasPrefix(name, "_") && name != "cilium-configmap.yaml"
	})
	return c
}

// asAnotherRun does something as another process would.
func asAnotherRun(t *testing.T, do func()) {
	t.Helper()
	own := thisRun
	thisRun = "ANOTHER"
	defer func() { thisRun = own }()
	do()
}

// seeing makes one more revision in this run, after a look at the given one.
func seeing(t *testing.T, a *api, seen int) {
	t.Helper()
	next := small(t)
	next.Seen = seen
	if _, err := Apply(t.Context(), a.config, next, func(string) {}); err != nil {
		t.Fatal(err)
	}
}

// failing is [seeing] with an API server that stops to take objects.
func failing(t *testing.T, a *api, seen int) {
	t.Helper()
	a.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPatch {
			w.WriteHeader(http.StatusTeapot)
		}
		return r.Method == http.MethodPatch
	}
	next := small(t)
	next.Seen = seen
	_, err := Apply(t.Context(), a.config, next, func(string) {})
	a.before = nil
	if found := latest(t, a); err == nil || found.Status != "failed" || found.Revision != seen+1 {
		t.Fatalf("error %v, found %+v", err, found.Release)
	}
}

func deleteRevision(t *testing.T, a *api, version int) {
	t.Helper()
	if err := a.client().CoreV1().Secrets(namespace).Delete(t.Context(), fmt.Sprintf("sh.helm.release.v1.cilium.v%d", version), metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}

// copyRevision stores revision 1 once more, as a user's Helm would that makes
// another revision: our label is handed on.
func copyRevision(t *testing.T, a *api, version int, status common.Status) {
	t.Helper()
	store := driver.NewSecrets(a.client().CoreV1().Secrets(namespace))
	got, err := store.Get("sh.helm.release.v1.cilium.v1")
	if err != nil {
		t.Fatal(err)
	}
	copied, err := asV1(got)
	if err != nil {
		t.Fatal(err)
	}
	copied.Version, copied.Info.Status = version, status
	if err := store.Create(fmt.Sprintf("sh.helm.release.v1.cilium.v%d", version), copied); err != nil {
		t.Fatal(err)
	}
}
