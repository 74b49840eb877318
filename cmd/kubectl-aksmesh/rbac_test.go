package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/yaml"
)

// runRBAC runs the command without any kubeconfig: it contacts no cluster.
func runRBAC(t *testing.T, in string, args ...string) (string, error) {
	t.Helper()
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	var out bytes.Buffer
	root := newRoot(&app{
		streams:   genericiooptions.IOStreams{In: strings.NewReader(in), Out: &out, ErrOut: &bytes.Buffer{}},
		lookupEnv: os.LookupEnv,
	})
	root.SetArgs(append([]string{"rbac"}, args...))
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

// printedObjects are "Kind name" or "Kind namespace/name" of all documents.
func printedObjects(t *testing.T, text string) []string {
	t.Helper()
	var all []string
	for _, document := range strings.Split(text, "---\n") {
		var o struct {
			Kind     string
			Metadata struct{ Name, Namespace string }
		}
		if err := yaml.Unmarshal([]byte(document), &o); err != nil {
			t.Fatalf("%v\n%s", err, document)
		}
		all = append(all, o.Kind+" "+strings.TrimPrefix(o.Metadata.Namespace+"/"+o.Metadata.Name, "/"))
	}
	return all
}

func TestRBACObjects(t *testing.T) {
	for args, want := range map[string]string{
		"":                   "ClusterRole aksmesh-read, Role default/aksmesh-read, Role kube-system/aksmesh-read",
		"doctor --user jane": "ClusterRole aksmesh-doctor, Role default/aksmesh-doctor, Role kube-system/aksmesh-doctor, ClusterRoleBinding aksmesh-doctor, RoleBinding default/aksmesh-doctor, RoleBinding kube-system/aksmesh-doctor",
		"services -n shop":   "ClusterRole aksmesh-services, Role kube-system/aksmesh-services, Role shop/aksmesh-services",
		"services -A":        "ClusterRole aksmesh-services, Role kube-system/aksmesh-services",
		"ca status export":   "ClusterRole aksmesh-ca-status-export, Role default/aksmesh-ca-status-export, Role kube-system/aksmesh-ca-status-export",
		"join --name x":      "ClusterRole x, Namespace cilium-secrets, Role cilium-secrets/x, Role default/x, Role kube-system/x",
		"doctor|doctor --probe --probe-namespace=pr": "ClusterRole aksmesh-doctor-doctor-probe, Role default/aksmesh-doctor-doctor-probe, Role kube-system/aksmesh-doctor-doctor-probe, Role pr/aksmesh-doctor-doctor-probe",
	} {
		words := strings.Fields(args)
		if before, after, quoted := strings.Cut(args, "|"); quoted {
			words = append([]string{before, strings.Join(strings.Fields(after)[:2], " ")}, strings.Fields(after)[2:]...)
		}
		text, err := runRBAC(t, "", words...)
		if err != nil {
			t.Errorf("%q: %v", args, err)
			continue
		}
		if got := strings.Join(printedObjects(t, text), ", "); got != want {
			t.Errorf("%q prints\n%s, want\n%s", args, got, want)
		}
	}
}

func TestRBACSubjects(t *testing.T) {
	text, err := runRBAC(t, "", "export", "-o=json", "--user=jane", "--group=viewers", "--serviceaccount=ops:doctor")
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Kind  string
		Items []struct {
			Kind     string
			Subjects []struct{ Kind, Namespace, Name string }
		}
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	bindings := 0
	for _, item := range list.Items {
		if !strings.HasSuffix(item.Kind, "Binding") {
			continue
		}
		bindings++
		if len(item.Subjects) != 3 || item.Subjects[2].Kind != "ServiceAccount" || item.Subjects[2].Namespace != "ops" {
			t.Errorf("subjects are %+v", item.Subjects)
		}
	}
	if list.Kind != "List" || bindings != 3 {
		t.Errorf("a %s with %d bindings, want a List with 3", list.Kind, bindings)
	}
}

// Hubble UI is not in every mesh: who wants the rights for it says so.
func TestRBACHubbleUI(t *testing.T) {
	for want, args := range map[bool][]string{false: {"upgrade"}, true: {"upgrade", "join --hubble-ui"}} {
		text, err := runRBAC(t, "", args...)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"- hubble-ui\n", "- hubble-ui-nginx\n"} {
			if got := strings.Contains(text, name); got != want {
				t.Errorf("%q names %q: %t, want %t", args, name, got, want)
			}
		}
	}
}

func TestRBACManifest(t *testing.T) {
	const ingress = "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: cilium}\n"
	text, err := runRBAC(t, ingress, "upgrade", "--manifest=-")
	if err != nil || !strings.Contains(text, "- ingressclasses") {
		t.Errorf("%v\n%s", err, text)
	}
}

// TestRBACManifestOfLeave: who takes a cluster out of a mesh deletes certgen's
// Jobs, whatever their names are; who does not, need not.
func TestRBACManifestOfLeave(t *testing.T) {
	const cronJob = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: clustermesh-apiserver-generate-certs, namespace: kube-system}\n"
	for command, want := range map[string]string{"join": "list watch create", "leave": "get list watch create delete"} {
		text, err := runRBAC(t, cronJob, command, "--manifest=-", "-o=json")
		if err != nil {
			t.Fatal(err)
		}
		var list struct {
			Items []struct{ Rules []rbacv1.PolicyRule }
		}
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, item := range list.Items {
			for _, rule := range item.Rules {
				if slices.Contains(rule.Resources, "jobs") {
					got = append(got, strings.Join(rule.Verbs, " "))
				}
			}
		}
		if diff := cmp.Diff([]string{want}, got); diff != "" {
			t.Errorf("%s may (-want +got):\n%s", command, diff)
		}
	}
}

func TestRBACUsage(t *testing.T) {
	for args, want := range map[string]string{
		"rotate":                         `"rotate" is none of the commands that roles are known for: join,`,
		"ca":                             `"ca" is none of`,
		"doctor -o table":                "not one of yaml, json",
		"doctor --serviceaccount doctor": "not of the form NAMESPACE:NAME",
		"doctor --user=":                 "need a name",
		"doctor --manifest -":            "--manifest is for commands that make a Helm revision",
		"join --manifest /nowhere":       "no such file",
		"expose -n Shop":                 `--namespace "Shop" is no name`,
		"doctor --probe-namespace a/b":   `--probe-namespace "a/b" is no name`,
		"doctor --name a_b":              `--name "a_b" is no name`,
	} {
		out, err := runRBAC(t, "", strings.Fields(args)...)
		if err == nil || !strings.Contains(err.Error(), want) || out != "" {
			t.Errorf("%q: %v, want %q in it, and nothing on stdout\n%s", args, err, want, out)
		}
	}
}
