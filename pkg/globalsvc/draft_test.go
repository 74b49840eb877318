package globalsvc

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
)

const ours = "kubectl-aksmesh"

// shops are two clusters with service web, the first without annotations, and
// a third cluster that has the namespace alone.
func shops() mesh.Snapshot { return world(side{ready: 1}, side{ready: 1}, side{absent: true}) }

// on is a wish for web in clusters.
func on(contexts ...string) Wish { return Wish{Namespace: "ns", Name: "web", Contexts: contexts} }

// ownedBy writes an annotation into a snapshot's service, as managers of it.
func ownedBy(s *mesh.Snapshot, cluster int, name, value string, managers ...string) {
	g := &s.Clusters[cluster].Services.Items[0]
	g.Annotations[name] = value
	if g.Managers == nil {
		g.Managers = map[string][]string{}
	}
	g.Managers[name] = managers
}

// drawn is a draft's diffs and notes by context.
func drawn(targets []Target) map[string][]string {
	all := map[string][]string{}
	for i := range targets {
		all[targets[i].Context] = slices.Concat(targets[i].Diff, targets[i].Notes)
	}
	return all
}

func TestMake(t *testing.T) {
	no := false
	for name, test := range map[string]struct {
		snapshot func(*mesh.Snapshot)
		wish     func(*Wish)
		want     map[string][]string // diff and notes by context
		refused  []string            // parts of the error
	}{
		"not global": {want: map[string][]string{
			"c1": {`+ service.cilium.io/global: "true"`}, "c2": {`+ service.cilium.io/global: "true"`},
		}},
		"global by another manager": {
			snapshot: func(s *mesh.Snapshot) { ownedBy(s, 0, mesh.AnnotationGlobal, "true", "helm") },
			want:     map[string][]string{"c1": nil, "c2": {`+ service.cilium.io/global: "true"`}},
		},
		"global by an older name": {
			snapshot: func(s *mesh.Snapshot) { ownedBy(s, 0, oldGlobal, "true", "kubectl-annotate") },
			want:     map[string][]string{"c1": nil, "c2": {`+ service.cilium.io/global: "true"`}},
		},
		"ours changes": {
			snapshot: func(s *mesh.Snapshot) {
				ownedBy(s, 0, mesh.AnnotationGlobal, "true", ours)
				ownedBy(s, 0, mesh.AnnotationAffinity, "local", ours)
			},
			wish: func(w *Wish) { w.Contexts, w.Affinity, w.Shared = []string{"c1"}, "remote", &no },
			want: map[string][]string{"c1": {
				`- service.cilium.io/affinity: "local"`, `+ service.cilium.io/affinity: "remote"`, `+ service.cilium.io/shared: "false"`,
			}},
		},
		"a part alone makes it global, which is said": {
			wish: func(w *Wish) { w.Contexts, w.Affinity = []string{"c1"}, "remote" },
			want: map[string][]string{"c1": {
				`+ service.cilium.io/affinity: "remote"`, `+ service.cilium.io/global: "true"`,
				"the Service was not global here: it becomes so, and its clients get endpoints of other clusters",
			}},
		},
		"a part of what is not shared": {
			wish: func(w *Wish) { w.Contexts, w.Shared = []string{"c1"}, &no },
			want: map[string][]string{"c1": {
				`+ service.cilium.io/global: "true"`, `+ service.cilium.io/shared: "false"`,
				"the Service was not global here: it becomes so, and its clients get endpoints of other clusters",
			}},
		},
		"conflict with a person": {
			snapshot: func(s *mesh.Snapshot) { ownedBy(s, 0, mesh.AnnotationGlobal, "false", "kubectl-annotate") },
			refused:  []string{`context "c1": annotation service.cilium.io/global: "false" belongs to kubectl-annotate: --force-conflicts takes it over`},
		},
		"conflict with a person and us": {
			snapshot: func(s *mesh.Snapshot) { ownedBy(s, 0, mesh.AnnotationGlobal, "no", ours, "kubectl-edit") },
			refused:  []string{"belongs to kubectl-edit:"},
		},
		"conflict with GitOps": {
			snapshot: func(s *mesh.Snapshot) { ownedBy(s, 1, mesh.AnnotationGlobal, "false", "kustomize-controller") },
			refused:  []string{`context "c2"`, "is kept by Flux, which would put it back: change it in Git"},
		},
		"conflicts in both are said at once": {
			snapshot: func(s *mesh.Snapshot) {
				ownedBy(s, 0, mesh.AnnotationGlobal, "false", "kubectl-annotate")
				ownedBy(s, 1, mesh.AnnotationGlobal, "false", "argocd-controller")
			},
			refused: []string{`context "c1"`, "kubectl-annotate", `context "c2"`, "Argo CD"},
		},
		"taken over": {
			snapshot: func(s *mesh.Snapshot) { ownedBy(s, 0, mesh.AnnotationGlobal, "false", "kubectl-annotate") },
			wish:     func(w *Wish) { w.Contexts, w.Force = []string{"c1"}, true },
			want:     map[string][]string{"c1": {`- service.cilium.io/global: "false"`, `+ service.cilium.io/global: "true"`}},
		},
		"taken over from GitOps": {
			snapshot: func(s *mesh.Snapshot) { ownedBy(s, 0, mesh.AnnotationGlobal, "false", "argocd-controller") },
			wish:     func(w *Wish) { w.Contexts, w.Force = []string{"c1"}, true },
			want: map[string][]string{"c1": {
				`- service.cilium.io/global: "false"`, `+ service.cilium.io/global: "true"`,
				"Argo CD owns service.cilium.io/global and will put it back: change it in Git, too",
			}},
		},
		"affinity none of a person's": {
			snapshot: func(s *mesh.Snapshot) {
				ownedBy(s, 0, mesh.AnnotationGlobal, "true", ours)
				ownedBy(s, 0, mesh.AnnotationAffinity, "local", "kubectl-annotate")
			},
			wish:    func(w *Wish) { w.Contexts, w.Affinity = []string{"c1"}, "none" },
			refused: []string{`annotation service.cilium.io/affinity: "local" belongs to kubectl-annotate`},
		},
		"affinity none of a person's, by the older name": {
			snapshot: func(s *mesh.Snapshot) {
				ownedBy(s, 0, mesh.AnnotationGlobal, "true", ours)
				ownedBy(s, 0, oldAffinity, "local", "kubectl-annotate")
			},
			wish:    func(w *Wish) { w.Contexts, w.Affinity = []string{"c1"}, "none" },
			refused: []string{`annotation io.cilium/service-affinity: "local" belongs to kubectl-annotate`},
		},
		"older names replaced on request": {
			snapshot: func(s *mesh.Snapshot) {
				ownedBy(s, 0, oldGlobal, "true", "kubectl-annotate")
				ownedBy(s, 0, oldAffinity, "local", "kubectl-annotate")
			},
			wish: func(w *Wish) { w.Contexts, w.ReplaceLegacy = []string{"c1"}, true },
			want: map[string][]string{"c1": {
				`+ service.cilium.io/affinity: "local"`, `+ service.cilium.io/global: "true"`,
				`- io.cilium/global-service: "true"`, `- io.cilium/service-affinity: "local"`,
			}},
		},
		"older names of GitOps are not replaced": {
			snapshot: func(s *mesh.Snapshot) { ownedBy(s, 0, oldGlobal, "true", "argocd-controller") },
			wish:     func(w *Wish) { w.ReplaceLegacy = true },
			refused:  []string{"io.cilium/global-service", "Argo CD"},
		},
		"missing": {
			wish:    func(w *Wish) { w.Contexts = []string{"c1", "c3"} },
			refused: []string{`context "c3" has no Service web in namespace ns`, "--create makes it"},
		},
		"missing with its namespace": {
			snapshot: func(s *mesh.Snapshot) { s.Clusters[2].Services.Namespaces = map[string]mesh.NamespaceFacts{} },
			wish:     func(w *Wish) { w.Contexts = []string{"c3"} },
			refused:  []string{`context "c3" has no namespace ns, and so no Service web`},
		},
		"created with the selector": {
			snapshot: func(s *mesh.Snapshot) { s.Clusters[0].Services.Items[0].Selector = map[string]string{"app": "web"} },
			wish:     func(w *Wish) { w.Contexts, w.Create = []string{"c3"}, CreateWithSelector },
			want:     map[string][]string{"c3": {"+ port 80/TCP to 8080 http", "+ selector app=web", `+ service.cilium.io/global: "true"`}},
		},
		"created without a selector": {
			snapshot: func(s *mesh.Snapshot) { s.Clusters[0].Services.Items[0].Selector = map[string]string{"app": "web"} },
			wish:     func(w *Wish) { w.Contexts, w.Create, w.Affinity = []string{"c3"}, CreateWithoutSelector, "remote" },
			want:     map[string][]string{"c3": {"+ port 80/TCP to 8080 http", `+ service.cilium.io/affinity: "remote"`, `+ service.cilium.io/global: "true"`}},
		},
		"created with its namespace": {
			snapshot: func(s *mesh.Snapshot) { s.Clusters[2].Services.Namespaces = map[string]mesh.NamespaceFacts{} },
			wish:     func(w *Wish) { w.Contexts, w.Create = []string{"c3"}, CreateWithSelector },
			want: map[string][]string{"c3": {
				"+ port 80/TCP to 8080 http", `+ service.cilium.io/global: "true"`, "namespace ns is made, and stays when the Service is taken back",
			}},
		},
		"in no cluster": {
			wish:    func(w *Wish) { w.Name, w.Create = "other", CreateWithSelector },
			refused: []string{`context "c1" has no Service other in namespace ns, and no other cluster has one`},
		},
		"unreadable": {
			snapshot: func(s *mesh.Snapshot) {
				s.Clusters[0].Services, s.Clusters[0].Problems = nil, []mesh.Problem{{Section: mesh.SectionAPI, Message: "no answer"}}
			},
			refused: []string{`context "c1"`, "cannot be read: no answer"},
		},
		"no Cilium": {
			snapshot: func(s *mesh.Snapshot) { s.Clusters[1].Config = nil },
			refused:  []string{`context "c2" has no Cilium`, "kubectl aksmesh join"},
		},
		"not looked at": {
			wish:    func(w *Wish) { w.Contexts = []string{"c9"} },
			refused: []string{`context "c9" was not looked at`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, w := shops(), on("c1", "c2")
			if test.snapshot != nil {
				test.snapshot(&s)
			}
			if test.wish != nil {
				test.wish(&w)
			}
			d, err := Make(s, w)
			for _, part := range test.refused {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Errorf("error is %v, want %q in it", err, part)
				}
			}
			if len(test.refused) > 0 {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, drawn(d.Targets)); diff != "" {
				t.Errorf("draft (-want +got):\n%s", diff)
			}
		})
	}
}

