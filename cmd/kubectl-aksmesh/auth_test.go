package main

import (
	"testing"

	"k8s.io/client-go/rest"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Kubeconfigs may name providers that kubectl knows, and the tool is to take what
// kubectl takes. The one for Azure was taken out of Kubernetes; its name has to
// end in the words that say so.
func TestAuthProvidersAreKnown(t *testing.T) {
	for provider, want := range map[string]string{
		"oidc":  "",
		"azure": "The azure auth plugin has been removed.\nPlease use the https://github.com/Azure/kubelogin kubectl/client-go credential plugin instead.\nSee https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins for further details",
	} {
		_, err := rest.HTTPClientFor(&rest.Config{AuthProvider: &clientcmdapi.AuthProviderConfig{
			Name: provider, Config: map[string]string{"idp-issuer-url": "https://issuer.example", "client-id": "x"},
		}})
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s:\ngot  %q\nwant %q", provider, got, want)
		}
	}
}
