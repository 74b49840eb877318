package apienv

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// upstream is a server that counts what reaches it.
type upstream struct {
	*httptest.Server
	served atomic.Int32
}

func newUpstream(t *testing.T, h http.HandlerFunc) *upstream {
	u := &upstream{}
	u.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u.served.Add(1)
		h(w, r)
	}))
	t.Cleanup(u.Close)
	return u
}

// behind starts a proxy before the server, and returns a client of the proxy.
func (u *upstream) behind(t *testing.T, j *Journal) (*Proxy, *http.Client) {
	p := NewProxy(t, j, "aks-1", u.URL, trusting(t, serverCA(u.Server)))
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: trusting(t, p.CA), ForceAttemptHTTP2: true}}
	t.Cleanup(client.CloseIdleConnections)
	return p, client
}

func trusting(t *testing.T, pem []byte) *tls.Config {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		t.Fatal("no certificate")
	}
	return &tls.Config{RootCAs: pool}
}

func hello(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }

// do sends a request and returns the status and body, or 0 if there was no answer.
func do(t *testing.T, c *http.Client, method, url string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("User-Agent", "chaos-test")
	response, err := c.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestProxyLogsCalls(t *testing.T) {
	j := &Journal{}
	p, client := newUpstream(t, hello).behind(t, j)
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		if status, body := do(t, client, method, p.URL+"/api/v1/namespaces/n/secrets/s?x=y"); status != http.StatusOK || body != "hello" {
			t.Errorf("%s: %d %q", method, status, body)
		}
	}
	if err := j.WaitIdle(t.Context()); err != nil {
		t.Fatal(err)
	}
	call := Call{Target: "aks-1", Path: "/api/v1/namespaces/n/secrets/s", Query: "x=y", UserAgent: "chaos-test", Status: 200, Bytes: int64(len("hello"))}
	get, post, del := call, call, call
	get.Method, get.Verb = "GET", "get"
	post.Method, post.Verb, post.Write = "POST", "create", 1
	del.Method, del.Verb, del.Write = "DELETE", "delete", 2
	if diff := cmp.Diff([]Call{get, post, del}, j.Calls(), cmpopts.IgnoreFields(Call{}, "Start")); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"get": 1, "create": 1, "delete": 1}, j.Count()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

func TestProxyFaults(t *testing.T) {
	for _, tc := range []struct {
		fault  Fault
		status int
		served int32
	}{
		{TooManyRequests, http.StatusTooManyRequests, 0},
		{ServerError, http.StatusInternalServerError, 0},
		{Timeout, 0, 0},
		{LostAnswer, 0, 1},
	} {
		t.Run(string(tc.fault), func(t *testing.T) {
			u := newUpstream(t, hello)
			p, client := u.behind(t, &Journal{})
			p.SetFaults(Faults{Fraction: 1, Kinds: []Fault{tc.fault}, Hang: time.Millisecond})
			status, body := do(t, client, http.MethodPost, p.URL+"/api/v1/namespaces")
			if status != tc.status {
				t.Errorf("answer is %d %s, want %d", status, body, tc.status)
			}
			if served := u.served.Load(); served != tc.served {
				t.Errorf("%d calls reached the server, want %d", served, tc.served)
			}
			if status != 0 && !strings.Contains(body, `"kind":"Status"`) {
				t.Errorf("body is no Status: %s", body)
			}
		})
	}
}

func TestProxyHangsUntilTheClientGivesUp(t *testing.T) {
	p, client := newUpstream(t, hello).behind(t, &Journal{})
	p.SetFaults(Faults{Fraction: 1, Kinds: []Fault{Timeout}, Hang: time.Hour})
	client.Timeout = 50 * time.Millisecond
	if status, body := do(t, client, http.MethodGet, p.URL+"/version"); status != 0 {
		t.Errorf("got an answer: %d %s", status, body)
	}
}

func TestProxyLatency(t *testing.T) {
	p, client := newUpstream(t, hello).behind(t, &Journal{})
	const latency = 60 * time.Millisecond
	p.SetFaults(Faults{Latency: latency})
	start := time.Now()
	if status, _ := do(t, client, http.MethodGet, p.URL+"/version"); status != http.StatusOK {
		t.Errorf("answer is %d", status)
	}
	if took := time.Since(start); took < latency {
		t.Errorf("call took %s, want at least %s", took, latency)
	}
}

func TestJournalCuts(t *testing.T) {
	for name, tc := range map[string]struct {
		cut    func(*Journal, Match, func(Call))
		served int32 // of three writes, the second is cut
	}{
		"before": {(*Journal).CutBefore, 2},
		"after":  {(*Journal).CutAfter, 3},
	} {
		t.Run(name, func(t *testing.T) {
			j := &Journal{}
			u := newUpstream(t, hello)
			p, client := u.behind(t, j)
			var hooked []Call
			var servedThen int32
			tc.cut(j, WriteNumber(2), func(c Call) { hooked, servedThen = append(hooked, c), u.served.Load() })
			var statuses []int
			for range 3 {
				status, _ := do(t, client, http.MethodPut, p.URL+"/api/v1/namespaces/n")
				statuses = append(statuses, status)
			}
			if diff := cmp.Diff([]int{200, 0, 200}, statuses); diff != "" {
				t.Errorf("statuses (-want +got):\n%s", diff)
			}
			if served := u.served.Load(); served != tc.served {
				t.Errorf("%d writes reached the server, want %d", served, tc.served)
			}
			if len(hooked) != 1 || hooked[0].Write != 2 || servedThen != tc.served-1 {
				t.Errorf("hook ran for %+v after %d writes were served", hooked, servedThen)
			}
		})
	}
}

func TestProxyStreamsWatches(t *testing.T) {
	more := make(chan struct{})
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		for range 2 {
			_, _ = io.WriteString(w, "event\n")
			_ = control.Flush()
			select {
			case <-more:
			case <-r.Context().Done():
			}
		}
	})
	p, client := u.behind(t, &Journal{})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.URL+"/api/v1/pods?watch=true", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	for range 2 { // each line arrives while the answer is not complete
		if !lines.Scan() || lines.Text() != "event" {
			t.Fatalf("got %q: %v", lines.Text(), lines.Err())
		}
		more <- struct{}{}
	}
}

func TestProxyPassesUpgrades(t *testing.T) {
	u := newUpstream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "echo")
		w.WriteHeader(http.StatusSwitchingProtocols)
		conn, both, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		line, _ := both.ReadString('\n')
		_, _ = io.WriteString(conn, line)
	})
	p, _ := u.behind(t, &Journal{})
	conn, err := (&tls.Dialer{Config: trusting(t, p.CA)}).DialContext(t.Context(), "tcp", strings.TrimPrefix(p.URL, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	context.AfterFunc(t.Context(), func() { conn.Close() })
	_, _ = io.WriteString(conn, "POST /api/v1/namespaces/n/pods/p/exec HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	answers := bufio.NewReader(conn)
	response, err := http.ReadResponse(answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("answer is %s", response.Status)
	}
	_, _ = io.WriteString(conn, "ping\n")
	if line, err := answers.ReadString('\n'); line != "ping\n" {
		t.Errorf("got %q, %v", line, err)
	}
}
