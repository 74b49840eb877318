package join_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/pki"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/release"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
	"github.com/aksmesh/kubectl-aksmesh/pkg/join"
)

func stepIDs(d *join.Draft) []string {
	var ids []string
	for _, step := range d.Plan(join.Live{}).Steps {
		ids = append(ids, step.ID)
	}
	return ids
}

// A lone cluster has no connection to lose: one revision is enough.
func TestLoneClusterMovesToAnotherCAAtOnce(t *testing.T) {
	facts := member(t, "1", "2")
	facts[1].CA.Fingerprint, facts[1].Service = "other", nil
	got := stepIDs(draftOf(t, snapshot(facts...), join.Wish{CAFrom: "aks-1"}))
	if diff := cmp.Diff([]string{"aks-1/helm", "aks-2/ca", "aks-2/address", "aks-2/helm"}, got); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}

func TestConnectedClustersMoveInThreeWaves(t *testing.T) {
	facts := member(t, "1", "2", "3")
	for i := range facts {
		facts[i].Peers = []mesh.Peer{{Name: "aks-1"}, {Name: "aks-2"}, {Name: "aks-3"}}
	}
	facts[2].CA.Fingerprint = "other"
	draft := draftOf(t, snapshot(facts...), join.Wish{CAFrom: "aks-1"})
	goldenPlan(t, "move", draft)
}

// left is a mesh of two in which an earlier move has left a bundle.
func left(t *testing.T) []mesh.Facts {
	t.Helper()
	facts := member(t, "1", "2")
	facts[0].Release.Values = values.WithTrust(facts[0].Release.Values, []byte("PEM"))
	return facts
}

// A move that was killed before its end leaves a bundle, and only that.
func TestLeftTrustBundleIsEnded(t *testing.T) {
	end := []string{"aks-1/ready", "aks-1/bundle", "aks-1/trust-end", "aks-1/trust-ended", "aks-1/bundle-end"}
	if diff := cmp.Diff(end, stepIDs(draftOf(t, snapshot(left(t)...), join.Wish{}))); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}

// A cluster that takes over a CA trusts that one, and whom its own values name:
// whom the CA's cluster trusts besides does not come along.
func TestTakenOverCATrustsNobodyElse(t *testing.T) {
	facts := append(member(t, "1", "2"), bare("3"))
	facts[1].CA.Fingerprint = "other"
	for i := range facts[:2] {
		facts[i].CA.Trusted = []string{"shared", "other"}
	}
	root := newPair(t)
	roots, err := pki.Fingerprints(root.Cert)
	if err != nil {
		t.Fatal(err)
	}
	bundle := func(of map[string]any) join.Wish {
		return join.Wish{Values: map[string]map[string]any{"aks-3": {"tls": map[string]any{"caBundle": of}}}}
	}
	for name, tc := range map[string]struct {
		wish join.Wish
		want []string
	}{
		"no bundle":                {join.Wish{}, []string{"shared"}},
		"one of its own":           {bundle(map[string]any{"enabled": true, "content": string(root.Cert)}), append([]string{"shared"}, roots...)},
		"one that is switched off": {bundle(map[string]any{"content": string(root.Cert)}), []string{"shared"}},
		"one that nobody has read": {bundle(map[string]any{"enabled": true, "name": "roots"}), []string{"shared", "other"}},
	} {
		s := snapshot(facts...)
		got := draftOf(t, s, tc.wish).Projected(s).Clusters[2].CA.Trusted
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: trusted (-want +got):\n%s", name, diff)
		}
	}
	if diff := cmp.Diff([]string{"shared", "other"}, facts[0].CA.Trusted); diff != "" {
		t.Errorf("the snapshot was changed (-want +got):\n%s", diff)
	}
}

// A move that was killed before a CA was replaced leaves clusters that trust
// each other by the bundle alone.
func TestLeftTrustBundleStaysWhereCAsDiffer(t *testing.T) {
	facts := left(t)
	facts[1].CA.Fingerprint = "other"
	if got := stepIDs(draftOf(t, snapshot(facts...), join.Wish{})); got != nil {
		t.Errorf("steps %v, want none", got)
	}
	if got := stepIDs(draftOf(t, snapshot(facts...), join.Wish{CAFrom: "aks-1"})); !slices.Contains(got, "aks-1/trust-end") {
		t.Errorf("steps with --ca-from %v have no end of the trust", got)
	}
	draft := draftOf(t, snapshot(facts...), join.Wish{HubbleRelay: true})
	for _, step := range draft.Plan(join.Live{}).Steps {
		if step.Cluster == "aks-1" && slices.ContainsFunc(step.Diff, func(line string) bool { return strings.Contains(line, "caBundle") }) {
			t.Errorf("step %s takes the bundle away: %v", step.ID, step.Diff)
		}
	}
}

