package examples

// resource is what of a resource the provider knows. Names are from the schema
// of hashicorp/azurerm 4.55.0, by way of the typings that CDK for Terraform
// generates from it (npm package @cdktf/provider-azurerm 14.23.1,
// lib/*/index.d.ts), for what a lab like this may use.
type resource struct {
	required []string
	optional []string
	blocks   map[string]resource
	// exports are read from other places; arguments can be, too.
	exports []string
}

func schema() map[string]resource {
	return map[string]resource{
		"azurerm_resource_group": {required: words("name location"), optional: words("managed_by tags"), exports: words("id")},
		"azurerm_virtual_wan": {
			required: words("name location resource_group_name"),
			optional: words("allow_branch_to_branch_traffic disable_vpn_encryption office365_local_breakout_category tags type"),
			exports:  words("id"),
		},
		"azurerm_virtual_hub": {
			required: words("name location resource_group_name"),
			optional: words("address_prefix branch_to_branch_traffic_enabled hub_routing_preference sku tags virtual_router_auto_scale_min_capacity virtual_wan_id"),
			blocks:   map[string]resource{"route": {required: words("address_prefixes next_hop_ip_address")}},
			exports:  words("id default_route_table_id virtual_router_asn virtual_router_ips"),
		},
		"azurerm_virtual_hub_connection": {
			required: words("name remote_virtual_network_id virtual_hub_id"), optional: words("internet_security_enabled"),
			exports: words("id"),
		},
		"azurerm_virtual_network": {
			required: words("name location resource_group_name"),
			optional: words("address_space bgp_community dns_servers edge_zone flow_timeout_in_minutes private_endpoint_vnet_policies tags"),
			exports:  words("id guid"),
		},
		"azurerm_subnet": {
			required: words("name resource_group_name virtual_network_name"),
			optional: words("address_prefixes default_outbound_access_enabled private_endpoint_network_policies private_link_service_network_policies_enabled service_endpoint_policy_ids service_endpoints sharing_scope"),
			exports:  words("id"),
		},
		"azurerm_user_assigned_identity": {
			required: words("name location resource_group_name"), optional: words("tags"),
			exports: words("id client_id principal_id tenant_id"),
		},
		"azurerm_role_assignment": {
			required: words("principal_id scope"),
			optional: words("condition condition_version delegated_managed_identity_resource_id description name principal_type role_definition_id role_definition_name skip_service_principal_aad_check"),
			exports:  words("id"),
		},
		"azurerm_kubernetes_cluster": cluster(),
	}
}

func cluster() resource {
	return resource{
		required: words("name location resource_group_name"),
		optional: words(`ai_toolchain_operator_enabled automatic_upgrade_channel azure_policy_enabled cost_analysis_enabled
			custom_ca_trust_certificates_base64 disk_encryption_set_id dns_prefix dns_prefix_private_cluster edge_zone
			http_application_routing_enabled image_cleaner_enabled image_cleaner_interval_hours kubernetes_version
			local_account_disabled node_os_upgrade_channel node_resource_group oidc_issuer_enabled open_service_mesh_enabled
			private_cluster_enabled private_cluster_public_fqdn_enabled private_dns_zone_id role_based_access_control_enabled
			run_command_enabled sku_tier support_plan tags workload_identity_enabled`),
		blocks: map[string]resource{
			"default_node_pool": {
				required: words("name"),
				optional: words(`auto_scaling_enabled capacity_reservation_group_id fips_enabled gpu_driver gpu_instance
					host_encryption_enabled host_group_id kubelet_disk_type max_count max_pods min_count node_count node_labels
					node_public_ip_enabled node_public_ip_prefix_id only_critical_addons_enabled orchestrator_version
					os_disk_size_gb os_disk_type os_sku pod_subnet_id proximity_placement_group_id scale_down_mode snapshot_id
					tags temporary_name_for_rotation type ultra_ssd_enabled vm_size vnet_subnet_id workload_runtime zones`),
				blocks: map[string]resource{"upgrade_settings": {
					required: words("max_surge"), optional: words("drain_timeout_in_minutes node_soak_duration_in_minutes undrainable_node_behavior"),
				}},
			},
			"identity": {required: words("type"), optional: words("identity_ids")},
			"network_profile": {
				required: words("network_plugin"),
				optional: words(`dns_service_ip ip_versions load_balancer_sku network_data_plane network_mode network_plugin_mode
					network_policy outbound_type pod_cidr pod_cidrs service_cidr service_cidrs`),
			},
		},
		exports: words("id fqdn private_fqdn kube_config kube_config_raw node_resource_group oidc_issuer_url"),
	}
}
