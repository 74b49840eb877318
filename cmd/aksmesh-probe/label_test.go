package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/probe/wire"
)

func TestLabel(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		body   string
		by     string
		want   string
	}{
		"title":             {200, "<!DOCTYPE html><title>aks-1</title>", "", "aks-1"},
		"empty title":       {200, "<title> </title>\nhello", "", "<title> </title>"},
		"open title":        {200, "<title>aks-1", "", "<title>aks-1"},
		"first line":        {200, "\n \r\n pod-7 \nmore", "", "pod-7"},
		"empty":             {200, "\n\t", "", wire.EmptyAnswer},
		"escape codes":      {200, "a\x1b[31mb\u202ec\x00", "", "a [31mb c"},
		"not UTF-8":         {200, "a\xffb", "", "a b"},
		"long":              {200, strings.Repeat("ä", 101), "", strings.Repeat("ä", 100) + "…"},
		"longer in small":   {200, "ȺȺ<TITLE>x</TITLE>", "", "ȺȺ<TITLE>x</TITLE>"},
		"capture":           {200, "v=1 v=2", `v=(\d)`, "1"},
		"empty capture":     {200, "v=", `v=(\d?)`, wire.EmptyAnswer},
		"error":             {503, "<title>down</title>", "", "HTTP 503 Service Unavailable: down"},
		"error, no text":    {404, "", "", "HTTP 404 Not Found"},
		"error, no match":   {404, "x", "y", "HTTP 404 Not Found"},
		"error, unknown":    {599, "", "", "HTTP 599"},
		"error and capture": {500, "pod=7", `pod=(\d)`, "HTTP 500 Internal Server Error: 7"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var by *regexp.Regexp
			if tt.by != "" {
				by = regexp.MustCompile(tt.by)
			}
			if got := label(tt.status, tt.body, by); got != tt.want {
				t.Errorf("label is %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzLabel(f *testing.F) {
	for _, body := range []string{"", "<title>a</title>", "<title", "<title>", "Ⱥ<TITLE>x</title\n"} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		got := label(200, body, nil)
		if got == "" || strings.ContainsAny(got, "\n\x1b") || len([]rune(got)) > mostLabel+1 {
			t.Errorf("label of %q is %q", body, got)
		}
	})
}

func TestClassify(t *testing.T) {
	t.Parallel()
	dial := func(number syscall.Errno) error {
		return &url.Error{Op: "Get", Err: &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", number)}}
	}
	for want, err := range map[string]error{
		wire.Refused:                                   dial(syscall.ECONNREFUSED),
		wire.Reset:                                     dial(syscall.ECONNRESET),
		wire.Unreachable:                               dial(syscall.EHOSTUNREACH),
		wire.Timeout:                                   dial(syscall.ETIMEDOUT),
		wire.Other + "operation not permitted":         dial(syscall.EPERM),
		wire.Other + "a b":                             fmt.Errorf("read 10.0.0.1:4711: %w", errors.New("a\nb")),
		wire.Other + "lookup x: no such host":          &net.DNSError{Err: "no such host", Name: "x"},
		wire.Other + "network is down":                 dial(syscall.ENETDOWN),
		wire.Other + "cannot assign requested address": dial(syscall.EADDRNOTAVAIL),
	} {
		if got := classify(err); got != want {
			t.Errorf("%v is %q, want %q", err, got, want)
		}
	}
}

func TestPercentiles(t *testing.T) {
	t.Parallel()
	upTo := func(n int) []time.Duration {
		list := make([]time.Duration, n)
		for i := range list {
			list[i] = time.Duration(n-i) * time.Microsecond
		}
		return list
	}
	for n, want := range map[int]*wire.Latency{
		0:    nil,
		1:    {P50: 1, P90: 1, P99: 1, Max: 1},
		2:    {P50: 1, P90: 2, P99: 2, Max: 2},
		10:   {P50: 5, P90: 9, P99: 10, Max: 10},
		1000: {P50: 500, P90: 900, P99: 990, Max: 1000},
	} {
		if diff := cmp.Diff(want, percentiles(upTo(n))); diff != "" {
			t.Errorf("of 1 to %d (-want +got):\n%s", n, diff)
		}
	}
}
