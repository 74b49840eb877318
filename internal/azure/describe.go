package azure

import "context"

// APIVersion is the API version of managedClusters that the client uses for a
// cluster, for files that say the same in other words.
func (c *Client) APIVersion(ctx context.Context, id ID) (string, error) {
	return c.clusterVersion(ctx, id.Subscription)
}

// TestedAPIVersion is the newest API version of managedClusters that this
// package was written against: the choice where Azure cannot be asked.
func TestedAPIVersion() string { return testedVersions()[0] }
