package azure

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// Client talks to Azure Resource Manager. It is safe for concurrent use, and does
// nothing, not even run az, before it is first asked.
type Client struct {
	arm      *arm.Client
	version  string        // of the managedClusters API, as the user wants it; may be empty
	interval time.Duration // between the first two looks at something that takes time

	mu       sync.Mutex
	versions map[string]string // chosen API version by subscription
}

// pollInterval is how often a change under way is looked at in the beginning,
// unless Azure's Retry-After says otherwise; see [Client.patience].
const pollInterval = time.Second

// New makes a client. It fails only for settings that make no sense.
func New(s Settings) (*Client, error) {
	return newClient(s, policy.RetryOptions{}, pollInterval)
}

func newClient(s Settings, retry policy.RetryOptions, interval time.Duration) (*Client, error) {
	config, err := s.configuration()
	if err != nil {
		return nil, err
	}
	if s.APIVersion != "" && !versionForm.MatchString(s.APIVersion) {
		return nil, fmt.Errorf("azure api version %q: expected a date as 2026-03-02-preview", s.APIVersion)
	}
	var cred azcore.TokenCredential = newCredential(&s, config)
	if s.Credential != nil {
		cred = s.Credential
	}
	options := arm.ClientOptions{
		ClientOptions: policy.ClientOptions{
			Cloud: config, Transport: s.Transport, Retry: retry,
			Telemetry: policy.TelemetryOptions{ApplicationID: "kubectl-aksmesh"},
		},
		// Registering a resource provider changes the subscription: not unasked.
		DisableRPRegistration: true,
	}
	client, err := arm.NewClient("kubectl-aksmesh", "v0.0.0", cred, &options)
	if err != nil {
		return nil, fmt.Errorf("make a client for azure resource manager at %s: %w", config.Services[cloud.ResourceManager].Endpoint, err)
	}
	return &Client{arm: client, version: s.APIVersion, interval: interval, versions: map[string]string{}}, nil
}

// send sends a request and returns the answer if its status is one of ok.
func (c *Client) send(ctx context.Context, method, path, version string, body object, header http.Header, ok ...int) (*http.Response, error) {
	req, err := runtime.NewRequest(ctx, method, runtime.JoinPaths(c.arm.Endpoint(), path))
	if err != nil {
		return nil, fmt.Errorf("make a request for %s: %w", path, err)
	}
	req.Raw().URL.RawQuery = url.Values{"api-version": {version}}.Encode()
	return c.roundTrip(req, body, header, ok...)
}

func (c *Client) roundTrip(req *policy.Request, body object, header http.Header, ok ...int) (*http.Response, error) {
	req.Raw().Header.Set("Accept", "application/json")
	for name, values := range header {
		req.Raw().Header[name] = values
	}
	if body != nil {
		if err := runtime.MarshalAsJSON(req, body); err != nil {
			return nil, fmt.Errorf("encode a request for azure: %w", err)
		}
	}
	resp, err := c.arm.Pipeline().Do(req)
	if err != nil {
		return nil, err
	}
	if !runtime.HasStatusCode(resp, ok...) {
		return nil, runtime.NewResponseError(resp)
	}
	return resp, nil
}

// get reads one resource.
func (c *Client) get(ctx context.Context, path, version string) (object, error) {
	resp, err := c.send(ctx, http.MethodGet, path, version, nil, nil, http.StatusOK)
	if err != nil {
		return nil, err
	}
	return payload(resp)
}

func payload(resp *http.Response) (object, error) {
	raw, err := runtime.Payload(resp)
	if err != nil {
		return nil, fmt.Errorf("read azure's answer: %w", err)
	}
	return decode(raw)
}

// list reads all pages of a collection.
func (c *Client) list(ctx context.Context, path, version string) ([]object, error) {
	page, err := c.get(ctx, path, version)
	if err != nil {
		return nil, err
	}
	all := digObjects(page, "value")
	for next := digString(page, "nextLink"); next != ""; next = digString(page, "nextLink") {
		if !c.ours(next) {
			return nil, errors.New("azure's list goes on at another host, which gets no token")
		}
		req, err := runtime.NewRequest(ctx, http.MethodGet, next)
		if err != nil {
			return nil, fmt.Errorf("read azure's list on: %w", err)
		}
		resp, err := c.roundTrip(req, nil, nil, http.StatusOK)
		if err != nil {
			return nil, err
		}
		if page, err = payload(resp); err != nil {
			return nil, err
		}
		all = append(all, digObjects(page, "value")...)
	}
	return all, nil
}

// ours says whether a URL belongs to the ARM endpoint.
func (c *Client) ours(link string) bool {
	there, err := url.Parse(link)
	here, err2 := url.Parse(c.arm.Endpoint())
	return err == nil && err2 == nil && there.Scheme == "https" && strings.EqualFold(there.Host, here.Host)
}
