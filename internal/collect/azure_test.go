package collect

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/rest"
	clienttesting "k8s.io/client-go/testing"

	"github.com/aksmesh/kubectl-aksmesh/internal/azure"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// arm answers by what a request's path ends with.
type arm map[string]string

func (a arm) Do(r *http.Request) (*http.Response, error) {
	status, body := http.StatusNotFound, `{"error": {"code": "NotFound", "message": "no"}}`
	for end, answer := range a {
		if strings.HasSuffix(strings.ToLower(r.URL.Path), end) {
			status, body = http.StatusOK, answer
		}
	}
	return &http.Response{
		StatusCode: status, Request: r, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(body)),
	}, nil
}

func (arm) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "token", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// TestStoppedCluster: Azure is asked about a cluster of its own that does not
// answer, and about no other.
func TestStoppedCluster(t *testing.T) {
	const id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks-1"
	const raw = `{"id": "` + id + `", "properties": {"fqdn": "aks-1.hcp.westeurope.azmk8s.io", "provisioningState": "Succeeded", "powerState": {"code": "Stopped"}}}`
	cloud := arm{"/resources": `{"data": [` + raw + `]}`, "/managedclusters/aks-1": raw}
	client, err := azure.New(azure.Settings{Credential: cloud, Transport: cloud, APIVersion: "2026-03-02-preview"})
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]string{
		"aks-1.hcp.westeurope.azmk8s.io": "Stopped",
		"kind.example":                   "",
	} {
		t.Run(host, func(t *testing.T) {
			dead := fake.NewClientset()
			dead.PrependReactor("get", "version", func(clienttesting.Action) (bool, runtime.Object, error) {
				return true, nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
			})
			l := &look{
				cluster: &mesh.Cluster{Client: dead, Config: &rest.Config{Host: "https://" + host + ":443"}},
				options: Options{Azure: client},
			}
			l.contact(t.Context())
			l.rest(t.Context())
			got := ""
			if l.facts.Azure != nil {
				got = l.facts.Azure.Power
			}
			if got != want || l.facts.Kubernetes != nil {
				t.Errorf("power state %q, want %q; %+v", got, want, l.facts)
			}
			problems := []mesh.Problem{{Section: mesh.SectionAPI, Kind: mesh.Unreachable, Message: "lookup " + host + ": no such host"}}
			if d := cmp.Diff(problems, l.facts.Problems); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}
