package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestServeAndAsk(t *testing.T) {
	h, err := handler("aks-1 <&>", "pod-1")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	defer server.Close()
	var out bytes.Buffer
	if err := ask(t.Context(), server.URL, 3, time.Minute).print(&out); err != nil {
		t.Fatal(err)
	}
	if want := "3 aks-1 &lt;&amp;&gt;\n"; out.String() != want {
		t.Errorf("output %q, want %q", out.String(), want)
	}
}

func TestAskFails(t *testing.T) {
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls++
		if calls%2 == 0 {
			_, _ = io.WriteString(w, "<title>a</title>")
		}
	}))
	defer server.Close()
	var out bytes.Buffer
	err := ask(t.Context(), server.URL, 4, time.Minute).print(&out)
	if err == nil || err.Error() != "2 requests failed" {
		t.Errorf("error %v, want 2 failures", err)
	}
	if !strings.HasPrefix(out.String(), "2 a\n2 an answer without a title") {
		t.Errorf("output %q", out.String())
	}
}

func TestRunUsage(t *testing.T) {
	for _, args := range [][]string{{"x"}, {"ask"}, {"ask", "-n", "y", "http://localhost"}} {
		if err := run(t.Context(), args, io.Discard); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}
