package azure

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/test/golden"
)

func TestSetKubeProxy(t *testing.T) {
	tests := map[string]struct {
		prepare func(f *fakeARM)
		enable  bool
		puts    int
		code    string // of the Error; empty: none
		says    string // part of what is said
	}{
		"off":                   {puts: 1, says: "Azure is at work on it"},
		"off already":           {prepare: func(f *fakeARM) { f.set(object{}, "networkProfile", "kubeProxyConfig") }},
		"off already, newer":    {prepare: func(f *fakeARM) { f.set(object{"enabled": false}, "networkProfile", "kubeProxyConfig") }},
		"on already":            {enable: true},
		"on again":              {enable: true, puts: 1, prepare: func(f *fakeARM) { f.set(object{}, "networkProfile", "kubeProxyConfig") }},
		"off on paper only":     {puts: 1, prepare: func(f *fakeARM) { f.set(object{}, "networkProfile", "kubeProxyConfig"); f.setState("Failed") }},
		"after a failure":       {puts: 1, prepare: func(f *fakeARM) { f.setState("Failed") }},
		"our own PUT, resumed":  {prepare: func(f *fakeARM) { f.apply(object{}); f.before = pollOnRead }, says: "(Updating)"},
		"another operation":     {puts: 1, prepare: func(f *fakeARM) { f.setState("Upgrading"); f.left = 2; f.before = pollOnRead }, says: "(Upgrading)"},
		"changed meanwhile":     {puts: 1, prepare: func(f *fakeARM) { f.before = changeBeforePuts(3) }, says: "somebody else"},
		"changed all the time":  {code: CodeChanged, prepare: func(f *fakeARM) { f.before = changeBeforePuts(100) }},
		"busy, not seen yet":    {puts: 1, prepare: failPuts(3, armFailure(409, "OperationNotAllowed", "Another operation (Updating) is in progress")), says: "waiting for Azure"},
		"record gone":           {puts: 1, prepare: func(f *fakeARM) { f.before = loseOperation }},
		"not BYOCNI":            {code: CodeNotBYOCNI, prepare: func(f *fakeARM) { f.set("azure", "networkProfile", "networkPlugin") }},
		"stopped":               {code: CodeStopped, prepare: func(f *fakeARM) { f.set(object{"code": "Stopped"}, "powerState") }},
		"deleting":              {code: CodeBadState, prepare: func(f *fakeARM) { f.setState("Deleting") }},
		"no preview offered":    {code: CodeVersion, prepare: func(f *fakeARM) { f.versions = []string{"2026-03-01"} }},
		"no feature":            {code: CodeFeature, prepare: failPuts(9, armFailure(400, "BadRequest", "Feature Microsoft.ContainerService/KubeProxyConfigurationPreview is not enabled."))},
		"linked authorization":  {code: "LinkedAuthorizationFailed", prepare: failPuts(9, armFailure(403, "LinkedAuthorizationFailed", "no join on subnet"))},
		"locked":                {code: "ScopeLocked", prepare: failPuts(9, armFailure(409, "ScopeLocked", "locked"))},
		"BYOCNI only, by Azure": {code: CodeNotBYOCNI, prepare: failPuts(9, armFailure(400, "KubeProxyConfigDisabledBYOCNIOnly", "Disabling kube-proxy is only allowed for BYO CNI"))},
		"operation fails":       {puts: 1, code: "ReconcileError", prepare: func(f *fakeARM) { f.before = failOperation }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFakeARM(t)
			if test.prepare != nil {
				test.prepare(f)
			}
			var said []string
			err := f.client(t).SetKubeProxy(t.Context(), testID(), test.enable, func(s string) { said = append(said, s) })
			var got *Error
			errors.As(err, &got)
			switch {
			case test.code == "" && err != nil:
				t.Errorf("error: %v", err)
			case test.code != "" && (got == nil || got.Code != test.code):
				t.Errorf("error %v, want code %s", err, test.code)
			}
			if len(f.puts) != test.puts {
				t.Errorf("%d PUTs accepted, want %d", len(f.puts), test.puts)
			}
			if !strings.Contains(strings.Join(said, "\n"), test.says) {
				t.Errorf("said %q, want something with %q", said, test.says)
			}
			if got != nil && got.Status == http.StatusForbidden && !strings.Contains(err.Error(), KubeProxyCommand(testID(), test.enable)) {
				t.Errorf("error %v lacks the command for others", err)
			}
			if err != nil && strings.Contains(err.Error(), "secret-token") {
				t.Errorf("the error leaks the token: %v", err)
			}
		})
	}
}

// pollOnRead moves operations on with every read of the cluster.
func pollOnRead(f *fakeARM, r *http.Request) *answer {
	if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/aks-1") && f.left >= 0 {
		f.poll()
	}
	return nil
}

func changeBeforePuts(times int) func(*fakeARM, *http.Request) *answer {
	return func(f *fakeARM, r *http.Request) *answer {
		if r.Method == http.MethodPut && times > 0 {
			times--
			f.setState("Succeeded")
		}
		return nil
	}
}

func failPuts(times int, a *answer) func(*fakeARM) {
	return func(f *fakeARM) {
		f.before = func(_ *fakeARM, r *http.Request) *answer {
			if r.Method != http.MethodPut || times == 0 {
				return nil
			}
			times--
			return a
		}
	}
}

func loseOperation(f *fakeARM, r *http.Request) *answer {
	if strings.HasSuffix(r.URL.Path, "/operations/op") {
		return armFailure(http.StatusNotFound, "NotFound", "gone")
	}
	return pollOnRead(f, r)
}

func failOperation(f *fakeARM, r *http.Request) *answer {
	if !strings.HasSuffix(r.URL.Path, "/operations/op") {
		return nil
	}
	f.setState("Failed")
	return f.ok(object{"status": "Failed", "error": object{"code": "ReconcileError", "message": "it broke"}})
}

// TestPutBody holds the body of a PUT against a golden file: what is unknown
// survives, what is read-only is gone, and only kube-proxy changes.
func TestPutBody(t *testing.T) {
	f := newFakeARM(t)
	f.set(object{"enabled": true, "mode": "IPVS"}, "networkProfile", "kubeProxyConfig")
	if err := f.client(t).SetKubeProxy(t.Context(), testID(), false, nil); err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, filepath.Join("testdata", "put.json"), mustJSON(t, f.puts[0]))
}

// TestSameVersion: a GET and a PUT of different API versions would lose properties.
func TestSameVersion(t *testing.T) {
	f := newFakeARM(t)
	var versions []string
	f.before = func(_ *fakeARM, r *http.Request) *answer {
		if strings.HasSuffix(r.URL.Path, "/aks-1") {
			versions = append(versions, r.URL.Query().Get("api-version"))
		}
		return nil
	}
	if err := f.client(t).SetKubeProxy(t.Context(), testID(), false, nil); err != nil {
		t.Fatal(err)
	}
	if got := slices.Compact(versions); !slices.Equal(got, []string{"2026-03-02-preview"}) {
		t.Errorf("API versions %v", got)
	}
}

func TestSetKubeProxyEndsWithContext(t *testing.T) {
	f := newFakeARM(t)
	f.setState("Updating") // for ever
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	err := f.client(t).SetKubeProxy(ctx, testID(), false, nil)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want the deadline", err)
	}
	if f.writes() != 0 {
		t.Errorf("%d writes while another operation ran", f.writes())
	}
}
