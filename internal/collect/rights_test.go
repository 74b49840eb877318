package collect

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// judge is an authorizer: the rules that it lists by namespace, whether these
// are all, and what it says to each question; asked counts questions.
type judge struct {
	rules      map[string][]authorizationv1.ResourceRule
	incomplete bool
	allows     func(authorizationv1.ResourceAttributes) bool
	asked      int
}

func (j *judge) client() *fake.Clientset {
	client := fake.NewClientset()
	client.PrependReactor("create", "selfsubjectrulesreviews", func(a clienttesting.Action) (bool, runtime.Object, error) {
		review := a.(clienttesting.CreateAction).GetObject().(*authorizationv1.SelfSubjectRulesReview).DeepCopy()
		review.Status = authorizationv1.SubjectRulesReviewStatus{ResourceRules: j.rules[review.Spec.Namespace], Incomplete: j.incomplete}
		return true, review, nil
	})
	client.PrependReactor("create", "selfsubjectaccessreviews", func(a clienttesting.Action) (bool, runtime.Object, error) {
		review := a.(clienttesting.CreateAction).GetObject().(*authorizationv1.SelfSubjectAccessReview).DeepCopy()
		j.asked++ // reactors are called one at a time
		review.Status.Allowed = j.allows(*review.Spec.ResourceAttributes)
		return true, review, nil
	})
	return client
}

func TestRights(t *testing.T) {
	exec := mesh.Right{Verb: "create", Resource: "pods/exec", Namespace: "kube-system"}
	one := mesh.Right{Verb: "patch", Group: "apps", Resource: "daemonsets", Namespace: "kube-system", Name: "cilium"}
	other := one
	other.Name = "cilium-envoy"
	elsewhere := mesh.Right{Verb: "get", Resource: "services", Namespace: "default", Name: "kubernetes"}
	nodes := mesh.Right{Verb: "list", Resource: "nodes"}
	all := []mesh.Right{exec, one, other, elsewhere, nodes}
	rule := func(verb, group, resource string, names ...string) authorizationv1.ResourceRule {
		return authorizationv1.ResourceRule{Verbs: []string{verb}, APIGroups: []string{group}, Resources: []string{resource}, ResourceNames: names}
	}
	for name, c := range map[string]struct {
		judge   judge
		missing []mesh.Right
		asked   int
	}{
		"administrator": {judge: judge{rules: map[string][]authorizationv1.ResourceRule{
			"kube-system": {rule("*", "*", "*")}, "default": {rule("*", "*", "*")},
		}}},
		"names and namespaces count": {
			judge: judge{rules: map[string][]authorizationv1.ResourceRule{
				"kube-system": {rule("create", "", "pods/exec"), rule("patch", "apps", "daemonsets", "cilium"), rule("get", "", "services"), rule("list", "", "nodes", "n1")},
			}},
			missing: []mesh.Right{other, elsewhere, nodes},
		},
		"who lists no rules is asked, once for a kind": {
			judge: judge{incomplete: true, allows: func(authorizationv1.ResourceAttributes) bool { return true }},
			asked: 4,
		},
		"and by name where not all of a kind is allowed": {
			judge: judge{incomplete: true, allows: func(a authorizationv1.ResourceAttributes) bool {
				return a.Name == "cilium" || a.Resource == "pods" && a.Subresource == "exec"
			}},
			missing: []mesh.Right{other, elsewhere, nodes}, asked: 7,
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := &look{cluster: &mesh.Cluster{Client: c.judge.client()}, options: Options{Rights: all}}
			if err := l.rights(t.Context()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.missing, l.facts.Rights, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("missing (-want +got):\n%s", diff)
			}
			if c.judge.asked != c.asked {
				t.Errorf("%d rights were asked for, want %d", c.judge.asked, c.asked)
			}
		})
	}
}
