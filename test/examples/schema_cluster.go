package examples

func cluster() resource {
	return resource{
		required: words("name location resource_group_name default_node_pool node_provisioning_profile"),
		optional: words(`ai_toolchain_operator_enabled automatic_upgrade_channel azure_policy_enabled cost_analysis_enabled
		custom_ca_trust_certificates_base64 disk_encryption_set_id edge_zone http_application_routing_enabled
		image_cleaner_enabled image_cleaner_interval_hours kubernetes_version local_account_disabled
		node_os_upgrade_channel node_resource_group oidc_issuer_enabled open_service_mesh_enabled
		private_cluster_enabled private_cluster_public_fqdn_enabled private_dns_zone_id
		role_based_access_control_enabled run_command_enabled sku_tier support_plan tags workload_identity_enabled`),
		oneOf: [][]string{words("dns_prefix dns_prefix_private_cluster"), words("identity service_principal")},
		blocks: map[string]resource{
			"aci_connector_linux":       {required: words("subnet_name")},
			"api_server_access_profile": {optional: words("authorized_ip_ranges subnet_id virtual_network_integration_enabled")},
			"auto_scaler_profile": {
				optional: words(`balance_similar_node_groups daemonset_eviction_for_empty_nodes_enabled
			daemonset_eviction_for_occupied_nodes_enabled empty_bulk_delete_max expander
			ignore_daemonsets_utilization_enabled max_graceful_termination_sec max_node_provisioning_time
			max_unready_nodes max_unready_percentage new_pod_scale_up_delay scale_down_delay_after_add
			scale_down_delay_after_delete scale_down_delay_after_failure scale_down_unneeded scale_down_unready
			scale_down_utilization_threshold scan_interval skip_nodes_with_local_storage
			skip_nodes_with_system_pods`),
			},
			"azure_active_directory_role_based_access_control": {optional: words("admin_group_object_ids azure_rbac_enabled tenant_id")},
			"bootstrap_profile":      {optional: words("artifact_source container_registry_id")},
			"confidential_computing": {required: words("sgx_quote_helper_enabled")},
			"default_node_pool": {
				required: words("name"),
				optional: words(`auto_scaling_enabled capacity_reservation_group_id fips_enabled gpu_driver gpu_instance
			host_encryption_enabled host_group_id kubelet_disk_type max_count max_pods min_count node_count
			node_labels node_public_ip_enabled node_public_ip_prefix_id only_critical_addons_enabled
			orchestrator_version os_disk_size_gb os_disk_type os_sku pod_subnet_id proximity_placement_group_id
			scale_down_mode snapshot_id tags temporary_name_for_rotation type ultra_ssd_enabled vm_size
			vnet_subnet_id workload_runtime zones`),
				blocks: map[string]resource{
					"kubelet_config": {
						optional: words(`allowed_unsafe_sysctls container_log_max_files container_log_max_size_mb cpu_cfs_quota_enabled
				cpu_cfs_quota_period cpu_manager_policy image_gc_high_threshold image_gc_low_threshold pod_max_pid
				topology_manager_policy`),
					},
					"linux_os_config": {
						optional: words(`swap_file_size_mb transparent_huge_page transparent_huge_page_defrag`),
						blocks: map[string]resource{
							"sysctl_config": {
								optional: words(`fs_aio_max_nr fs_file_max fs_inotify_max_user_watches fs_nr_open kernel_threads_max
					net_core_netdev_max_backlog net_core_optmem_max net_core_rmem_default net_core_rmem_max
					net_core_somaxconn net_core_wmem_default net_core_wmem_max net_ipv4_ip_local_port_range_max
					net_ipv4_ip_local_port_range_min net_ipv4_neigh_default_gc_thresh1
					net_ipv4_neigh_default_gc_thresh2 net_ipv4_neigh_default_gc_thresh3 net_ipv4_tcp_fin_timeout
					net_ipv4_tcp_keepalive_intvl net_ipv4_tcp_keepalive_probes net_ipv4_tcp_keepalive_time
					net_ipv4_tcp_max_syn_backlog net_ipv4_tcp_max_tw_buckets net_ipv4_tcp_tw_reuse
					net_netfilter_nf_conntrack_buckets net_netfilter_nf_conntrack_max vm_max_map_count
					vm_swappiness vm_vfs_cache_pressure`),
							},
						},
					},
					"node_network_profile": {
						optional: words("application_security_group_ids node_public_ip_tags"),
						blocks: map[string]resource{
							"allowed_host_ports": {optional: words("port_end port_start protocol")},
						},
					},
					"upgrade_settings": {
						required: words("max_surge"),
						optional: words("drain_timeout_in_minutes node_soak_duration_in_minutes undrainable_node_behavior"),
					},
				},
			},
			"http_proxy_config":           {optional: words("http_proxy https_proxy no_proxy trusted_ca")},
			"identity":                    {required: words("type"), optional: words("identity_ids")},
			"ingress_application_gateway": {optional: words("gateway_id gateway_name subnet_cidr subnet_id")},
			"key_management_service":      {required: words("key_vault_key_id"), optional: words("key_vault_network_access")},
			"key_vault_secrets_provider":  {optional: words("secret_rotation_enabled secret_rotation_interval")},
			"kubelet_identity":            {optional: words("client_id object_id user_assigned_identity_id")},
			"linux_profile": {
				required: words("admin_username ssh_key"),
				blocks: map[string]resource{
					"ssh_key": {required: words("key_data")},
				},
			},
			"maintenance_window": {
				blocks: map[string]resource{
					"allowed":     {required: words("day hours")},
					"not_allowed": {required: words("end start")},
				},
			},
			"maintenance_window_auto_upgrade": {
				required: words("duration frequency interval"),
				optional: words("day_of_month day_of_week start_date start_time utc_offset week_index"),
				blocks: map[string]resource{
					"not_allowed": {required: words("end start")},
				},
			},
			"maintenance_window_node_os": {
				required: words("duration frequency interval"),
				optional: words("day_of_month day_of_week start_date start_time utc_offset week_index"),
				blocks: map[string]resource{
					"not_allowed": {required: words("end start")},
				},
			},
			"microsoft_defender": {required: words("log_analytics_workspace_id")},
			"monitor_metrics":    {optional: words("annotations_allowed labels_allowed")},
			"network_profile": {
				required: words("network_plugin"),
				optional: words(`dns_service_ip ip_versions load_balancer_sku network_data_plane network_mode network_plugin_mode
			network_policy outbound_type pod_cidr pod_cidrs service_cidr service_cidrs`),
				blocks: map[string]resource{
					"advanced_networking": {optional: words("observability_enabled security_enabled")},
					"load_balancer_profile": {
						optional: words(`backend_pool_type idle_timeout_in_minutes managed_outbound_ip_count managed_outbound_ipv6_count
				outbound_ip_address_ids outbound_ip_prefix_ids outbound_ports_allocated`),
					},
					"nat_gateway_profile": {optional: words("idle_timeout_in_minutes managed_outbound_ip_count")},
				},
			},
			"node_provisioning_profile": {optional: words("default_node_pools mode")},
			"oms_agent":                 {required: words("log_analytics_workspace_id"), optional: words("msi_auth_for_monitoring_enabled")},
			"service_mesh_profile": {
				required: words("mode revisions"),
				optional: words("external_ingress_gateway_enabled internal_ingress_gateway_enabled"),
				blocks: map[string]resource{
					"certificate_authority": {required: words("cert_chain_object_name cert_object_name key_object_name key_vault_id root_cert_object_name")},
				},
			},
			"service_principal": {required: words("client_id client_secret")},
			"storage_profile":   {optional: words("blob_driver_enabled disk_driver_enabled file_driver_enabled snapshot_controller_enabled")},
			"upgrade_override":  {required: words("force_upgrade_enabled"), optional: words("effective_until")},
			"web_app_routing":   {required: words("dns_zone_ids"), optional: words("default_nginx_controller")},
			"windows_profile": {
				required: words("admin_password admin_username"),
				optional: words("license"),
				blocks: map[string]resource{
					"gmsa": {required: words("dns_server root_domain")},
				},
			},
			"workload_autoscaler_profile": {optional: words("keda_enabled vertical_pod_autoscaler_enabled")},
		},
		exports: words(`current_kubernetes_version fqdn http_application_routing_zone_name id kube_admin_config
		kube_admin_config_raw kube_config kube_config_raw node_resource_group_id oidc_issuer_url portal_fqdn
		private_fqdn`),
	}
}
