package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/internal/probe/wire"
)

// asProgram has the test's binary be the prober.
const asProgram = "AKSMESH_TEST_BE_PROBE"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// lines parses all of a prober's output.
func lines(t *testing.T, output []byte) []wire.Line {
	t.Helper()
	var all []wire.Line
	for text := range bytes.Lines(output) {
		line, ok := wire.Parse(text)
		if !ok {
			t.Fatalf("%q is no line of the prober's", text)
		}
		all = append(all, line)
	}
	if len(all) == 0 {
		t.Fatal("no output")
	}
	return all
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"no command":      {nil, `unknown command ""`},
		"unknown command": {[]string{"ftp"}, `unknown command "ftp"`},
		"no URL":          {[]string{"http"}, "one URL"},
		"two URLs":        {[]string{"http", "http://a", "http://b"}, "one URL"},
		"not a URL":       {[]string{"http", "a"}, "not an http or https URL"},
		"other scheme":    {[]string{"http", "ftp://a/"}, "not an http or https URL"},
		"no number":       {[]string{"http", "-n", "x", "http://a"}, "invalid value"},
		"none to send":    {[]string{"http", "-n", "0", "http://a"}, "must be positive"},
		"no time":         {[]string{"http", "-timeout", "0s", "http://a"}, "must be positive"},
		"bad expression":  {[]string{"http", "-by", "(", "http://a"}, "-by"},
		"unknown flag":    {[]string{"http", "-x", "http://a"}, "not defined"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			if code := run(t.Context(), tt.args, &out); code != 1 {
				t.Errorf("ended with %d, want 1", code)
			}
			all := lines(t, out.Bytes())
			if len(all) != 1 || !strings.Contains(all[0].Error, tt.want) {
				t.Errorf("printed %s, want one error with %q", out.String(), tt.want)
			}
		})
	}
}

// A pod that is being deleted gets SIGTERM: what was measured by then is told.
func TestSIGTERM(t *testing.T) {
	t.Parallel()
	first := make(chan struct{})
	requests := make(chan struct{}, 1000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests <- struct{}{}
		if len(requests) > 3 {
			if len(requests) == 4 {
				close(first)
			}
			<-r.Context().Done()
			return
		}
		_, _ = w.Write([]byte("<title>a</title>"))
	}))
	defer server.Close()
	command := exec.CommandContext(t.Context(), os.Args[0], "http", "-n", "1000", "-timeout", "1m", server.URL)
	command.Env = append(os.Environ(), asProgram+"=1")
	var out bytes.Buffer
	command.Stdout = &out
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	<-first
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	all := lines(t, out.Bytes())
	got := all[len(all)-1].HTTP
	if got == nil || !got.Incomplete || got.Answered != 3 || got.Failed != 0 || got.Requests != 1000 {
		text, _ := json.Marshal(got)
		t.Errorf("the result is %s, want 3 answers of 1000 requests, incomplete", text)
	}
}
