package diagnose

// agentRules are the known causes of what agents and kvstoremesh report.
func agentRules() []rule {
	// What keeps nodes of two clusters from reaching each other.
	between := []Code{
		CodeSameCluster, CodeAzureState, CodePeering, CodePeeringRights, CodeRoutes,
		CodeNodesNodes, CodePodsNodes, CodeServiceNodes,
	}
	up := []Code{CodeRestarts, CodeWorkloads}
	with := func(lists ...[]Code) []Code {
		var all []Code
		for _, l := range lists {
			all = append(all, l...)
		}
		return all
	}
	// What makes pods' packets get lost between nodes.
	wrapped := []Code{
		CodeUnderlay, CodeRouting, CodeTunnel, CodeTunnelPort, CodeEncryption, CodeIPsecKey, CodeNSGTunnel,
		CodeNameUnique, CodeIDUnique, CodePodsPods, CodePodsFarServices, CodeIPFamilies, CodeTunnelArrives,
	}
	return []rule{
		{CodeRestarts, []Code{CodeNoServices, CodeAPIHost, CodePoolTaint, CodePodsServices, CodePodsNodes, CodeReserved}},
		{CodeLeftover, []Code{CodeSameCluster, CodeServiceLB, CodeServiceNodes, CodePodsServices, CodePodsNodes}},
		{CodeUnderlay, with(between, []Code{CodeNSGTunnel}, up)}, // a group that denies the tunnel too mostly denies all
		{CodeEncapsulation, with(between, wrapped, up)},
		{CodePodsReach, with(between, wrapped, []Code{CodeEncapsulation}, up)},
		// What probes measure says how; what agents see says no more.
		{CodeTunnelArrives, with(between, []Code{CodeNSGTunnel, CodeUnderlay})},
		{CodePathMTU, []Code{CodeSameCluster}},
		{CodeSizes, []Code{CodePathMTU, CodeDeviceMTU, CodeMTU}},
		{CodeDialled, with(between, []Code{
			CodeLeftover, CodeNSGMesh, CodePodsServices, CodeServiceLB, CodeMeshService, CodeRestarts, CodeWorkloads, CodeUnderlay,
			CodeTunnelArrives, CodeEncapsulation, CodeTCP, CodeTLS,
		})},
		{CodeHealthPort, with([]Code{CodeNSGMesh}, up)},
		{CodeDeviceMTU, []Code{CodeMTU}},
		{CodeResolve, []Code{CodeLeftover, CodeSymmetric}},
		{CodeTCP, with(between, []Code{
			CodeLeftover, CodeNSGMesh, CodePodsServices, CodeServiceLB, CodeMeshService, CodeStaleAddress, CodeRestarts, CodeWorkloads, CodeUnderlay,
		})},
		{CodeTLS, []Code{
			CodeLeftover, CodeStaleAddress, CodeCA, CodeCAKey, CodeChain, CodeCAExpiry, CodeCertExpiry,
		}},
		{CodeEtcd, []Code{CodeLeftover, CodeStaleAddress, CodeNameUnique, CodeIDUnique, CodeRestarts, CodeWorkloads}},
		{CodeDeadSession, []Code{CodeRestarts, CodeWorkloads, CodeStaleAddress}},
	}
}
