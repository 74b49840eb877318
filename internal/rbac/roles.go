package rbac

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Objects are the smallest RBAC objects that grant the rights: a ClusterRole
// for what is in no namespace or in all, and a Role in each other namespace,
// all of one name. Bindings to the subjects follow, if there are any.
//
// A Role for the namespace that Cilium's chart makes is preceded by that
// namespace, so that it can be applied before Cilium is there; it is made such
// that Helm adopts it.
func Objects(name string, rights []mesh.Right, subjects []rbacv1.Subject) []runtime.Object {
	byNamespace := map[string][]mesh.Right{}
	for _, right := range rights {
		// A Role cannot hold what is granted in all namespaces anyway.
		byNamespace[right.Namespace] = append(byNamespace[right.Namespace], right)
	}
	var roles, bindings []runtime.Object
	for _, namespace := range slices.Sorted(maps.Keys(byNamespace)) {
		rules := Rules(besides(byNamespace[namespace], byNamespace[""]))
		if len(rules) == 0 {
			continue
		}
		if namespace == SecretsNamespace {
			roles = append(roles, secretsNamespace())
		}
		role, binding := objects(name, namespace, rules, subjects)
		roles, bindings = append(roles, role), append(bindings, binding)
	}
	if len(subjects) == 0 {
		return roles
	}
	return append(roles, bindings...)
}

// besides leaves out what is granted in all namespaces, or of all names.
func besides(rights, everywhere []mesh.Right) []mesh.Right {
	return slices.DeleteFunc(slices.Clone(rights), func(r mesh.Right) bool {
		all, wide, widest := r, r, r
		all.Name, wide.Namespace, widest.Name, widest.Namespace = "", "", "", ""
		return r.Name != "" && slices.Contains(rights, all) ||
			r.Namespace != "" && (slices.Contains(everywhere, wide) || slices.Contains(everywhere, widest))
	})
}

func secretsNamespace() runtime.Object {
	return &corev1.Namespace{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
		ObjectMeta: metav1.ObjectMeta{Name: SecretsNamespace, Labels: cilium.HelmLabels(), Annotations: cilium.HelmAnnotations(cilium.Namespace)},
	}
}

func objects(name, namespace string, rules []rbacv1.PolicyRule, subjects []rbacv1.Subject) (role, binding runtime.Object) {
	meta := metav1.ObjectMeta{Name: name, Namespace: namespace}
	typed := func(kind string) metav1.TypeMeta {
		return metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: kind}
	}
	if namespace == "" {
		return &rbacv1.ClusterRole{TypeMeta: typed("ClusterRole"), ObjectMeta: meta, Rules: rules},
			&rbacv1.ClusterRoleBinding{TypeMeta: typed("ClusterRoleBinding"), ObjectMeta: meta, Subjects: subjects, RoleRef: refTo("ClusterRole", name)}
	}
	return &rbacv1.Role{TypeMeta: typed("Role"), ObjectMeta: meta, Rules: rules},
		&rbacv1.RoleBinding{TypeMeta: typed("RoleBinding"), ObjectMeta: meta, Subjects: subjects, RoleRef: refTo("Role", name)}
}

func refTo(kind, name string) rbacv1.RoleRef {
	return rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: kind, Name: name}
}

// Rules puts rights of one namespace together, in as few rules as grant these
// and no others: kinds of one group that have the same verbs and names share one.
func Rules(rights []mesh.Right) []rbacv1.PolicyRule {
	type object struct{ group, resource, name string }
	verbs := map[object][]string{}
	for _, r := range rights {
		at := object{r.Group, r.Resource, r.Name}
		verbs[at] = append(verbs[at], r.Verb)
	}
	type sameVerbs struct{ group, resource, verbs string }
	names := map[sameVerbs][]string{}
	for o, list := range verbs {
		at := sameVerbs{o.group, o.resource, strings.Join(ordered(list), ",")}
		names[at] = append(names[at], o.name)
	}
	type same struct{ group, verbs, names string }
	resources := map[same][]string{}
	for k, list := range names {
		// Rights on all objects have the empty name, and a rule of their own.
		if slices.Contains(list, "") {
			at := same{k.group, k.verbs, ""}
			resources[at] = append(resources[at], k.resource)
		}
		if list = slices.DeleteFunc(list, func(n string) bool { return n == "" }); len(list) > 0 {
			slices.Sort(list)
			at := same{k.group, k.verbs, strings.Join(list, ",")}
			resources[at] = append(resources[at], k.resource)
		}
	}
	var rules []rbacv1.PolicyRule
	for at, list := range resources {
		slices.Sort(list)
		rule := rbacv1.PolicyRule{APIGroups: []string{at.group}, Resources: list, Verbs: strings.Split(at.verbs, ",")}
		if at.names != "" {
			rule.ResourceNames = strings.Split(at.names, ",")
		}
		rules = append(rules, rule)
	}
	slices.SortFunc(rules, func(a, b rbacv1.PolicyRule) int {
		return cmp.Or(slices.Compare(a.APIGroups, b.APIGroups), slices.Compare(a.Resources, b.Resources),
			slices.Compare(a.ResourceNames, b.ResourceNames), slices.Compare(a.Verbs, b.Verbs))
	})
	return rules
}

// ordered sorts verbs from reading to writing, each once.
func ordered(verbs []string) []string {
	order := []string{"get", "list", "watch", "create", "update", "patch", "delete", "bind", "escalate"}
	slices.SortFunc(verbs, func(a, b string) int { return cmp.Compare(slices.Index(order, a), slices.Index(order, b)) })
	return slices.Compact(verbs)
}