// What is made is ClusterIP, or headless if the other is, whatever the other's
// type and node ports are.
func TestMakeCreatesAsTheSourceIs(t *testing.T) {
	s := shops()
	source := &s.Clusters[0].Services.Items[0]
	source.Type, source.Headless, source.ClusterIPs = "LoadBalancer", true, nil
	source.Ports[0].NodePort, source.Ports[0].AppProtocol = 30080, "kubernetes.io/h2c"
	source.SessionSeconds, source.PublishNotReady = 60, true
	source.Selector = map[string]string{"app": "web"}
	w := on("c3", "c1")
	w.Create = CreateWithSelector
	d, err := Make(s, w)
	if err != nil {
		t.Fatal(err)
	}
	want := &mesh.GlobalService{
		Namespace: "ns", Name: "web", Type: "ClusterIP", Headless: true, Created: true, Selector: map[string]string{"app": "web"},
		Ports:          []mesh.ServicePort{{Name: "http", Protocol: "TCP", Port: 80, TargetPort: "8080", AppProtocol: "kubernetes.io/h2c"}},
		SessionSeconds: 60, PublishNotReady: true,
		Annotations: map[string]string{mesh.AnnotationGlobal: "true"},
	}
	if diff := cmp.Diff(want, d.Targets[0].Create); diff != "" {
		t.Errorf("what is made (-want +got):\n%s", diff)
	}
	lines := []string{
		"+ port 80/TCP to 8080 http, which speaks kubernetes.io/h2c", "+ sessionAffinity ClientIP for 60 seconds", "+ publishNotReadyAddresses",
		"+ selector app=web", `+ service.cilium.io/global: "true"`,
	}
	if diff := cmp.Diff(lines, d.Targets[0].Diff); diff != "" {
		t.Errorf("diff (-want +got):\n%s", diff)
	}
	spec := d.Object(&d.Targets[0]).Spec
	if *spec.SessionAffinity != "ClientIP" || *spec.SessionAffinityConfig.ClientIP.TimeoutSeconds != 60 || !*spec.PublishNotReadyAddresses ||
		*spec.Ports[0].AppProtocol != "kubernetes.io/h2c" {
		t.Errorf("it is made as %+v", spec)
	}
	if source.Ports[0].NodePort != 30080 {
		t.Error("the other's node port is gone from the snapshot")
	}
}

