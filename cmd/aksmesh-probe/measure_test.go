package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/aksmesh/kubectl-aksmesh/internal/probe/wire"
)

const testKey = "000102030405060708090a0b0c0d0e0f"

// pipe hears a listener's lines.
type pipe chan wire.Listening

func (p pipe) Write(text []byte) (int, error) {
	if line, ok := wire.Parse(text); ok && line.Listening != nil {
		p <- *line.Listening
	}
	return len(text), nil
}

// settled are the arrivals after two more beats.
func (p pipe) settled() map[uint32]wire.Arrivals {
	all := map[uint32]wire.Arrivals{}
	for beats := len(p) + 2; beats > 0; beats-- {
		for _, a := range (<-p).Arrivals {
			all[a.Stream] = a
		}
	}
	return all
}

// listening starts a listener in this process.
func listening(t *testing.T, args ...string) (first wire.Listening, heard func() map[uint32]wire.Arrivals) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	lines := make(pipe, 1000)
	done := make(chan int)
	go func() { done <- run(ctx, append([]string{"listen", "-key", testKey}, args...), lines) }()
	t.Cleanup(func() {
		stop()
		<-done
	})
	first = <-lines
	return first, lines.settled
}

// measured is the result of a plan.
func measured(t *testing.T, tasks ...wire.Task) []wire.Sent {
	t.Helper()
	plan, err := json.Marshal(wire.Plan{Key: testKey, Tasks: tasks})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if code := run(t.Context(), []string{"measure", "-plan", string(plan)}, &out); code != 0 {
		t.Fatalf("ended with %d: %s", code, out.String())
	}
	all := lines(t, out.Bytes())
	return all[len(all)-1].Measured.Sent
}

func onLinux(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("it measures on Linux only")
	}
}

// On loopback everything arrives, and both sides say the same.
func TestLoopback(t *testing.T) {
	t.Parallel()
	onLinux(t)
	for _, address := range []string{"127.0.0.1", "::1"} {
		t.Run(address, func(t *testing.T) {
			t.Parallel()
			first, heard := listening(t, "-tcp")
			at := func(port int) string { return net.JoinHostPort(address, fmt.Sprint(port)) }
			sent := measured(t,
				wire.Task{Stream: 1, Kind: wire.Sweep, To: at(first.UDP), PastRoute: true},
				wire.Task{Stream: 2, Kind: wire.Sweep, To: at(first.UDP)},
				wire.Task{Stream: 3, Kind: wire.Fragments, To: at(first.UDP)},
				wire.Task{Stream: 4, Kind: wire.Bulk, To: at(first.TCP)},
			)
			packets := rounds * len(wire.Sizes())
			route := routeMTU(netip.MustParseAddrPort(at(first.UDP)))
			want := []wire.Sent{
				{Stream: 1, Packets: packets, Route: route, Largest: 9000},
				{Stream: 2, Packets: packets, Route: route, Largest: 9000},
				{Stream: 3, Packets: 2 * rounds, Largest: wire.FragmentSize},
				{Stream: 4, Connected: true, Out: bulkSize, Back: bulkSize},
			}
			if diff := cmp.Diff(want, sent, cmpopts.IgnoreFields(wire.Sent{}, "Micros")); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
			all := []wire.Range{{100, 9000}}
			if diff := cmp.Diff(map[uint32]wire.Arrivals{
				1: {Stream: 1, Packets: packets, Sizes: all}, 2: {Stream: 2, Packets: packets, Sizes: all},
				3: {Stream: 3, Packets: 2 * rounds, Sizes: []wire.Range{{3000, 3000}}}, 4: {Stream: 4, Bytes: bulkSize},
			}, heard(), cmpopts.IgnoreFields(wire.Arrivals{}, "From")); diff != "" {
				t.Errorf("arrived (-want +got):\n%s", diff)
			}
		})
	}
}

// Packets of another run, and what is none of ours, count for nothing.
func TestStrangers(t *testing.T) {
	t.Parallel()
	onLinux(t)
	first, heard := listening(t)
	conn, err := net.Dial("udp", fmt.Sprintf("127.0.0.1:%d", first.UDP))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	own, err := parseKey(testKey)
	if err != nil {
		t.Fatal(err)
	}
	var other key
	size := 100 - 28
	for _, payload := range [][]byte{
		nil, []byte("AKSM"), other.append(nil, mark{1, size}), own.append(nil, mark{2, 100}), // shorter than it says
		append(own.append(nil, mark{3, 100}), make([]byte, size-markSize)...),
	} {
		if _, err := conn.Write(payload); err != nil {
			t.Fatal(err)
		}
	}
	if got := heard(); len(got) != 1 || got[3].Packets != 1 {
		t.Errorf("arrived %+v, want stream 3 alone", got)
	}
}

