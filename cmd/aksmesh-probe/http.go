package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/probe/wire"
)

// mostBody bounds how much of an answer is read, in bytes.
const mostBody = 256 << 10

// httpFlags are what subcommand http is asked for.
type httpFlags struct {
	count, concurrency int
	timeout            time.Duration // of one request
	by                 *regexp.Regexp
	host, url          string
}

// probeHTTP is subcommand http: who answers, how often and how soon.
func probeHTTP(ctx context.Context, args []string, out *output) (wire.Line, error) {
	f, err := parseHTTP(args)
	if err != nil {
		return wire.Line{}, err
	}
	return wire.Line{HTTP: f.measure(ctx, out)}, nil
}

func parseHTTP(args []string) (*httpFlags, error) {
	var f httpFlags
	var by string
	flags := flag.NewFlagSet("http", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // the error is printed as a line of JSON
	flags.IntVar(&f.count, "n", 1000, "requests, each over a connection of its own")
	flags.IntVar(&f.concurrency, "concurrency", 1, "requests at the same time")
	flags.DurationVar(&f.timeout, "timeout", 2*time.Second, "of one request")
	flags.StringVar(&by, "by", "", "regular expression whose first capture tells answers apart")
	flags.StringVar(&f.host, "host", "", "value of the header Host")
	if err := flags.Parse(args); err != nil {
		return nil, fmt.Errorf("http: %w", err)
	}
	if flags.NArg() != 1 {
		return nil, errors.New("http needs one URL")
	}
	f.url = flags.Arg(0)
	if by != "" {
		expression, err := regexp.Compile(by)
		if err != nil {
			return nil, fmt.Errorf("-by: %w", err)
		}
		f.by = expression
	}
	return &f, f.validate()
}

func (f *httpFlags) validate() error {
	if f.count < 1 || f.concurrency < 1 || f.timeout <= 0 {
		return errors.New("-n, -concurrency and -timeout must be positive")
	}
	u, err := url.Parse(f.url)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("%q is not an http or https URL", f.url)
	}
	return nil
}

// measure sends the requests until all are sent or ctx ends.
func (f *httpFlags) measure(ctx context.Context, out *output) *wire.HTTP {
	client := f.client()
	t := newTally(f.count)
	out.progress(0, f.count)
	start := time.Now()
	var next atomic.Int64
	var workers sync.WaitGroup
	busy := make(gate, f.concurrency)
	for range min(max(f.concurrency, mostWaiting), f.count) {
		workers.Go(func() {
			for next.Add(1) <= int64(f.count) && busy.enter(ctx) {
				began := time.Now()
				leave := busy.leaver()
				answer, err := f.ask(ctx, client)
				leave()
				if err != nil && ctx.Err() != nil {
					return // it was cut off, and says nothing of the mesh
				}
				out.progress(t.add(answer, err, time.Since(began)), f.count)
			}
		})
	}
	workers.Wait()
	return t.result(time.Since(start))
}

// client makes a new connection for each request, so that each is balanced
// anew. It follows no redirect, since somebody else would answer then, and
// checks no certificate: who answers is the question, and nothing is told them.
func (f *httpFlags) client() *http.Client {
	return &http.Client{
		Timeout: f.timeout,
		Transport: &http.Transport{
			DisableKeepAlives: true,
			TLSClientConfig:   &tls.Config{InsecureSkipVerify: true, ServerName: f.host}, //nolint:gosec // as said above
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// ask sends one request and returns the text that tells its answer from others.
func (f *httpFlags) ask(ctx context.Context, client *http.Client) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url, http.NoBody)
	if err != nil {
		return "", err
	}
	if f.host != "" {
		request.Host = f.host
	}
	request.Header.Set("User-Agent", "aksmesh-probe")
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, mostBody))
	if err != nil {
		return "", err
	}
	return label(response.StatusCode, string(body), f.by), nil
}