// As a file, a Service that expose made is whole; one that others have taken
// over is theirs.
func TestObjectOfWhatWasMade(t *testing.T) {
	s := shops()
	for i, keepers := range [][]string{nil, {"helm"}} {
		g := &s.Clusters[i].Services.Items[0]
		g.Created, g.Keepers = true, keepers
	}
	d, err := Make(s, on("c1", "c2"))
	if err != nil {
		t.Fatal(err)
	}
	if d.Object(&d.Targets[0]) == nil || d.Object(&d.Targets[1]) != nil {
		t.Errorf("whole Services are c1: %t, c2: %t; want c1 alone", d.Object(&d.Targets[0]) != nil, d.Object(&d.Targets[1]) != nil)
	}
}

func TestProjected(t *testing.T) {
	s := shops()
	s.Clusters[2].Services.Namespaces = map[string]mesh.NamespaceFacts{}
	ownedBy(&s, 0, mesh.AnnotationAffinity, "local", ours)
	w := on("c1", "c3")
	w.Affinity, w.Create = "none", CreateWithSelector
	d, err := Make(s, w)
	if err != nil {
		t.Fatal(err)
	}
	after := d.Projected(s)
	first := after.Clusters[0].Services.Find("ns", "web")
	if diff := cmp.Diff(map[string]string{mesh.AnnotationGlobal: "true"}, first.Annotations); diff != "" {
		t.Errorf("c1 (-want +got):\n%s", diff)
	}
	if made := after.Clusters[2].Services.Find("ns", "web"); made == nil || !made.Global() {
		t.Errorf("c3 has %+v", made)
	}
	if _, ok := after.Clusters[2].Services.Namespaces["ns"]; !ok {
		t.Error("c3 has no namespace")
	}
	// The snapshot itself is as before.
	before := shops()
	before.Clusters[2].Services.Namespaces = map[string]mesh.NamespaceFacts{}
	ownedBy(&before, 0, mesh.AnnotationAffinity, "local", ours)
	if diff := cmp.Diff(before, s); diff != "" {
		t.Errorf("the snapshot changed:\n%s", diff)
	}
}