func TestDial(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(nil)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes are broken off here
	server.StartTLS()
	defer server.Close()
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := plain.Addr().String()
	if err := plain.Close(); err != nil {
		t.Fatal(err)
	}
	sent := measured(t, wire.Task{Kind: wire.Dial, To: server.Listener.Addr().String()}, wire.Task{Kind: wire.Dial, To: closed},
		wire.Task{Kind: wire.Dial, To: "no-such-name.invalid:2379"})
	if one := sent[0]; !one.Connected || one.TLS == nil || one.TLS.Error != "" || one.TLS.Version != "TLS 1.3" ||
		one.TLS.Subject != "O=Acme Co" || one.TLS.NotAfter.Before(time.Unix(0, 0)) || len(one.TLS.SANs) == 0 {
		t.Errorf("the server is %+v %+v", one, one.TLS)
	}
	if diff := cmp.Diff(wire.Sent{Error: wire.Refused}, sent[1]); diff != "" {
		t.Errorf("nobody listens (-want +got):\n%s", diff)
	}
	if one := sent[2]; one.Connected || one.Error == "" {
		t.Errorf("a name that does not exist: %+v", one)
	}
}

// Up to TLS 1.2, who wants a client's certificate breaks the handshake off
// with an alert. Its own certificate was told by then, and nothing is amiss.
func TestDialAlert(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(nil)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes are broken off here
	server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12}
	server.StartTLS()
	defer server.Close()
	sent := measured(t, wire.Task{Kind: wire.Dial, To: server.Listener.Addr().String()})
	if one := sent[0]; !one.Connected || one.TLS == nil || one.TLS.Error != "" || one.TLS.Version != "TLS 1.2" || one.TLS.Subject != "O=Acme Co" {
		t.Errorf("the server is %+v %+v", one, one.TLS)
	}
}

func TestMeasureUsage(t *testing.T) {
	t.Parallel()
	plan := func(format string, args ...any) []string {
		return []string{"measure", "-plan", fmt.Sprintf(format, args...)}
	}
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"no key":        {[]string{"listen"}, "a key is 16 bytes"},
		"short key":     {[]string{"listen", "-key", "00"}, "a key is 16 bytes"},
		"a bad port":    {[]string{"listen", "-key", testKey, "-watch", "70000"}, "-watch is a port"},
		"an argument":   {[]string{"listen", "-key", testKey, "x"}, "no arguments"},
		"no plan":       {[]string{"measure"}, "-plan is not a plan"},
		"no JSON":       {plan("{"), "-plan is not a plan"},
		"no tasks":      {plan(`{"key":%q}`, testKey), "-plan is not a plan"},
		"plan's key":    {plan(`{"key":"x","tasks":[{"kind":"dial","to":"a:1"}]}`), "a key is 16 bytes"},
		"no address":    {plan(`{"key":%q,"tasks":[{"kind":"sweep","to":"a"}]}`, testKey), "task 0"},
		"unknown kind":  {plan(`{"key":%q,"tasks":[{"kind":"x","to":"10.0.0.1:1"}]}`, testKey), `kind "x"`},
		"unknown shape": {plan(`{"key":%q,"tasks":[{"kind":"sweep","to":"10.0.0.1:1","encapsulation":"gre"}]}`, testKey), "gre"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			code := run(t.Context(), tt.args, &out)
			if all := lines(t, out.Bytes()); code != 1 || len(all) != 1 || !strings.Contains(all[0].Error, tt.want) {
				t.Errorf("ended with %d and %s, want one error with %q", code, out.String(), tt.want)
			}
		})
	}
}

func FuzzMark(f *testing.F) {
	k, err := parseKey(testKey)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(k.append(nil, mark{7, 1500}))
	f.Add([]byte("AKSM"))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, ok := k.parse(text)
		if ok && !bytes.HasPrefix(text, k.append(nil, m)) {
			t.Errorf("%x was read as %+v", text, m)
		}
	})
}

func root(t *testing.T) {
	t.Helper()
	onLinux(t)
	if os.Geteuid() != 0 {
		t.Skip("only root makes network namespaces and watches packets of others")
	}
}
