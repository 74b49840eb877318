package azure

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
)

// Client bends the network of a simulation that runs.
type Client struct {
	base string
	http *http.Client
}

// NewClient returns a client of the simulation that keeps its state in dir and
// listens on the address.
func NewClient(dir, listen string) (*Client, error) {
	ca, err := os.ReadFile(filepath.Join(dir, "ca.crt"))
	if err != nil {
		return nil, fmt.Errorf("read the simulated azure's certificate: %w; is the lab up?", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		return nil, errors.New("the simulated azure's ca.crt holds no certificate")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	return &Client{base: "https://" + listen + "/simulation/network", http: &http.Client{Transport: transport}}, nil
}

// AddFault makes or replaces the fault of a name.
func (c *Client) AddFault(ctx context.Context, name string, f NetworkFault) error {
	return c.do(ctx, http.MethodPut, "/"+url.PathEscape(name), f, nil)
}

// MendFaults takes faults back, all of them if no name is given.
func (c *Client) MendFaults(ctx context.Context, names ...string) error {
	if len(names) == 0 {
		return c.do(ctx, http.MethodDelete, "", nil, nil)
	}
	var errs []error
	for _, name := range names {
		errs = append(errs, c.do(ctx, http.MethodDelete, "/"+url.PathEscape(name), nil, nil))
	}
	return errors.Join(errs...)
}

// Faults are those there are, by name.
func (c *Client) Faults(ctx context.Context) (map[string]NetworkFault, error) {
	var out map[string]NetworkFault
	err := c.do(ctx, http.MethodGet, "", nil, &out)
	return out, err
}

func (c *Client) do(ctx context.Context, method, path string, body, into any) error {
	var raw bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&raw).Encode(body); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, &raw)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("ask the simulated azure: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("read the simulated azure's answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		var refusal struct{ Error armError }
		_ = json.Unmarshal(answer, &refusal) // else the status has to do
		return fmt.Errorf("the simulated azure refuses: %d %s", resp.StatusCode, refusal.Error.Message)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer, into)
}
