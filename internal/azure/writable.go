package azure

// writable takes out of a GET's body what a PUT must not, or need not, hold:
// properties that are READ-ONLY in Azure's SDK. It changes its argument.
func writable(raw object) object {
	for _, path := range [][]string{
		{"eTag"}, {"id"}, {"name"}, {"type"}, {"systemData"},
		{"identity", "principalId"}, {"identity", "tenantId"},
		{"properties", "provisioningState"}, {"properties", "powerState"},
		{"properties", "currentKubernetesVersion"},
		{"properties", "fqdn"}, {"properties", "privateFQDN"}, {"properties", "azurePortalFQDN"},
		{"properties", "maxAgentPools"}, {"properties", "resourceUID"},
		{"properties", "networkProfile", "loadBalancerProfile", "effectiveOutboundIPs"},
		{"properties", "networkProfile", "natGatewayProfile", "effectiveOutboundIPs"},
	} {
		remove(raw, path...)
	}
	for _, pool := range digObjects(raw, "properties", "agentPoolProfiles") {
		remove(pool, "eTag")
		remove(pool, "provisioningState")
		remove(pool, "currentOrchestratorVersion")
	}
	// The keys name the identities; what GET shows below them is read-only.
	if identities, ok := dig(raw, "identity", "userAssignedIdentities").(object); ok {
		for id := range identities {
			identities[id] = object{}
		}
	}
	return raw
}