// Trust ends only where all that it was needed for is read to be of the one CA.
func TestTrustEndsAfterALook(t *testing.T) {
	shared, other := newPair(t), newPair(t)
	loads := release.ErrPending // which is not tried again
	for name, tc := range map[string]struct {
		ca, signer pki.Pair // of the second cluster
		want       string
	}{
		"all of one CA":         {shared, shared, loads.Error()},
		"another CA":            {other, shared, `context "aks-2": secret cilium-ca holds another certificate authority`},
		"signed by another one": {shared, other, `context "aks-2": secret clustermesh-apiserver-server-cert still has a certificate that the old authority signed`},
	} {
		cert := func(by pki.Pair) *corev1.Secret {
			meta := metav1.ObjectMeta{Namespace: "kube-system", Name: "clustermesh-apiserver-server-cert"}
			return &corev1.Secret{ObjectMeta: meta, Data: map[string][]byte{corev1.TLSCertKey: by.Cert}}
		}
		live := join.Live{
			Clusters: map[string]*mesh.Cluster{
				"aks-1": {Context: "aks-1", Client: fake.NewClientset(pki.Secret("kube-system", shared), cert(shared))},
				"aks-2": {Context: "aks-2", Client: fake.NewClientset(pki.Secret("kube-system", tc.ca), cert(tc.signer))},
			},
			Chart: func(context.Context, string, string) (*chart.Chart, error) { return nil, loads },
		}
		for _, step := range draftOf(t, snapshot(left(t)...), join.Wish{}).Plan(live).Steps {
			if step.ID != "aks-1/trust-end" {
				continue
			}
			if err := step.Do(t.Context(), func(string) {}); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s: error is %v, want one that says %q", name, err, tc.want)
			}
		}
	}
}

