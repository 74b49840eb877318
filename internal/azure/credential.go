package azure

import (
	"context"
	"errors"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

const (
	// cliTimeout bounds one run of az. azidentity's own bound of 10 s holds
	// only for contexts without a deadline.
	cliTimeout = 30 * time.Second
	// failureMemory is how long a failed login is not tried again, so that many
	// clusters do not run az one after the other only to fail alike.
	failureMemory = 30 * time.Second
)

// credential asks the Azure CLI first, which people on their own machines
// expect, then azidentity's default chain, which automation needs. azidentity's
// own ChainedTokenCredential would stop at an az that is there but not logged in.
type credential struct {
	sources func() (cli, rest azcore.TokenCredential, err error)
	// lock holds one element while nobody asks: a mutex that a context can leave.
	lock   chan struct{}
	chosen azcore.TokenCredential
	failed error
	until  time.Time // failed counts until then
}

func newCredential(s *Settings, c cloud.Configuration) *credential {
	out := &credential{lock: make(chan struct{}, 1)}
	out.lock <- struct{}{}
	out.sources = func() (azcore.TokenCredential, azcore.TokenCredential, error) {
		cli, err := azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: s.TenantID})
		if err != nil {
			return nil, nil, err
		}
		rest, err := azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{
			ClientOptions:            policy.ClientOptions{Cloud: c, Transport: s.Transport},
			TenantID:                 s.TenantID,
			DisableInstanceDiscovery: s.AuthorityHost != "",
		})
		return patient{cli}, rest, err
	}
	return out
}

// patient asks the Azure CLI again if its output was not read to its end within
// 100 ms of its exit, which is what azidentity allows: on a busy machine that
// says nothing about the login.
type patient struct{ azcore.TokenCredential }

// cliTries bounds how often the Azure CLI is asked for one token.
const cliTries = 3

// GetToken implements azcore.TokenCredential.
func (p patient) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	for try := 1; ; try++ {
		token, err := p.TokenCredential.GetToken(ctx, opts)
		// azidentity keeps no error but its text.
		if err == nil || try == cliTries || ctx.Err() != nil || !strings.Contains(err.Error(), exec.ErrWaitDelay.Error()) {
			return token, err
		}
	}
}

// GetToken implements azcore.TokenCredential. Callers take turns.
func (c *credential) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	select {
	case <-c.lock:
		defer func() { c.lock <- struct{}{} }()
	case <-ctx.Done():
		return azcore.AccessToken{}, ctx.Err()
	}
	if c.chosen != nil {
		token, err := c.chosen.GetToken(ctx, opts)
		return token, c.explain(ctx, err, nil)
	}
	if c.failed != nil && time.Now().Before(c.until) {
		return azcore.AccessToken{}, c.failed
	}
	cli, rest, err := c.sources()
	if err != nil {
		return azcore.AccessToken{}, c.explain(ctx, err, nil)
	}
	token, cliErr := getTokenWithin(ctx, cli, opts)
	if cliErr == nil {
		c.chosen = cli
		return token, nil
	}
	if ctx.Err() != nil {
		return azcore.AccessToken{}, ctx.Err()
	}
	token, restErr := rest.GetToken(ctx, opts)
	if restErr == nil {
		c.chosen = rest
		return token, nil
	}
	return azcore.AccessToken{}, c.explain(ctx, cliErr, restErr)
}

func getTokenWithin(ctx context.Context, source azcore.TokenCredential, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	ctx, cancel := context.WithTimeout(ctx, cliTimeout)
	defer cancel()
	return source.GetToken(ctx, opts)
}

// explain turns a failed login into an [Error], and remembers it. The Azure CLI's
// reason is the one to show: who uses another credential sees it in rest.
func (c *credential) explain(ctx context.Context, err, rest error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	out := &Error{err: errors.Join(err, rest)}
	switch text := err.Error(); {
	case strings.Contains(text, "executable not found"):
		out.Code = CodeNoAzureCLI
		out.Message = "no azure login was found: the Azure CLI (az) is not installed and no other credential is set"
		out.Next = "install az and run 'az login', or set AZURE_CLIENT_ID, AZURE_TENANT_ID and a secret for a service principal"
	case strings.Contains(text, "az login"):
		out.Code = CodeNotLoggedIn
		out.Message = "the Azure CLI is not logged in, or its login has expired"
		out.Next = "run 'az login'"
		if command := strings.TrimRight(loginCommand.FindString(text), "."); command != "" { // MFA and other claims: az says exactly what to type
			out.Next = "run '" + command + "'"
		}
	default:
		out.Code = CodeNotLoggedIn
		out.Message = "azure gave no token: " + firstLine(text)
		out.Next = "run 'az login', and see 'az account get-access-token'"
	}
	c.failed, c.until = final{out}, time.Now().Add(failureMemory)
	return c.failed
}

// loginCommand finds the command that az wants to be run, with its options.
var loginCommand = regexp.MustCompile(`az login( --[a-z-]+ "?[A-Za-z0-9:/._=+-]+"?)+`)

// final keeps azcore from trying again what cannot succeed.
type final struct{ reason *Error }

// NonRetriable marks the error for azcore's retry policy.
func (final) NonRetriable() {}

// Error implements error.
func (f final) Error() string { return f.reason.Error() }

// Unwrap returns the [Error].
func (f final) Unwrap() error { return f.reason }
