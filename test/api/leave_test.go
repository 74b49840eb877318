package api

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// leaving are the arguments of a leave that does not ask and waits for no agents.
func leaving(contexts string, more ...string) []string {
	return append([]string{"leave", "--context", contexts, "--yes", "--wait=false", "--timeout=3m"}, more...)
}

// leave runs a leave that must succeed.
func leave(t *testing.T, w *apienv.World, contexts string, more ...string) apienv.Result {
	t.Helper()
	r := w.Run(t, leaving(contexts, more...)...)
	if r.ExitCode != 0 {
		t.Fatalf("leave ended with %d\n%s", r.ExitCode, said(r))
	}
	return r
}

// generations tell templates that were changed: of the workloads that are
// there, by cluster and name.
func generations(t *testing.T, members ...*apienv.Member) map[string]int64 {
	t.Helper()
	seen := map[string]int64{}
	for _, m := range members {
		sets, err := m.Client.AppsV1().DaemonSets("kube-system").List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range sets.Items {
			seen[m.Context+" "+sets.Items[i].Name] = sets.Items[i].Generation
		}
		deployments, err := m.Client.AppsV1().Deployments("kube-system").List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range deployments.Items {
			seen[m.Context+" "+deployments.Items[i].Name] = deployments.Items[i].Generation
		}
	}
	return seen
}

// withoutMesh checks that nothing of a mesh is in a cluster, and that its CA is.
func withoutMesh(t *testing.T, m *apienv.Member, ca *corev1.Secret) {
	t.Helper()
	made, err := m.Made(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range made {
		if name := apienv.Name(object); strings.Contains(name, "clustermesh") || strings.Contains(name, "kvstoremesh") {
			t.Errorf("%s still has %s", m.Context, name)
		}
	}
	found := newest(t, m)
	if found.Status != "deployed" || value(found.Values, "clustermesh.useAPIServer") != false || value(found.Values, "clustermesh.config.enabled") != false {
		t.Errorf("%s is %s with clustermesh %v", m.Context, found.Status, value(found.Values, "clustermesh"))
	}
	if diff := cmp.Diff(ca.Data, get(t, m, "cilium-ca").Data); diff != "" {
		t.Errorf("the CA of %s is another one now", m.Context)
	}
}

// unknownTo checks that a member has no trace of a cluster.
func unknownTo(t *testing.T, m *apienv.Member, name string) {
	t.Helper()
	made, err := m.Made(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range made {
		if strings.HasPrefix(object.GetName(), "sh.helm.release.") {
			continue
		}
		object.SetManagedFields(nil)
		text, err := yaml.Marshal(object.Object)
		if err != nil {
			t.Fatal(err)
		}
		data, _ := object.Object["data"].(map[string]any)
		if _, has := data[name]; has || strings.Contains(string(text), name) {
			t.Errorf("%s still has %s in %s", m.Context, name, apienv.Name(object))
		}
	}
	values, err := yaml.Marshal(newest(t, m).Values)
	if err != nil || strings.Contains(string(values), name) {
		t.Errorf("%s still has %s in its release (%v):\n%s", m.Context, name, err, values)
	}
}

func TestLeave(t *testing.T) {
	var after state
	t.Run("of three", func(t *testing.T) {
		w := env.World(t, apienv.WorldOptions{})
		join(t, w, three)
		joined := look(t, w)
		third := w.Member(t, "aks-3")
		ca := get(t, third, "cilium-ca")
		before := generations(t, w.Members...)
		w.Journal.Reset()
		r := leave(t, w, "aks-3")
		says(t, r.Stderr, "leave takes aks-3 out of the mesh of 3 clusters", "aks-1: cluster name aks-1, stays")
		says(t, r.Stdout, "aks-3: note: it keeps the mesh's certificate authority", "ca rotate --context aks-1,aks-2")
		keepsSecrets(t, w, r)
		withoutMesh(t, third, ca)
		for _, m := range w.Members[:2] {
			unknownTo(t, m, "aks-3")
			if got := revision(t, m); got != 2 {
				t.Errorf("%s has revision %d, want 2", m.Context, got)
			}
		}
		now := generations(t, w.Members...)
		delete(before, "aks-3 clustermesh-apiserver")
		if diff := cmp.Diff(before, now); diff != "" {
			t.Errorf("templates changed, so that pods restart (-before +after):\n%s", diff)
		}
		lastChanges(t, w.Journal.Writes(), "aks-3")
		after = look(t, w)
		t.Run("again", func(t *testing.T) {
			writes := watch(t, w)
			says(t, leave(t, w, "aks-3").Stdout, "nothing to do: aks-3: in no mesh")
			noWrites(t, writes)
		})
		t.Run("and back", func(t *testing.T) {
			join(t, w, "aks-1,aks-3")
			same(t, joined, look(t, w))
		})
	})
	t.Run("ends with what a join of the rest makes", func(t *testing.T) {
		w := env.World(t, apienv.WorldOptions{Clusters: 2})
		join(t, w, two)
		delete(after, "aks-3")
		same(t, look(t, w), after)
	})
}

// TestLeaveLooksOnceMore waits and judges. No agent runs here, which the look
// before found as well: it is not held against the leave.
func TestLeaveLooksOnceMore(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Workloads: true})
	join(t, w, three)
	r := w.Run(t, "leave", "--context=aks-3", "--yes", "--timeout=3m")
	if r.ExitCode != 0 {
		t.Errorf("ended with %d\n%s", r.ExitCode, said(r))
	}
	if strings.Contains(r.Stderr, "AKSM513") {
		t.Errorf("leftovers are found:\n%s", r.Stderr)
	}
	if service, err := w.Member(t, "aks-3").Client.CoreV1().Services("kube-system").Get(t.Context(), "clustermesh-apiserver", metav1.GetOptions{}); err == nil {
		t.Errorf("Azure still has the load balancer's address %v", service.Status.LoadBalancer.Ingress)
	}
	_, status, _ := strings.Cut(r.Stdout, "ca rotate")
	if !strings.Contains(status, "aks-2") || strings.Contains(status, "aks-3") {
		t.Errorf("the status is not that of the two that stay:\n%s", r.Stdout)
	}
}

