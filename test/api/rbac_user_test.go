package api

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// limited is a user with the rights that kubectl aksmesh rbac prints, and no
// others, in whose name the commands of a test run.
type limited struct {
	w     *apienv.World
	roles []rbacv1.Role // those of now; cluster roles have no namespace
	given []rbacv1.Role // all since the last nothingUnused
	seen  []request     // likewise
}

// limit has the world's contexts be those of the limited user.
func limit(t *testing.T, w *apienv.World) *limited {
	t.Helper()
	for _, m := range w.Members {
		w.AddForbidden(t, m.Context, m)
	}
	return &limited{w: w}
}

// may replaces the user's rights by those that rbac prints with these arguments.
func (l *limited) may(t *testing.T, args ...string) {
	t.Helper()
	r := well(t, l.w, append([]string{"rbac", "--user", apienv.Nobody}, args...))
	l.take(t)
	l.roles = nil
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(r.Stdout), 4096)
	for {
		var raw map[string]any
		if err := decoder.Decode(&raw); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v\n%s", err, said(r))
		}
		l.apply(t, raw)
	}
}

// apply makes one printed object in all clusters.
func (l *limited) apply(t *testing.T, raw map[string]any) {
	t.Helper()
	kind := raw["kind"].(string)
	for i, m := range l.w.Members {
		role, err := makePrinted(t, m, kind, raw)
		if err != nil {
			t.Fatalf("%s: %s: %v", m.Context, kind, err)
		}
		if i == 0 && role != nil {
			l.roles, l.given = append(l.roles, *role), append(l.given, *role)
		}
	}
}

// take takes all rights back.
func (l *limited) take(t *testing.T) {
	t.Helper()
	for _, m := range l.w.Members {
		r := m.Client.RbacV1()
		for i := range l.roles {
			role := &l.roles[i]
			var errs []error
			if role.Namespace == "" {
				errs = []error{r.ClusterRoles().Delete(t.Context(), role.Name, metav1.DeleteOptions{}), r.ClusterRoleBindings().Delete(t.Context(), role.Name, metav1.DeleteOptions{})}
			} else {
				errs = []error{r.Roles(role.Namespace).Delete(t.Context(), role.Name, metav1.DeleteOptions{}), r.RoleBindings(role.Namespace).Delete(t.Context(), role.Name, metav1.DeleteOptions{})}
			}
			if err := errors.Join(errs...); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// run runs a command as the user, which must end with one of the exit codes.
// Nothing that it asks for may be denied. --watch is interrupted once it goes on.
func (l *limited) run(t *testing.T, codes []int, args ...string) {
	t.Helper()
	requests := auditOf(t, l.w, apienv.Nobody)
	l.w.Journal.Reset()
	p := l.w.Launch(t, args...)
	if slices.Contains(args, "--watch") {
		l.goesOn(t, args[0])
		interrupt(t, p)
	}
	r := p.Wait()
	if !slices.Contains(codes, r.ExitCode) {
		t.Errorf("%q ended with %d, want one of %v\n%s", args, r.ExitCode, codes, said(r))
	}
	seen := requests()
	if len(seen) == 0 {
		t.Errorf("%q asked for nothing", args)
	}
	for _, one := range seen {
		if one.code == 403 {
			t.Errorf("%q is denied %+v", args, one.Right)
		}
	}
	l.seen = append(l.seen, seen...)
}

// goesOn waits until a command with --watch has done all that it does from then on
// in two clusters: services watches Services and EndpointSlices, status looks
// again, and has done so once it begins a third time.
func (l *limited) goesOn(t *testing.T, command string) {
	t.Helper()
	if command == "services" {
		waitForCalls(t, l.w, "watch", 4)
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	look := func(c apienv.Call) bool { return c.Verb == "list" && c.Path == "/api/v1/nodes" }
	if err := l.w.Journal.WaitFor(ctx, look, 6); err != nil {
		t.Errorf("%s --watch does not look again: %v", command, err)
	}
}

// nothingUnused expects every right that was given to have been used, but
// those that only rare events need, which have a reason.
func (l *limited) nothingUnused(t *testing.T, rare map[mesh.Right]string) {
	t.Helper()
	for _, right := range granted(l.given) {
		if rare[right] == "" && !usedBy(right, l.seen) {
			t.Errorf("nobody has used %+v", right)
		}
	}
	l.given, l.seen = nil, nil
}

// makePrinted makes an object in a cluster, and returns it as a role if it is one.
func makePrinted(t *testing.T, m *apienv.Member, kind string, raw map[string]any) (role *rbacv1.Role, err error) {
	t.Helper()
	r := m.Client.RbacV1()
	switch kind {
	case "Namespace":
		o := decoded[corev1.Namespace](t, raw)
		if _, err = m.Client.CoreV1().Namespaces().Create(t.Context(), o, metav1.CreateOptions{}); apierrors.IsAlreadyExists(err) {
			err = nil
		}
	case "ClusterRole":
		o := decoded[rbacv1.ClusterRole](t, raw)
		_, err = r.ClusterRoles().Create(t.Context(), o, metav1.CreateOptions{})
		return &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: o.Name}, Rules: o.Rules}, err
	case "Role":
		o := decoded[rbacv1.Role](t, raw)
		_, err = r.Roles(o.Namespace).Create(t.Context(), o, metav1.CreateOptions{})
		return o, err
	case "ClusterRoleBinding":
		_, err = r.ClusterRoleBindings().Create(t.Context(), decoded[rbacv1.ClusterRoleBinding](t, raw), metav1.CreateOptions{})
	case "RoleBinding":
		o := decoded[rbacv1.RoleBinding](t, raw)
		_, err = r.RoleBindings(o.Namespace).Create(t.Context(), o, metav1.CreateOptions{})
	default:
		t.Fatalf("rbac prints a %s", kind)
	}
	return nil, err
}

func decoded[T any](t *testing.T, raw map[string]any) *T {
	t.Helper()
	var o T
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(raw, &o); err != nil {
		t.Fatal(err)
	}
	return &o
}
