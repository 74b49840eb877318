package azure

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
)

const clusterType = "Microsoft.ContainerService/managedClusters"

// ID names a managed cluster.
type ID struct {
	Subscription  string // a UUID
	ResourceGroup string
	Name          string
}

// String returns the ARM resource id, or "" for the zero ID.
func (id ID) String() string {
	if id == (ID{}) {
		return ""
	}
	return groupPath(id.Subscription, id.ResourceGroup) + "/providers/" + clusterType + "/" + id.Name
}

func groupPath(subscription, group string) string {
	return "/subscriptions/" + subscription + "/resourceGroups/" + group
}

// What ARM allows in names; it also keeps them harmless in URLs and shells.
var (
	subscriptionName = regexp.MustCompile(`^[0-9a-fA-F-]{1,64}$`)
	groupName        = regexp.MustCompile(`^[\p{L}\p{N}_().-]{1,90}$`)
	clusterName      = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$`)
)

// ParseID reads the ARM resource id of a managed cluster, as
// "/subscriptions/…/resourceGroups/…/providers/Microsoft.ContainerService/managedClusters/NAME".
func ParseID(s string) (ID, error) {
	const form = "expected /subscriptions/SUBSCRIPTION/resourceGroups/GROUP/providers/" + clusterType + "/NAME"
	parsed, err := arm.ParseResourceID(strings.TrimSpace(s))
	if err != nil {
		return ID{}, fmt.Errorf("azure resource id %q: %s", s, form)
	}
	if !strings.EqualFold(parsed.ResourceType.String(), clusterType) {
		return ID{}, fmt.Errorf("azure resource id %q is of a %s: %s", s, parsed.ResourceType, form)
	}
	id := ID{parsed.SubscriptionID, parsed.ResourceGroupName, parsed.Name}
	if !subscriptionName.MatchString(id.Subscription) || !groupName.MatchString(id.ResourceGroup) || !clusterName.MatchString(id.Name) {
		return ID{}, fmt.Errorf("azure resource id %q: %s", s, form)
	}
	return id, nil
}

var providerID = regexp.MustCompile(`(?i)^azure:///subscriptions/([^/]+)/resourceGroups/([^/]+)/providers/Microsoft\.Compute/.+$`)

// ParseProviderID reads the subscription and the node resource group out of a
// node's spec.providerID, as
// "azure:///subscriptions/…/resourceGroups/…/providers/Microsoft.Compute/virtualMachineScaleSets/…".
func ParseProviderID(s string) (subscription, nodeGroup string, err error) {
	m := providerID.FindStringSubmatch(s)
	if m == nil || !subscriptionName.MatchString(m[1]) || !groupName.MatchString(m[2]) {
		return "", "", fmt.Errorf("provider id %q is not of an azure machine", s)
	}
	return m[1], m[2], nil
}