// lastChanges checks that a cluster was written to only when all others were done.
func lastChanges(t *testing.T, writes []apienv.Call, target string) {
	t.Helper()
	first := slices.IndexFunc(writes, func(c apienv.Call) bool { return c.Target == target })
	for i, call := range writes {
		if call.Target != target && i > first {
			t.Errorf("%s %s %s came after the first write to %s", call.Target, call.Verb, call.Path, target)
		}
	}
}

func TestLastPairPartsAndOneStaysReady(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Clusters: 2})
	join(t, w, two)
	r := leave(t, w, "aks-2")
	says(t, r.Stderr, "note: it stays as it is, with no peer")
	unknownTo(t, w.Members[0], "aks-2")
	if _, err := w.Members[0].Client.AppsV1().Deployments("kube-system").Get(t.Context(), "clustermesh-apiserver", metav1.GetOptions{}); err != nil {
		t.Error(err)
	}
}

func TestAllLeave(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Clusters: 2})
	join(t, w, two)
	cas := []*corev1.Secret{get(t, w.Members[0], "cilium-ca"), get(t, w.Members[1], "cilium-ca")}
	leave(t, w, two)
	for i, m := range w.Members {
		withoutMesh(t, m, cas[i])
	}
	writes := watch(t, w)
	says(t, leave(t, w, two).Stdout, "nothing to do")
	noWrites(t, writes)
}

func TestForget(t *testing.T) {
	for name, dead := range map[string]func(*testing.T, *apienv.World){
		"no context":       func(t *testing.T, w *apienv.World) { w.RemoveContext(t, "aks-3") },
		"a context of old": func(t *testing.T, w *apienv.World) { w.AddUnreachable(t, "aks-3") },
	} {
		t.Run(name, func(t *testing.T) {
			w := env.World(t, apienv.WorldOptions{})
			join(t, w, three)
			dead(t, w)
			writes := watch(t, w)
			r := w.Run(t, leaving("aks-2")...)
			refused(t, r)
			says(t, r.Stderr, "aks-3", "leave --forget", "nothing was changed")
			noWrites(t, writes)

			mark, err := w.Member(t, "aks-3").AuditMark()
			if err != nil {
				t.Fatal(err)
			}
			r = leave(t, w, "aks-1", "--forget=aks-3")
			says(t, r.Stderr, "aks-3: forgotten, and not touched", "aks-2: cluster name aks-2, stays")
			for _, m := range w.Members[:2] {
				unknownTo(t, m, "aks-3")
			}
			if touched, err := w.Member(t, "aks-3").AuditWrites(mark); err != nil || len(touched) > 0 {
				t.Errorf("the forgotten cluster got writes (%v): %+v", err, touched)
			}
			writes = watch(t, w)
			r = leave(t, w, "aks-1", "--forget=aks-3")
			says(t, r.Stdout, "nothing to do: no cluster is configured with aks-3, and no agent knows it; the members are aks-1, aks-2")
			noWrites(t, writes)
		})
	}
}

// TestLeaveFindsMembersByOtherNames has a context that is not named like its member.
func TestLeaveFindsMembersByOtherNames(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{})
	join(t, w, three)
	w.RemoveContext(t, "aks-2")
	w.AddUser(t, "production", w.Member(t, "aks-2"), "admin")
	writes := watch(t, w)
	r := w.Run(t, leaving("aks-3")...)
	refused(t, r)
	says(t, r.Stderr, `error: cluster "aks-2" is a member of this mesh and must forget aks-3 too`, "--stay")
	noWrites(t, writes)
	refused(t, w.Run(t, leaving("aks-3", "--stay=aks-3")...))
	leave(t, w, "aks-3", "--stay=production")
	for _, m := range w.Members[:2] {
		unknownTo(t, m, "aks-3")
	}
}

