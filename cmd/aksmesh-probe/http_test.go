package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/aksmesh/kubectl-aksmesh/internal/probe/wire"
)

// probe runs subcommand http and returns its result.
func probe(t *testing.T, args ...string) *wire.HTTP {
	t.Helper()
	var out bytes.Buffer
	if code := run(t.Context(), append([]string{"http"}, args...), &out); code != 0 {
		t.Fatalf("ended with %d\n%s", code, out.String())
	}
	all := lines(t, out.Bytes())
	if all[0].Done != 0 || all[0].Of == 0 {
		t.Errorf("the first line is %+v, want progress at once", all[0])
	}
	for i := range all[:len(all)-1] {
		if all[i].Last() {
			t.Errorf("line %d of %d is a last one", i, len(all))
		}
	}
	return all[len(all)-1].HTTP
}

// same compares all but the times.
func same(t *testing.T, want, got *wire.HTTP) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(wire.HTTP{}, "Micros", "Latency")); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
}

func TestHTTPAnswers(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	connections := map[string]bool{}
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		connections[r.RemoteAddr] = true
		mu.Unlock()
		if r.Host != "web.shop.svc.cluster.local" || r.URL.Path != "/who" {
			t.Errorf("asked for %s of %s", r.URL.Path, r.Host)
		}
		switch n := calls.Add(1); n % 4 {
		case 0:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 1:
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		default:
			fmt.Fprint(w, "<html><head><TITLE lang=en> aks &amp; 1\n</TITLE></head>")
		}
	}))
	defer server.Close()
	got := probe(t, "-n", "40", "-concurrency", "7", "-host", "web.shop.svc.cluster.local", server.URL+"/who")
	same(t, &wire.HTTP{Requests: 40, Answered: 40, Answers: []wire.Count{
		{Text: "aks & 1", Times: 20}, {Text: `HTTP 302 Found: <a href="/elsewhere">Found</a>.`, Times: 10},
		{Text: "HTTP 503 Service Unavailable", Times: 10},
	}}, got)
	if l := got.Latency; l == nil || l.P50 <= 0 || l.P50 > l.P90 || l.P90 > l.P99 || l.P99 > l.Max {
		t.Errorf("latencies are %+v", l)
	}
	if len(connections) != 40 {
		t.Errorf("%d connections for 40 requests", len(connections))
	}
}

func TestHTTPBy(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<title>t</title> node=n-7 pod=p")
	}))
	defer server.Close()
	for by, want := range map[string]string{`node=(\S+)`: "n-7", `p\w+=p`: "pod=p", `zone=(.)`: wire.NoMatch} {
		got := probe(t, "-n", "2", "-by", by, server.URL)
		same(t, &wire.HTTP{Requests: 2, Answered: 2, Answers: []wire.Count{{Text: want, Times: 2}}}, got)
	}
}

func TestHTTPErrors(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		serve func(net.Conn)
		class string
	}{
		"timeout": {func(c net.Conn) { _, _ = c.Read(make([]byte, 1<<16)); _, _ = c.Read(make([]byte, 1)) }, wire.Timeout},
		"reset":   {func(c net.Conn) { _, _ = c.Read(make([]byte, 1)); _ = c.(*net.TCPConn).SetLinger(0) }, wire.Reset},
		"closed":  {func(c net.Conn) { _, _ = c.Read(make([]byte, 1<<16)) }, wire.Other + "connection closed before the answer's end"},
		"not HTTP": {func(c net.Conn) {
			_, _ = c.Read(make([]byte, 1<<16))
			_, _ = c.Write([]byte("SSH-2.0-x\r\n\r\n"))
		}, wire.Other + `malformed HTTP response "SSH-2.0-x"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := probe(t, "-n", "3", "-timeout", "300ms", "http://"+listen(t, tt.serve))
			same(t, &wire.HTTP{Requests: 3, Failed: 3, Errors: []wire.Count{{Text: tt.class, Times: 3}}}, got)
			if got.Latency != nil {
				t.Error("latencies without an answer")
			}
		})
	}
	t.Run("refused", func(t *testing.T) {
		t.Parallel()
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listener.Close()
		got := probe(t, "-n", "3", "http://"+listener.Addr().String())
		same(t, &wire.HTTP{Requests: 3, Failed: 3, Errors: []wire.Count{{Text: wire.Refused, Times: 3}}}, got)
	})
}

// listen serves TCP connections until the test ends, and closes each after serve.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var served sync.WaitGroup
	served.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			served.Go(func() {
				defer connection.Close()
				serve(connection)
			})
		}
	})
	t.Cleanup(func() { listener.Close(); served.Wait() })
	return listener.Addr().String()
}

// Where nobody answers, timeouts do not add up.
func TestHTTPWaits(t *testing.T) {
	t.Parallel()
	start := time.Now()
	got := probe(t, "-n", "60", "-timeout", "500ms", "http://"+listen(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }))
	if took := time.Since(start); got.Failed != 60 || took > 20*time.Second {
		t.Errorf("%d requests failed in %s; one after another would take 30 s", got.Failed, took)
	}
}

// Who is in keeps others out, until he leaves or takes too long.
func TestGate(t *testing.T) {
	t.Parallel()
	g := make(gate, 1)
	if !g.enter(t.Context()) {
		t.Fatal("no room in an empty gate")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if g.enter(ended) {
		t.Error("in, though the context has ended")
	}
	g.leaver()()
	for range 3 { // nobody leaves by himself
		if !g.enter(t.Context()) {
			t.Fatal("no room, though nobody is in any more")
		}
		g.leaver()
	}
}

// An expression that captures what is different each time does not make the
// result grow.
func TestHTTPManyAnswers(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, strconv.FormatInt(calls.Add(1), 10))
	}))
	defer server.Close()
	got := probe(t, "-n", "70", server.URL)
	if len(got.Answers) != mostCounts+1 || got.Answers[0] != (wire.Count{Text: wire.OtherAnswers, Times: 20}) {
		t.Errorf("%d answers, the first is %+v", len(got.Answers), got.Answers[0])
	}
}