func newPair(t *testing.T) pki.Pair {
	t.Helper()
	pair, err := pki.NewCA(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// A move that was killed after that leaves the bundle's object, and no value that
// says so.
func TestLeftBundleIsDeleted(t *testing.T) {
	facts := member(t, "1", "2")
	facts[0].CA.BundleKept = true
	want := []string{"aks-1/trust-ended", "aks-1/bundle-end"}
	if diff := cmp.Diff(want, stepIDs(draftOf(t, snapshot(facts...), join.Wish{}))); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}

// One that was killed in the middle of its last revision leaves agents that still
// mount the bundle: that revision comes first.
func TestLeftBundleIsDeletedAfterTheRevision(t *testing.T) {
	facts := member(t, "1", "2")
	facts[0].CA.BundleKept, facts[0].Release.Status, facts[0].Release.Ours = true, "pending-upgrade", true
	for _, step := range draftOf(t, snapshot(facts...), join.Wish{}).Plan(join.Live{}).Steps {
		if step.ID != "aks-1/trust-ended" {
			continue
		}
		if diff := cmp.Diff([]string{"aks-1/helm"}, step.Needs); diff != "" {
			t.Errorf("needs of the wait before the end of the bundle (-want +got):\n%s", diff)
		}
	}
}

// A move that was killed after a CA was replaced leaves certificates that the
// old one signed.
func TestCertificatesOfAReplacedCAAreIssuedAnew(t *testing.T) {
	facts := member(t, "1", "2")
	facts[1].CA.SubjectKey = "new"
	facts[1].Certs = []mesh.Cert{{Secret: "clustermesh-apiserver-server-cert", AuthorityID: "old"}}
	if diff := cmp.Diff([]string{"aks-2/helm"}, stepIDs(draftOf(t, snapshot(facts...), join.Wish{}))); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}

// renewing are the steps of a plan that read back what pods present, and those
// of the last wave that do not need all of them.
func renewing(d *join.Draft, wait bool) (steps, early []string) {
	p := d.Plan(join.Live{Wait: wait})
	for i := range p.Steps {
		if strings.HasSuffix(p.Steps[i].ID, "/renewed") {
			steps = append(steps, p.Steps[i].ID)
		}
	}
	for i := range p.Steps {
		step := &p.Steps[i]
		last := strings.HasSuffix(step.ID, "/bundle") || strings.HasSuffix(step.ID, "/trust-end")
		if last && slices.ContainsFunc(steps, func(id string) bool { return !slices.Contains(step.Needs, id) }) {
			early = append(early, step.ID)
		}
	}
	return steps, early
}

// Trust ends nowhere before the pods of all clusters present what the one CA
// signed, in a move that was killed before its end, too; joins that end no trust
// ask nobody.
func TestTrustEndsAfterPodsAreRenewed(t *testing.T) {
	both := []string{"aks-1/renewed", "aks-2/renewed"}
	for name, test := range map[string]struct {
		facts func() []mesh.Facts
		wish  join.Wish
		want  []string
	}{
		"a move": {func() []mesh.Facts {
			facts := member(t, "1", "2")
			facts[1].CA.Fingerprint = "other"
			return facts
		}, join.Wish{CAFrom: "aks-1"}, both},
		"a move that brings a bare cluster": {func() []mesh.Facts {
			facts := append(member(t, "1", "2"), bare("3"))
			facts[1].CA.Fingerprint = "other"
			return facts
		}, join.Wish{CAFrom: "aks-1"}, append(both, "aks-3/renewed")},
		"a move that was killed before one trust's end": {func() []mesh.Facts { return left(t) }, join.Wish{}, both},
		"a move that was killed before a CA was replaced": {func() []mesh.Facts {
			facts := left(t)
			facts[1].CA.Fingerprint = "other"
			return facts
		}, join.Wish{CAFrom: "aks-1"}, both},
		"another cluster's certificates are its user's": {func() []mesh.Facts {
			facts := left(t)
			facts[1].Release.Values = values.Merge(facts[1].Release.Values, nil, certManager())
			return facts
		}, join.Wish{}, both[:1]},
		"another cluster is a GitOps controller's": {func() []mesh.Facts {
			facts := left(t)
			facts[1].Release.Owner = "Flux"
			return facts
		}, join.Wish{}, both[:1]},
		"only the bundle's object is left": {func() []mesh.Facts {
			facts := member(t, "1", "2")
			facts[0].CA.BundleKept = true
			return facts
		}, join.Wish{}, nil},
		"a lone cluster moves": {func() []mesh.Facts {
			facts := member(t, "1", "2")
			facts[1].CA.Fingerprint, facts[1].Service = "other", nil
			return facts
		}, join.Wish{CAFrom: "aks-1"}, nil},
		"no move":       {func() []mesh.Facts { return member(t, "1", "2") }, join.Wish{}, nil},
		"bare clusters": {func() []mesh.Facts { return []mesh.Facts{bare("1"), bare("2"), bare("3")} }, join.Wish{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			draft := draftOf(t, snapshot(test.facts()...), test.wish)
			steps, early := renewing(draft, true)
			if diff := cmp.Diff(test.want, steps); diff != "" || early != nil {
				t.Errorf("steps that read pods (-want +got):\n%s; not waited for by %v", diff, early)
			}
			if steps, _ := renewing(draft, false); steps != nil {
				t.Errorf("steps %v without waits, want none", steps)
			}
		})
	}
}

func certManager() values.Values {
	auto := values.Values{"auto": values.Values{"method": "certmanager"}}
	return values.Values{"clustermesh": values.Values{"apiserver": values.Values{"tls": auto}}}
}

// oldPod presents one certificate, for ever.
type oldPod struct{}

func (oldPod) Run(context.Context, string, string, ...string) ([]byte, error) {
	return []byte("Local etcd kvstore:\nTLS certificates presented by the server:\n- Serial number: dead\n"), nil
}

// What a pod must present is what the values of the join make of the CA, those
// of a cluster that had no Cilium, too.
func TestLatePodIsWaitedFor(t *testing.T) {
	facts := append(member(t, "1", "2"), bare("3"))
	facts[1].CA.Fingerprint = "other"
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "clustermesh-apiserver-server-cert"},
		Data:       map[string][]byte{corev1.TLSCertKey: newPair(t).Cert},
	}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "mesh-1", Labels: map[string]string{"k8s-app": "clustermesh-apiserver"}},
		Spec:       corev1.PodSpec{NodeName: "node-1", Containers: []corev1.Container{{Name: "apiserver"}}},
		Status:     corev1.PodStatus{Phase: corev1.PodRunning},
	}
	for _, name := range []string{"aks-1", "aks-3"} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			live := join.Live{Wait: true, Clusters: map[string]*mesh.Cluster{
				name: {Context: name, Client: fake.NewClientset(secret, pod), Exec: oldPod{}},
			}}
			p := draftOf(t, snapshot(facts...), join.Wish{CAFrom: "aks-1"}).Plan(live)
			at := slices.IndexFunc(p.Steps, func(s plan.Step) bool { return s.ID == name+"/renewed" })
			if at < 0 {
				t.Fatalf("%s has no such step", name)
			}
			err := p.Steps[at].Do(ctx, func(string) {})
			const want = "pod mesh-1 on node node-1 presents a certificate from before Secret clustermesh-apiserver-server-cert changed"
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error is %v, want one that says %q", name, err, want)
			}
		})
	}
}