func TestForgetRefusesTheLiving(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Clusters: 2})
	join(t, w, two)
	writes := watch(t, w)
	r := w.Run(t, leaving(two, "--forget=aks-2")...)
	refused(t, r)
	says(t, r.Stderr, `--forget aks-2: context "aks-2" reaches that cluster`, "kubectl aksmesh leave --context aks-2")
	noWrites(t, writes)
}

func TestLeaveDryRunWritesNothing(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{})
	join(t, w, three)
	for _, args := range [][]string{
		{"--dry-run=client"}, {"--dry-run=client", "--output=json"}, {"--dry-run=server"}, {"--dry-run=server", "--output=yaml"},
	} {
		writes := watch(t, w)
		r := leave(t, w, "aks-3", args...)
		says(t, r.Stdout, "forget aks-3", "aks-1", "take the mesh off Cilium 1.20.1")
		noWrites(t, writes)
		keepsSecrets(t, w, r)
	}
	t.Run("nor does a leave that cannot ask", func(t *testing.T) {
		writes := watch(t, w)
		r := w.Run(t, "leave", "--context=aks-3")
		refused(t, r)
		says(t, r.Stderr, "4 changes of 3 clusters", "stdin is not a terminal; add --yes")
		noWrites(t, writes)
	})
}

func TestGitOpsOwesItsCommitFirst(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{})
	join(t, w, three)
	owned := w.Member(t, "aks-2")
	annotate(t, owned, "argocd.argoproj.io/tracking-id", "cilium:apps/DaemonSet:kube-system/cilium")
	owes := func() apienv.Result {
		t.Helper()
		r := w.Run(t, leaving("aks-3")...)
		if r.ExitCode != 2 || !strings.HasSuffix(strings.TrimSpace(r.Stderr), "error: the leave is not complete: commit for aks-2 what its note says, then run the same command again") {
			t.Errorf("leave ended with %d, want 2 and what is owed in its last line\n%s", r.ExitCode, said(r))
		}
		return r
	}
	writes := watch(t, w)
	says(t, owes().Stdout, "aks-2: note: Argo CD application cilium owns Cilium, so leave writes nothing here: commit values without aks-3",
		"aks-3: note: it keeps its mesh until aks-2 has forgotten it")
	for _, write := range writes() {
		if !strings.HasPrefix(write, "aks-1 ") {
			t.Errorf("%s, want writes to aks-1 alone", write)
		}
	}
	unknownTo(t, w.Members[0], "aks-3")
	writes = watch(t, w)
	says(t, owes().Stdout, "nothing to do: what is left is not leave's to change")
	noWrites(t, writes)
}

func TestLeaveRefusesAForeignPendingRelease(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{})
	join(t, w, three)
	pendingOfOthers(t, w.Member(t, "aks-2"))
	writes := watch(t, w)
	r := w.Run(t, leaving("aks-3")...)
	refused(t, r)
	says(t, r.Stderr, `context "aks-2": somebody else's Helm operation is under way`)
	noWrites(t, writes)
}

// TestLeaveKilled kills a leave around writes, and expects a second one to end
// with what an undisturbed one ends with.
func TestLeaveKilled(t *testing.T) {
	var want state
	var writes []apienv.Call
	t.Run("undisturbed", func(t *testing.T) {
		w := env.World(t, apienv.WorldOptions{Clusters: 2})
		join(t, w, two)
		w.Journal.Reset()
		leave(t, w, "aks-2")
		want, writes = look(t, w), w.Journal.Writes()
	})
	kills := sweep(writes)
	if !allFaults() {
		kills = oneOfEach(writes)
	}
	t.Logf("%d kills for %d writes", len(kills), len(writes))
	for _, k := range kills {
		t.Run(k.String(), func(t *testing.T) {
			w := env.World(t, apienv.WorldOptions{Clusters: 2})
			join(t, w, two)
			first, killed := w.RunKilled(t, k.when, apienv.Like(k.write), leaving("aks-2")...)
			if !killed {
				t.Fatalf("there was no such write: ended with %d\n%s", first.ExitCode, said(first))
			}
			second := leave(t, w, "aks-2")
			same(t, want, look(t, w))
			keepsSecrets(t, w, first, second)
			third := watch(t, w)
			says(t, leave(t, w, "aks-2").Stdout, "nothing to do")
			noWrites(t, third)
		})
	}
}

// oneOfEach is one kill for each kind of write to each cluster: in turns before
// the first of them, and after the last.
func oneOfEach(writes []apienv.Call) []kill {
	var kinds []string
	of := map[string][]apienv.Call{}
	for _, write := range sorted(writes) {
		kind := fmt.Sprint(write.Target, write.Verb)
		if of[kind] == nil {
			kinds = append(kinds, kind)
		}
		of[kind] = append(of[kind], write)
	}
	slices.Sort(kinds)
	var kills []kill
	for i, kind := range kinds {
		all := of[kind]
		k := kill{all[0], apienv.BeforeWrite}
		if i%2 == 1 {
			k = kill{all[len(all)-1], apienv.AfterWrite}
		}
		kills = append(kills, k)
	}
	return kills
}
