package azure

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// putAz puts a program az on PATH, the only one there but for the shell's own.
// It notes every run in a file, whose path is returned.
func putAz(t *testing.T, script string) (runs string) {
	t.Helper()
	dir := t.TempDir()
	runs = filepath.Join(dir, "runs")
	if script != "" {
		text := "#!/bin/sh\necho run >>" + runs + "\n" + script
		if err := os.WriteFile(filepath.Join(dir, "az"), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
	// The default chain must not look for a managed identity on the network.
	t.Setenv("AZURE_TOKEN_CREDENTIALS", "AzureCLICredential")
	return runs
}

func countRuns(t *testing.T, path string) int {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return strings.Count(string(raw), "run")
}

const azToken = `echo '{"accessToken": "secret-token", "expires_on": 4102444800, "tokenType": "Bearer"}'`

// TestOneLogin: many clusters at once run az once, and making a client does not.
func TestOneLogin(t *testing.T) {
	runs := putAz(t, azToken)
	f := newFakeARM(t)
	c, err := New(Settings{Transport: f})
	if err != nil {
		t.Fatal(err)
	}
	if n := countRuns(t, runs); n != 0 {
		t.Errorf("New ran az %d times", n)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := c.ManagedCluster(t.Context(), testID()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := countRuns(t, runs); n != 1 {
		t.Errorf("az ran %d times, want once", n)
	}
}

func TestNoLogin(t *testing.T) {
	tests := map[string]struct{ script, code, next string }{
		"no az":         {"", CodeNoAzureCLI, "install az"},
		"logged out":    {`echo "ERROR: Please run 'az login' to setup account." >&2; exit 1`, CodeNotLoggedIn, "run 'az login'"},
		"expired":       {`echo "AADSTS700082: expired. Run: az login --scope https://management.core.windows.net//.default" >&2; exit 1`, CodeNotLoggedIn, "run 'az login --scope https://management.core.windows.net//.default'"},
		"broken":        {`echo "Traceback (most recent call last)" >&2; exit 1`, CodeNotLoggedIn, "az account get-access-token"},
		"says nonsense": {`echo nonsense`, CodeNotLoggedIn, "az login"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			runs := putAz(t, test.script)
			c, err := New(Settings{Transport: newFakeARM(t)})
			if err != nil {
				t.Fatal(err)
			}
			for range 3 { // the failure is remembered
				_, err = c.ManagedCluster(t.Context(), testID())
				var got *Error
				if !errors.As(err, &got) || got.Code != test.code || !strings.Contains(got.Next, test.next) {
					t.Errorf("error %v, want code %s and %q", err, test.code, test.next)
				}
				if strings.Contains(fmt.Sprint(err), "\n") {
					t.Errorf("the error has several lines: %v", err)
				}
			}
			if n := countRuns(t, runs); n > 2 { // as the CLI's credential and in the default chain
				t.Errorf("az ran %d times", n)
			}
		})
	}
}

func TestCancelledLoginIsNotRemembered(t *testing.T) {
	putAz(t, azToken)
	s := Settings{Transport: newFakeARM(t)}
	config, err := s.configuration()
	if err != nil {
		t.Fatal(err)
	}
	cred := newCredential(&s, config)
	opts := policy.TokenRequestOptions{Scopes: []string{"https://management.core.windows.net//.default"}}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := cred.GetToken(gone, opts); err == nil {
		t.Error("a token in spite of a cancelled context")
	}
	if _, err := cred.GetToken(t.Context(), opts); err != nil {
		t.Errorf("the next login fails too: %v", err)
	}
}

func TestSettings(t *testing.T) {
	tests := map[string]struct {
		in       Settings
		endpoint string // empty: an error
	}{
		"public":          {Settings{}, "https://management.azure.com"},
		"government":      {Settings{Cloud: "AzureUSGovernment"}, "https://management.usgovcloudapi.net"},
		"china":           {Settings{Cloud: "china"}, "https://management.chinacloudapi.cn"},
		"custom":          {Settings{Endpoint: "https://127.0.0.1:6400/"}, "https://127.0.0.1:6400"},
		"not encrypted":   {Settings{Endpoint: "http://127.0.0.1:6400"}, ""},
		"unknown cloud":   {Settings{Cloud: "mars"}, ""},
		"version no date": {Settings{APIVersion: "latest"}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := New(test.in)
			if test.endpoint == "" {
				if err == nil {
					t.Error("no error")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := c.arm.Endpoint(); got != test.endpoint {
				t.Errorf("endpoint %s, want %s", got, test.endpoint)
			}
		})
	}
}
