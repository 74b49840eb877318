package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/pflag"

	"github.com/aksmesh/kubectl-aksmesh/internal/azure"
	"github.com/aksmesh/kubectl-aksmesh/internal/ui"
)

// armEndpointEnv names a custom Azure Resource Manager endpoint.
const armEndpointEnv = "AKSMESH_ARM_ENDPOINT"

type azureFlags struct {
	ids                                 []string
	cloud, endpoint, tenant, apiVersion string
}

func (f *azureFlags) add(flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.ids, "azure-id", nil, "CONTEXT=ID: ARM resource id of a managed cluster (default: found through its nodes)")
	flags.StringVar(&f.cloud, "azure-cloud", "public", "Azure cloud: public, usgovernment or china")
	flags.StringVar(&f.endpoint, "arm-endpoint", "", "custom endpoint of Azure Resource Manager (default $"+armEndpointEnv+", else the cloud's)")
	flags.StringVar(&f.tenant, "azure-tenant", "", "Microsoft Entra tenant to log in to (default: the Azure CLI's)")
	flags.StringVar(&f.apiVersion, "aks-api-version", "", "API version of Microsoft.ContainerService (default: the newest that is known to work)")
}

// byContext are the ARM resource ids of --azure-id.
func (f *azureFlags) byContext(contexts []string) (map[string]string, error) {
	ids, err := pairs("--azure-id", f.ids, text)
	if err != nil {
		return nil, err
	}
	for _, context := range slices.Sorted(maps.Keys(ids)) {
		if !slices.Contains(contexts, context) {
			return nil, fmt.Errorf("--azure-id names context %q, which is not among the named clusters: add --context %s", context, context)
		}
		if _, err := azure.ParseID(ids[context]); err != nil {
			return nil, fmt.Errorf("--azure-id %s=%s: %w", context, ids[context], err)
		}
	}
	return ids, nil
}

// client makes a client for Azure, which asks for nothing yet, and returns the
// ARM resource ids of --azure-id by context.
func (f *azureFlags) client(a *app) (*azure.Client, map[string]string, error) {
	ids, err := f.byContext(a.clusters.contexts)
	if err != nil {
		return nil, nil, err
	}
	client, err := azure.New(f.settings(a.lookupEnv))
	return client, ids, err
}

func (f *azureFlags) settings(env ui.LookupEnv) azure.Settings {
	endpoint := f.endpoint
	if endpoint == "" {
		endpoint, _ = env(armEndpointEnv)
	}
	return azure.Settings{Cloud: f.cloud, Endpoint: endpoint, TenantID: f.tenant, APIVersion: f.apiVersion}
}
