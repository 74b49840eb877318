package collect

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// apiServer answers as an API server does after a while.
func apiServer(after time.Duration) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.GetConn != nil {
			trace.GetConn(r.URL.Host)
		}
		select {
		case <-time.After(after):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
		return &http.Response{
			StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
			Body: io.NopCloser(strings.NewReader(`{"gitVersion": "v1.37.1"}`)), Request: r,
		}, nil
	})
}

// Somebody who has to type a code into a browser takes minutes; an API server
// that does not answer is still given up soon.
func TestContact(t *testing.T) {
	const never = 24 * time.Hour
	device := &clientcmdapi.ExecConfig{InteractiveMode: clientcmdapi.IfAvailableExecInteractiveMode}
	for name, test := range map[string]struct {
		exec          *clientcmdapi.ExecConfig
		login, answer time.Duration
		want          error
		bound         time.Duration
	}{
		"at once":                         {bound: time.Second},
		"after a login":                   {exec: device, login: 5 * time.Minute, bound: 6 * time.Minute},
		"no answer":                       {answer: never, want: errNoContact, bound: time.Minute},
		"no answer after a login":         {exec: device, login: 5 * time.Minute, answer: never, want: errNoContact, bound: 6 * time.Minute},
		"nobody logs in":                  {exec: device, login: never, want: errNoLogin, bound: 15 * time.Minute},
		"a login that needs nobody":       {login: 30 * time.Second, answer: 10 * time.Second, bound: time.Minute},
		"a login that needs nobody hangs": {login: never, want: errNoContact, bound: time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cluster, err := mesh.NewCluster("aks-1", &rest.Config{Host: "https://aks-1", Transport: apiServer(test.answer)}, "test")
				if err != nil {
					t.Fatal(err)
				}
				// Credential plugins run before, and outside of, all that is repeated.
				cluster.Config.Wrap(func(next http.RoundTripper) http.RoundTripper {
					return roundTripper(func(r *http.Request) (*http.Response, error) {
						select {
						case <-time.After(test.login):
						case <-r.Context().Done():
						}
						return next.RoundTrip(r)
					})
				})
				if cluster.Client, err = kubernetes.NewForConfig(cluster.Config); err != nil {
					t.Fatal(err)
				}
				cluster.Config.ExecProvider = test.exec
				l := &look{cluster: cluster}
				begun := time.Now()
				if err := l.version(t.Context()); !errors.Is(err, test.want) {
					t.Errorf("error %v, want %v", err, test.want)
				}
				if took := time.Since(begun); took > test.bound {
					t.Errorf("took %s, want at most %s", took, test.bound)
				}
			})
		})
	}
}
