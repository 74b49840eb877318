package azure

import (
	"fmt"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// Settings say which Azure to talk to, and as whom. The zero value is Azure's
// public cloud with the Azure CLI's login.
type Settings struct {
	// Cloud is public (or empty), usgovernment or china.
	Cloud string
	// Endpoint is an ARM endpoint that replaces the cloud's, as
	// "https://management.example.org". It must be https: tokens go there.
	Endpoint string
	// Audience is what tokens are asked for, if not the cloud's.
	Audience string
	// AuthorityHost is where credentials other than the Azure CLI's log in, if
	// not the cloud's.
	AuthorityHost string
	// TenantID is the Microsoft Entra tenant to log in to; empty is the login's own.
	TenantID string
	// APIVersion is the managedClusters API version to use; empty chooses one.
	APIVersion string

	// Credential replaces the Azure CLI's login and azidentity's default chain.
	Credential azcore.TokenCredential
	// Transport replaces the HTTP client.
	Transport policy.Transporter
}

// configuration is the cloud of the settings, in azcore's terms.
func (s *Settings) configuration() (cloud.Configuration, error) {
	var base cloud.Configuration
	switch strings.ToLower(s.Cloud) {
	case "", "public", "azurecloud", "azurepublic":
		base = cloud.AzurePublic
	case "usgovernment", "azureusgovernment", "azuregovernment":
		base = cloud.AzureGovernment
	case "china", "azurechinacloud", "azurechina":
		base = cloud.AzureChina
	default:
		return base, fmt.Errorf("azure cloud %q is unknown: use public, usgovernment or china", s.Cloud)
	}
	service := base.Services[cloud.ResourceManager]
	if s.Endpoint != "" {
		if !strings.HasPrefix(strings.ToLower(s.Endpoint), "https://") {
			return base, fmt.Errorf("azure resource manager endpoint %q: it must start with https://", s.Endpoint)
		}
		service.Endpoint = strings.TrimSuffix(s.Endpoint, "/")
	}
	if s.Audience != "" {
		service.Audience = s.Audience
	}
	authority := base.ActiveDirectoryAuthorityHost
	if s.AuthorityHost != "" {
		authority = s.AuthorityHost
	}
	// A map of our own: base's is azcore's global.
	services := map[cloud.ServiceName]cloud.ServiceConfiguration{cloud.ResourceManager: service}
	return cloud.Configuration{ActiveDirectoryAuthorityHost: authority, Services: services}, nil
}
