package rbac

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

const rendered = `---
# Source: cilium/templates/cilium-ingress.yaml
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: cilium}
---
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: hubble-generate-certs, namespace: kube-system}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: hubble-generate-certs, namespace: kube-system}
`

func TestManifest(t *testing.T) {
	rights, err := Manifest(strings.NewReader(rendered), false)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []mesh.Right{
		{Verb: "list", Group: "networking.k8s.io", Resource: "ingressclasses"},
		{Verb: "create", Group: "networking.k8s.io", Resource: "ingressclasses", Name: "cilium"},
		{Verb: "delete", Group: "networking.k8s.io", Resource: "ingressclasses", Name: "cilium"},
		{Verb: "escalate", Group: "rbac.authorization.k8s.io", Resource: "roles", Namespace: "kube-system", Name: "hubble-generate-certs"},
		{Verb: "bind", Group: "rbac.authorization.k8s.io", Resource: "roles", Namespace: "kube-system", Name: "hubble-generate-certs"},
		{Verb: "patch", Group: "batch", Resource: "cronjobs", Namespace: "kube-system", Name: "hubble-generate-certs"},
		{Verb: "create", Group: "batch", Resource: "jobs", Namespace: "kube-system"},
	} {
		if !slices.Contains(rights, want) {
			t.Errorf("%+v is missing", want)
		}
	}
}

// Only leave deletes Jobs, and only where certgen makes some. Their names are
// the CronJob's and a number.
func TestManifestOfJobs(t *testing.T) {
	const role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: x, namespace: kube-system}\n"
	for _, c := range []struct {
		text  string
		leave bool
		want  []string
	}{
		{rendered, false, []string{"list", "watch", "create"}},
		{rendered, true, []string{"list", "watch", "create", "get", "delete"}},
		{role, true, nil},
	} {
		rights, err := Manifest(strings.NewReader(c.text), c.leave)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range rights {
			if r.Resource == "jobs" && r.Name == "" {
				got = append(got, r.Verb)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("leave %t (-want +got):\n%s\n%s", c.leave, diff, c.text)
		}
	}
}

func TestNoManifest(t *testing.T) {
	for text, want := range map[string]string{
		"kind: Role": "no metadata.name",
		"{":          "not YAML",
		"just words": "not YAML",
		"apiVersion: a/b/c\nkind: Role\nmetadata: {name: x}": "Role x",
	} {
		if _, err := Manifest(strings.NewReader(text), true); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q in it", text, err, want)
		}
	}
	if rights, err := Manifest(strings.NewReader(""), true); err != nil || len(rights) != 0 {
		t.Errorf("nothing: %v, %v", rights, err)
	}
}

func FuzzManifest(f *testing.F) {
	f.Add(rendered)
	f.Add("kind: 1")
	f.Add("- a\n- b")
	f.Add(`{"apiVersion":"v1","kind":"List","metadata":{"name":null}}`)
	f.Fuzz(func(t *testing.T, text string) {
		rights, err := Manifest(strings.NewReader(text), true)
		for _, r := range rights {
			if err == nil && (r.Verb == "" || r.Resource == "") {
				t.Errorf("%+v", r)
			}
		}
	})
}
