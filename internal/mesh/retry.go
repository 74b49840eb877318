package mesh

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Retrying lets one bad answer of an API server, or of a proxy before it,
// not end a change of many clusters half-way.
const (
	attempts      = 5
	firstBackoff  = 200 * time.Millisecond
	mostBackoff   = 5 * time.Second
	headerTimeout = 20 * time.Second // of one attempt, until the answer begins; watches stream after it
)

// NoAnswerError says that an answer did not come, or did not begin, in time.
type NoAnswerError struct{ Within time.Duration }

// Error implements error.
func (e NoAnswerError) Error() string { return "no answer within " + e.Within.String() }

// retrier repeats requests that failed for a passing reason: no answer, 429,
// or a 5xx of the server or of something before it. A create (POST) is only
// repeated if it certainly was not carried out; its caller decides otherwise.
type retrier struct {
	next http.RoundTripper
	most time.Duration // of one attempt, until the answer begins
}

// withRetries has one attempt take longer than usual if the user's bound of the
// whole request allows it, of which half is left for another. Zero is no bound.
func withRetries(bound time.Duration) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return retrier{next: next, most: max(headerTimeout, bound/2)}
	}
}

// RoundTrip implements [http.RoundTripper].
func (r retrier) RoundTrip(request *http.Request) (*http.Response, error) {
	// Exec upgrades the connection, and its callers fall back by themselves.
	if request.Body != nil && request.GetBody == nil || strings.HasSuffix(request.URL.Path, "/exec") {
		return r.next.RoundTrip(request)
	}
	backoff := firstBackoff
	for attempt := 1; ; attempt++ {
		response, err := r.attempt(request)
		again, after := passing(request, response, err)
		if !again || attempt == attempts || request.Context().Err() != nil {
			return response, err
		}
		if response != nil {
			// Reading what is left lets the connection be used again.
			_, _ = io.CopyN(io.Discard, response.Body, 64<<10)
			_ = response.Body.Close()
		}
		wait := max(after, backoff/2+rand.N(backoff)) //nolint:gosec // spreads retries; not a secret
		select {
		case <-time.After(wait):
		case <-request.Context().Done():
			return nil, request.Context().Err()
		}
		backoff = min(2*backoff, mostBackoff)
	}
}

// attempt sends the request once and gives up if the answer does not begin in time.
func (r retrier) attempt(request *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(request.Context())
	copied := request.Clone(ctx)
	if request.GetBody != nil {
		body, err := request.GetBody()
		if err != nil {
			cancel(nil)
			return nil, err
		}
		copied.Body = body
	}
	timer := time.AfterFunc(r.most, func() { cancel(NoAnswerError{r.most}) })
	response, err := r.next.RoundTrip(copied)
	timer.Stop()
	if err != nil {
		if late, ok := errors.AsType[NoAnswerError](context.Cause(ctx)); ok {
			err = late
		}
		cancel(nil)
		return nil, err
	}
	response.Body = &cancelOnClose{ReadCloser: response.Body, cancel: func() { cancel(nil) }}
	return response, nil
}

type cancelOnClose struct {
	io.ReadCloser
	cancel func()
}

func (c *cancelOnClose) Close() error {
	defer c.cancel()
	return c.ReadCloser.Close()
}

// passing says whether an attempt failed for a reason that may pass, and how
// long the server asks to wait.
func passing(request *http.Request, response *http.Response, err error) (bool, time.Duration) {
	safe := request.Method != http.MethodPost
	if err != nil {
		return safe && !errors.Is(err, context.Canceled), 0
	}
	after, _ := strconv.Atoi(response.Header.Get("Retry-After"))
	wait := min(time.Duration(after)*time.Second, mostBackoff)
	switch response.StatusCode {
	case http.StatusTooManyRequests:
		return true, wait
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return safe, wait
	}
	return false, 0
}
