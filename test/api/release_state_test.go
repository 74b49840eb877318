package api

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/release"
	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// revisions are the secrets of a cluster's Helm release, oldest first.
func revisions(t *testing.T, m *apienv.Member) []corev1.Secret {
	t.Helper()
	list, err := m.Client.CoreV1().Secrets("kube-system").List(t.Context(), metav1.ListOptions{LabelSelector: "owner=helm,name=cilium"})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(list.Items, func(a, b corev1.Secret) int { return number(t, a) - number(t, b) })
	return list.Items
}

func number(t *testing.T, revision corev1.Secret) int {
	t.Helper()
	n, err := strconv.Atoi(revision.Labels["version"])
	if err != nil {
		t.Fatalf("revision %s has no number: %v", revision.Name, err)
	}
	return n
}

// revision is the number of a cluster's newest revision.
func revision(t *testing.T, m *apienv.Member) int {
	t.Helper()
	all := revisions(t, m)
	if len(all) == 0 {
		return 0
	}
	return number(t, all[len(all)-1])
}

// newest is a cluster's newest revision, with its values.
func newest(t *testing.T, m *apienv.Member) *release.Found {
	t.Helper()
	found, err := release.FromSecrets(revisions(t, m))
	if err != nil || found == nil {
		t.Fatalf("%s has no release that can be read: %v", m.Context, err)
	}
	return found
}

// value is what nested maps have at a path of keys with dots between; nil if nothing.
func value(values map[string]any, path string) any {
	var at any = values
	for key := range strings.SplitSeq(path, ".") {
		inner, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = inner[key]
	}
	return at
}
