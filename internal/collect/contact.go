package collect

import (
	"context"
	"fmt"
	"net/http/httptrace"
	"time"

	"k8s.io/client-go/rest"
)

// Bounds of the first request to a cluster. A stopped or firewalled API server
// never answers; but before it is asked, the user may have to log in, and types a
// code into a browser for instance.
const (
	contactTimeout = 45 * time.Second
	loginTimeout   = 10 * time.Minute
)

var (
	errNoContact = fmt.Errorf("no answer from the API server within %s: %w", contactTimeout, context.DeadlineExceeded)
	errNoLogin   = fmt.Errorf("getting credentials: nobody has logged in within %s", loginTimeout)
)

// firstContact bounds the first request; the cause of the context's end is
// errNoContact or errNoLogin then. The function frees what the bounds hold.
func firstContact(ctx context.Context, config *rest.Config) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	answer := time.AfterFunc(contactTimeout, func() { cancel(errNoContact) })
	login := time.AfterFunc(loginTimeout, func() { cancel(errNoLogin) })
	stop := func() { answer.Stop(); login.Stop(); cancel(nil) }
	if !mayPrompt(config) {
		return ctx, stop
	}
	answer.Stop()
	// Credential plugins run outside of all that dials: whoever dials is logged in.
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GetConn: func(string) {
		if login.Stop() {
			answer.Reset(contactTimeout)
		}
	}}), stop
}
