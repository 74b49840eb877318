package azure

import (
	"context"
	"regexp"
	"slices"
	"strings"
)

var versionForm = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}(-preview)?$`)

// API versions of what is not managedClusters. All are stable ones, which Azure
// keeps for years.
const (
	versionProviders   = "2021-04-01" // providers and resource groups
	versionGraph       = "2021-03-01"
	versionNetwork     = "2024-05-01"
	versionCompute     = "2024-07-01"
	versionPermissions = "2022-04-01"
)

// firstKubeProxy is the first API version with kubeProxyConfig. Only previews
// have it: stable versions up to 2026-03-01 reject it.
const firstKubeProxy = "2022-08-02-preview"

// testedVersions are the managedClusters API versions that this package was
// written against, newest first. Previews stop working after about a year.
func testedVersions() []string {
	return []string{"2026-03-02-preview", "2025-10-02-preview", "2025-09-02-preview"}
}

func isPreview(version string) bool { return strings.HasSuffix(version, "-preview") }

// clusterVersion returns the managedClusters API version to use in a subscription.
func (c *Client) clusterVersion(ctx context.Context, subscription string) (string, error) {
	if c.version != "" {
		return c.version, nil
	}
	key := strings.ToLower(subscription)
	c.mu.Lock()
	chosen := c.versions[key]
	c.mu.Unlock()
	if chosen != "" {
		return chosen, nil
	}
	provider, err := c.get(ctx, "/subscriptions/"+subscription+"/providers/Microsoft.ContainerService", versionProviders)
	if hopeless(err) || ctx.Err() != nil {
		return "", err
	}
	// Whoever may read one resource group only is not told what is offered: the
	// newest tested version then has to do.
	chosen = chooseVersion(offered(provider))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.versions[key] = chosen
	return chosen, nil
}

// offered lists the API versions that a provider names for managedClusters.
func offered(provider object) []string {
	for _, t := range digObjects(provider, "resourceTypes") {
		if strings.EqualFold(digString(t, "resourceType"), "managedClusters") {
			return digStrings(t, "apiVersions")
		}
	}
	return nil
}

// chooseVersion takes the newest tested version that is offered, else the newest
// preview, else the newest of all; without an offer the newest tested one.
func chooseVersion(offer []string) string {
	tested := testedVersions()
	if len(offer) == 0 {
		return tested[0]
	}
	for _, v := range tested {
		if slices.Contains(offer, v) {
			return v
		}
	}
	newest := slices.Max(offer) // dates sort as text
	for _, v := range offer {
		if isPreview(v) && v >= firstKubeProxy && (!isPreview(newest) || v > newest) {
			newest = v
		}
	}
	return newest
}
