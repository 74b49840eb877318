package azure

import (
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/test/golden"
)

// transportFunc is a function as policy.Transporter.
type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) Do(r *http.Request) (*http.Response, error) { return f(r) }

// TestTranslations holds every sentence against a golden file: they are what
// people read when things go wrong.
func TestTranslations(t *testing.T) {
	answers := []*answer{
		armFailure(400, "KubeProxyConfigDisabledBYOCNIOnly", "Disabling kube-proxy is only allowed for bring your own (BYO) CNI clusters."),
		armFailure(400, "PreviewFeatureNotRegistered", "Preview feature is not registered."),
		armFailure(400, "NoRegisteredProviderFound", "No registered resource provider found."),
		armFailure(401, "ExpiredAuthenticationToken", "The access token expiry UTC time is earlier than current."),
		armFailure(403, "AuthorizationFailed", "The client does not have authorization to perform action 'Microsoft.ContainerService/managedClusters/write'."),
		armFailure(403, "LinkedAuthorizationFailed", "The client has no permission 'Microsoft.Network/virtualNetworks/subnets/join/action'."),
		armFailure(403, "RequestDisallowedByPolicy", "Resource was disallowed by policy."),
		armFailure(404, "ResourceNotFound", "The Resource was not found."),
		armFailure(409, "OperationNotAllowed", "Another operation (Updating) is in progress."),
		armFailure(409, "OperationNotAllowed", "managed cluster is in Provisioning State(Succeeded) and Power State(Stopped)."),
		armFailure(409, "ScopeLocked", "The scope is locked."),
		armFailure(412, "PreconditionFailed", "The eTag does not match."),
		armFailure(429, "TooManyRequests", "Slow down."),
		armFailure(500, "InternalServerError", "Something broke."),
		armFailure(400, "SomethingNew", "A sentence of Azure's.\nAnd more."),
		{status: 503, body: "<html>no JSON</html>"},
	}
	var got strings.Builder
	for _, a := range answers {
		f := newFakeARM(t)
		f.before = func(*fakeARM, *http.Request) *answer { return a }
		_, err := f.client(t).get(t.Context(), testID().String(), "2026-03-02-preview")
		text := translate(err, "turn kube-proxy off on aks-1", testID()).Error()
		if strings.Contains(text, "\n") {
			t.Errorf("an error has several lines: %s", text)
		}
		got.WriteString(text + "\n\n")
	}
	golden.Compare(t, filepath.Join("testdata", "translations.txt"), got.String())
}

func TestUnreachable(t *testing.T) {
	dead := transportFunc(func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF })
	c, err := newClient(Settings{Transport: dead, Credential: staticToken{}}, policy.RetryOptions{MaxRetries: -1}, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.ManagedCluster(t.Context(), testID())
	var got *Error
	if !errors.As(err, &got) || got.Code != CodeUnreachable || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v, want %s", err, CodeUnreachable)
	}
}

func TestKubeProxyCommand(t *testing.T) {
	want := `echo '{"enabled": false}' > kube-proxy.json && az extension add --upgrade --name aks-preview && ` +
		`az aks update --subscription ` + testSub + ` --resource-group 'rg(1)' --name aks-1 --kube-proxy-config kube-proxy.json`
	if diff := cmp.Diff(want, KubeProxyCommand(ID{testSub, "rg(1)", "aks-1"}, false)); diff != "" {
		t.Errorf("command (-want +got):\n%s", diff)
	}
}
