package examples

import "slices"

// resource is what of a resource, a block in it or a provider the provider
// knows. Names are from the schema of hashicorp/azurerm 5.2.0, for the types that
// the labs use; TestSchema compares them. What excludes what is from the
// provider's code, and so is that it needs features. Values are not in it.
type resource struct {
	required []string // arguments and blocks
	optional []string
	oneOf    [][]string // of each group there has to be one argument or block
	blocks   map[string]resource
	// exports are read from other places; arguments and blocks can be, too.
	exports []string
	any     bool // its arguments and blocks are not looked at
}

// attributes are what other expressions may read.
func (r resource) attributes() []string {
	return slices.Concat(r.arguments(), sorted(r.blocks), r.exports)
}

func schema() map[string]resource {
	return map[string]resource{
		"azurerm_resource_group": {required: words("name location"), optional: words("managed_by tags"), exports: words("id")},
		"azurerm_virtual_wan": {
			required: words("name location resource_group_name"),
			optional: words(`allow_branch_to_branch_traffic disable_vpn_encryption office365_local_breakout_category tags type`),
			exports:  words("id"),
		},
		"azurerm_virtual_hub": {
			required: words("name location resource_group_name"),
			optional: words(`address_prefix branch_to_branch_traffic_enabled hub_routing_preference sku tags
			virtual_router_auto_scale_min_capacity virtual_wan_id`),
			blocks: map[string]resource{
				"route": {required: words("address_prefixes next_hop_ip_address")},
			},
			exports: words("default_route_table_id id virtual_router_asn virtual_router_ips"),
		},
		"azurerm_virtual_hub_connection": {
			required: words("name remote_virtual_network_id virtual_hub_id"),
			optional: words("internet_security_enabled"),
			blocks: map[string]resource{
				"routing": {
					optional: words(`associated_route_table_id inbound_route_map_id outbound_route_map_id
				static_vnet_local_route_override_criteria static_vnet_propagate_static_routes_enabled`),
					blocks: map[string]resource{
						"propagated_route_table": {optional: words("labels route_table_ids")},
						"static_vnet_route":      {optional: words("address_prefixes name next_hop_ip_address")},
					},
				},
			},
			exports: words("id"),
		},
		"azurerm_virtual_network": {
			required: words("name location resource_group_name"),
			optional: words(`address_space bgp_community dns_servers edge_zone flow_timeout_in_minutes
			private_endpoint_vnet_policies tags`),
			blocks: map[string]resource{
				"subnet": {
					optional: words(`address_prefixes default_outbound_access_enabled id name private_endpoint_network_policies
				private_link_service_network_policies_enabled route_table_id security_group
				service_endpoint_policy_ids`),
					blocks: map[string]resource{
						"service_endpoint": {optional: words("network_identifier service")},
						"delegation": {
							optional: words("name"),
							blocks: map[string]resource{
								"service_delegation": {optional: words("actions name")},
							},
						},
					},
				},
				"ddos_protection_plan": {required: words("enable id")},
				"encryption":           {required: words("enforcement")},
				"ip_address_pool":      {required: words("id number_of_ip_addresses")},
			},
			exports: words("guid id"),
		},
		"azurerm_subnet": {
			required: words("name resource_group_name virtual_network_name"),
			optional: words(`address_prefixes default_outbound_access_enabled network_security_group_id_wo
			network_security_group_id_wo_version private_endpoint_network_policies
			private_link_service_network_policies_enabled route_table_id_wo route_table_id_wo_version
			service_endpoint_policy_ids sharing_scope`),
			blocks: map[string]resource{
				"delegation": {
					required: words("name service_delegation"),
					blocks: map[string]resource{
						"service_delegation": {required: words("name"), optional: words("actions")},
					},
				},
				"ip_address_pool":  {required: words("id number_of_ip_addresses")},
				"service_endpoint": {required: words("service"), optional: words("network_identifier")},
			},
			exports: words("id network_security_group_id route_table_id"),
		},
		"azurerm_user_assigned_identity": {
			required: words("name location resource_group_name"),
			optional: words("isolation_scope tags"),
			exports:  words("client_id id principal_id tenant_id"),
		},
		"azurerm_role_assignment": {
			required: words("principal_id scope"),
			optional: words(`condition condition_version delegated_managed_identity_resource_id description name principal_type
			role_definition_id role_definition_name skip_service_principal_aad_check`),
			exports: words("id"),
		},
		"azurerm_kubernetes_cluster": cluster(),
	}
}

// sources are data sources.
func sources() map[string]resource {
	return map[string]resource{
		"azurerm_client_config": {exports: words("client_id id object_id subscription_id tenant_id")},
		"azurerm_subscription": {
			optional: words("subscription_id"),
			exports:  words("display_name id location_placement_id quota_id spending_limit state tags tenant_id"),
		},
	}
}

func providers() map[string]resource {
	return map[string]resource{
		"azurerm": {
			required: words("features"),
			optional: words(`ado_pipeline_service_connection_id alias auxiliary_tenant_ids client_certificate
				client_certificate_password client_certificate_path client_id client_id_file_path client_secret
				client_secret_file_path disable_correlation_request_id disable_terraform_partner_id environment
				metadata_host msi_api_version msi_endpoint oidc_request_token oidc_request_url oidc_token
				oidc_token_file_path partner_id resource_provider_registrations resource_providers_to_register
				storage_use_azuread subscription_id tenant_id use_aks_workload_identity
				use_cli use_msi use_oidc version`),
			blocks: map[string]resource{"features": {any: true}},
		},
	}
}
