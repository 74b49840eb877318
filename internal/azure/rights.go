package azure

import (
	"context"
	"regexp"
	"slices"
	"strings"
)

// writeCluster is what Azure wants for a PUT of a managed cluster.
const writeCluster = "Microsoft.ContainerService/managedClusters/write"

// MayWrite says whether the login may change a managed cluster; nil if Azure does
// not tell. What a PUT is linked to (a subnet, an identity) is not looked at.
func (c *Client) MayWrite(ctx context.Context, id ID) *bool {
	permissions, err := c.list(ctx, id.String()+"/providers/Microsoft.Authorization/permissions", versionPermissions)
	if err != nil || len(permissions) == 0 {
		return nil
	}
	return new(slices.ContainsFunc(permissions, func(p object) bool {
		return matches(digStrings(p, "actions"), writeCluster) && !matches(digStrings(p, "notActions"), writeCluster)
	}))
}

// matches says whether one of the patterns stands for an action. A star in them
// stands for anything, slashes as well; case does not matter.
func matches(patterns []string, action string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		form := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*")
		matched, err := regexp.MatchString("(?i)^"+form+"$", action)
		return err == nil && matched
	})
}