func TestPlan(t *testing.T) {
	s := shops()
	ownedBy(&s, 1, mesh.AnnotationGlobal, "true", "helm")
	s.Clusters[2].Services.Namespaces = map[string]mesh.NamespaceFacts{}
	w := on("c1", "c2", "c3")
	w.Create = CreateWithSelector
	d, err := Make(s, w)
	if err != nil {
		t.Fatal(err)
	}
	p := d.Plan(nil)
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range p.Steps {
		step := &p.Steps[i]
		got = append(got, strings.Join([]string{step.ID, string(step.Action), step.Object, strings.Join(step.Needs, ",")}, " | "))
	}
	want := []string{
		"c1/expose | update | Service ns/web | ", "c3/namespace | create | Namespace ns | ", "c3/expose | create | Service ns/web | c3/namespace",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}

func TestMakeUndo(t *testing.T) {
	made := func(s *mesh.Snapshot) *mesh.GlobalService {
		ownedBy(s, 0, mesh.AnnotationGlobal, "true", ours)
		g := &s.Clusters[0].Services.Items[0]
		g.Created = true
		return g
	}
	takenOver := []string{`- service.cilium.io/global: "true"`, "- label app.kubernetes.io/managed-by: kubectl-aksmesh"}
	for name, test := range map[string]struct {
		snapshot func(*mesh.Snapshot)
		want     []string // diff and notes of c1
		action   plan.Action
	}{
		"nothing of ours": {func(s *mesh.Snapshot) { ownedBy(s, 0, mesh.AnnotationGlobal, "true", "helm") }, nil, ""},
		"ours and others'": {func(s *mesh.Snapshot) {
			ownedBy(s, 0, mesh.AnnotationGlobal, "true", ours)
			ownedBy(s, 0, mesh.AnnotationShared, "false", "kubectl-annotate")
			ownedBy(s, 0, mesh.AnnotationAffinity, "local", ours, "helm")
		}, []string{`- ownership of service.cilium.io/affinity: "local", kept by helm`, `- service.cilium.io/global: "true"`}, plan.Update},
		"ours, which somebody else says, too": {
			func(s *mesh.Snapshot) {
				ownedBy(s, 0, mesh.AnnotationGlobal, "true", ours, "argocd-controller", "helm")
			},
			[]string{`- ownership of service.cilium.io/global: "true", kept by argocd-controller and helm`}, plan.Update,
		},
		"made by expose": {
			func(s *mesh.Snapshot) { made(s) },
			[]string{"- port 80/TCP to 8080 http", `- service.cilium.io/global: "true"`}, plan.Delete,
		},
		"made by expose, and its annotation is said by others, too": {
			func(s *mesh.Snapshot) { made(s).Managers[mesh.AnnotationGlobal] = []string{ours, "helm"} },
			[]string{"- port 80/TCP to 8080 http", `- service.cilium.io/global: "true"`}, plan.Delete,
		},
		"made by expose, and changed by somebody": {
			func(s *mesh.Snapshot) { made(s).Keepers = []string{"kubectl-edit", "helm"} },
			append(slices.Clone(takenOver), "the Service stays: expose has made it, and parts of it belong to kubectl-edit and helm by now"), plan.Update,
		},
		"made by expose, and taken into Git": {
			func(s *mesh.Snapshot) { made(s).Owner = "Argo CD application shop" },
			append(slices.Clone(takenOver), "the Service stays: expose has made it, and Argo CD application shop keeps it by now"), plan.Update,
		},
		"made by expose, and annotated by a GitOps controller": {
			func(s *mesh.Snapshot) { ownedBy(s, 0, mesh.AnnotationShared, "true", "kustomize-controller"); made(s) },
			append(slices.Clone(takenOver), "the Service stays: expose has made it, and Flux keeps it by now"), plan.Update,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := shops()
			test.snapshot(&s)
			u, err := MakeUndo(s, "ns", "web", []string{"c1", "c3"})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[string][]string{"c1": test.want, "c3": nil}, drawn(u.Targets)); diff != "" {
				t.Errorf("draft (-want +got):\n%s", diff)
			}
			var want, steps []string
			if test.action != "" {
				want = []string{"c1/unexpose " + string(test.action)}
			}
			p := u.Plan(nil)
			for i := range p.Steps {
				steps = append(steps, p.Steps[i].ID+" "+string(p.Steps[i].Action))
			}
			if diff := cmp.Diff(want, steps); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
		})
	}
}

// Taking back needs no Cilium, but a cluster that can be read.
func TestMakeUndoRefuses(t *testing.T) {
	s := shops()
	s.Clusters[0].Config = nil
	s.Clusters[1].Services, s.Clusters[1].Problems = nil, []mesh.Problem{{Section: mesh.SectionServices, Message: "forbidden"}}
	_, err := MakeUndo(s, "ns", "web", []string{"c1", "c2", "c9"})
	if err == nil || strings.Contains(err.Error(), `"c1"`) {
		t.Fatalf("error is %v", err)
	}
	for _, part := range []string{`context "c2"`, "forbidden", `context "c9" was not looked at`} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error is %v, want %q in it", err, part)
		}
	}
}
