package rbac

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

func TestObjects(t *testing.T) {
	rights := Join(
		kind{core, "nodes", ""}.may("list"),
		kind{core, "pods", ""}.may("list"),
		kind{core, "pods", "shop"}.may("create", "list"), // list is granted everywhere
		kind{core, "pods", "other"}.only("web", "list"),  // and nothing remains here
		kind{apps, "deployments", "shop"}.only("web", "patch", "get"),
		kind{apps, "daemonsets", "shop"}.each([]string{"b", "a"}, "get"),
		kind{apps, "deployments", "shop"}.only("shop", "get", "patch"),
	)
	meta := func(namespace string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Name: "aksmesh-x", Namespace: namespace}
	}
	typed := func(kind string) metav1.TypeMeta {
		return metav1.TypeMeta{APIVersion: "rbac.authorization.k8s.io/v1", Kind: kind}
	}
	jane := []rbacv1.Subject{{Kind: "User", APIGroup: "rbac.authorization.k8s.io", Name: "jane"}}
	want := []runtime.Object{
		&rbacv1.ClusterRole{TypeMeta: typed("ClusterRole"), ObjectMeta: meta(""), Rules: []rbacv1.PolicyRule{
			{Verbs: []string{"list"}, APIGroups: []string{""}, Resources: []string{"nodes", "pods"}},
		}},
		&rbacv1.Role{TypeMeta: typed("Role"), ObjectMeta: meta("shop"), Rules: []rbacv1.PolicyRule{
			{Verbs: []string{"create"}, APIGroups: []string{""}, Resources: []string{"pods"}},
			{Verbs: []string{"get"}, APIGroups: []string{"apps"}, Resources: []string{"daemonsets"}, ResourceNames: []string{"a", "b"}},
			{Verbs: []string{"get", "patch"}, APIGroups: []string{"apps"}, Resources: []string{"deployments"}, ResourceNames: []string{"shop", "web"}},
		}},
		&rbacv1.ClusterRoleBinding{
			TypeMeta: typed("ClusterRoleBinding"), ObjectMeta: meta(""), Subjects: jane,
			RoleRef: rbacv1.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: "aksmesh-x"},
		},
		&rbacv1.RoleBinding{
			TypeMeta: typed("RoleBinding"), ObjectMeta: meta("shop"), Subjects: jane,
			RoleRef: rbacv1.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "Role", Name: "aksmesh-x"},
		},
	}
	if diff := cmp.Diff(want, Objects("aksmesh-x", rights, jane)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want[:2], Objects("aksmesh-x", rights, nil)); diff != "" {
		t.Errorf("without subjects (-want +got):\n%s", diff)
	}
}

// The namespace that the chart makes is there before its Role, for Helm to adopt.
func TestSecretsNamespace(t *testing.T) {
	objects := Objects("x", kind{rbacGroup, "roles", SecretsNamespace}.may("list"), nil)
	if len(objects) != 2 {
		t.Fatalf("%d objects, want a namespace and a role", len(objects))
	}
	n, ok := objects[0].(*corev1.Namespace)
	if !ok || n.Name != "cilium-secrets" || n.Labels["app.kubernetes.io/managed-by"] != "Helm" || n.Annotations["meta.helm.sh/release-name"] != "cilium" {
		t.Errorf("first is %+v", objects[0])
	}
}

// Rules grant exactly the rights that they are made of.
func TestRulesAreTheRights(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	for range 500 {
		var rights []mesh.Right
		for range random.IntN(30) {
			rights = Join(rights, kind{pick("", "apps"), pick("pods", "services", "secrets"), ""}.only(pick("", "a", "b"), pick("get", "list", "patch")))
		}
		var got []mesh.Right
		for _, rule := range Rules(rights) {
			names := rule.ResourceNames
			if len(names) == 0 {
				names = []string{""}
			}
			for _, resource := range rule.Resources {
				got = append(got, kind{rule.APIGroups[0], resource, ""}.each(names, rule.Verbs...)...)
			}
		}
		less := func(a, b mesh.Right) bool { return a.Group+a.Resource+a.Name+a.Verb < b.Group+b.Resource+b.Name+b.Verb }
		if diff := cmp.Diff(rights, got, cmpopts.SortSlices(less), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	}
}

// Nothing that is granted is all: no rule has a wildcard, and what lets one
// take further rights is for objects by name.
func TestNoWildcards(t *testing.T) {
	all := Join(Look(), Agents(), Services(""), WatchServices(""), Expose("n"), MakeServices("n"), Unexpose("n"), ProbeMesh("n"), Flows(), Helm(), HubbleUI(), Certgen(), unmakeJobs(), Unmesh(), Rollout())
	for _, r := range all {
		if slices.Contains([]string{r.Verb, r.Group, r.Resource, r.Name}, "*") || r.Resource == "" || r.Verb == "" {
			t.Errorf("%+v", r)
		}
		if r.Group == rbacGroup && r.Verb != "list" && r.Name == "" {
			t.Errorf("%+v is for all objects", r)
		}
	}
}
