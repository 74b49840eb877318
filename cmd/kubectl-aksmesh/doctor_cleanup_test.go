package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/probe"
)

// A cluster that cannot be looked at is told as such, and the others are
// cleaned up all the same.
func TestCleanUp(t *testing.T) {
	t.Parallel()
	left := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: "kube-system", Name: "aksmesh-probe-x", Labels: probe.Labels(), CreationTimestamp: metav1.NewTime(time.Now().Add(-24 * time.Hour)),
	}}
	broken := errors.New("connection reset by peer")
	forbidden := apierrors.NewForbidden(corev1.Resource("pods"), "", errors.New("not you"))
	for name, test := range map[string]struct {
		objects []runtime.Object
		fails   func(namespace string) error // of lists in aks-1
		says    []string
		not     []string
		wrong   string // in the error; empty: none
	}{
		"none anywhere": {says: []string{"no pods of probes are left in aks-1, aks-2"}},
		"one cluster fails": {
			fails: func(string) error { return broken },
			says:  []string{"no pods of probes are left in aks-2"}, not: []string{"aks-1"},
			wrong: `context "aks-1" was not examined: pods of earlier probes cannot be listed: connection reset by peer`,
		},
		"one cluster fails, the other has some": {
			objects: []runtime.Object{left}, fails: func(string) error { return broken },
			says: []string{"aks-2: pod kube-system/aksmesh-probe-x", "aks-2: removed 1 pod"}, not: []string{"are left"},
			wrong: `context "aks-1" was not examined`,
		},
		"one namespace alone": {
			fails: func(namespace string) error {
				if namespace == "" {
					return forbidden
				}
				return nil
			},
			says: []string{"left in namespace kube-system of aks-1 (others may not be listed), aks-2"},
		},
		"nothing may be listed": {
			fails: func(string) error { return forbidden }, not: []string{"aks-1"}, wrong: "was not examined",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first := fake.NewClientset()
			if test.fails != nil {
				first.PrependReactor("list", "pods", func(a clienttesting.Action) (bool, runtime.Object, error) {
					err := test.fails(a.GetNamespace())
					return err != nil, nil, err
				})
			}
			var out, errOut bytes.Buffer
			o := &doctorOptions{
				app:    &app{streams: genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &errOut}},
				probed: []*mesh.Cluster{{Context: "aks-1", Client: first}, {Context: "aks-2", Client: fake.NewClientset(test.objects...)}},
			}
			o.flags.yes, o.flags.probeNamespace = true, "kube-system"
			err := o.cleanUp(t.Context())
			if (err != nil) != (test.wrong != "") || err != nil && !strings.Contains(err.Error(), test.wrong) {
				t.Errorf("error %v, want %q", err, test.wrong)
			}
			for _, want := range test.says {
				if !strings.Contains(errOut.String(), want) {
					t.Errorf("%q is not said:\n%s", want, errOut.String())
				}
			}
			for _, not := range test.not {
				if strings.Contains(errOut.String(), not) {
					t.Errorf("%q is said:\n%s", not, errOut.String())
				}
			}
		})
	}
}
