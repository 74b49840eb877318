package diagnose

// rules are the known causes of what other checks see. Where a cause has a
// cause of its own, the deeper one comes first.
func rules() []rule {
	unlike := []Code{CodeSameCluster}
	// What keeps a connection from one cluster to the other's mesh API server
	// from being made. CodeAPI is no such cause, here and among agents': the way of
	// whoever looks says nothing about the way between clusters.
	dial := []Code{
		CodeSameCluster, CodeCNI, CodeAzureState, CodeNameUnique, CodeIDUnique, CodeIDRange, CodeMaxClusters, CodeIdentityMode, CodeSymmetric,
		CodePeering, CodePeeringRights, CodeRoutes, CodeNSGMesh,
		CodeCAKey, CodeChain, CodeCA, CodeCAExpiry, CodeCertExpiry,
		CodeNodesNodes, CodePodsServices, CodePodsNodes, CodeServiceLB, CodeServiceNodes,
		CodeLeftover, CodeMeshService, CodeStaleAddress, CodeCilium, CodeRestarts,
		CodeUnderlay, CodeResolve, CodeTCP, CodeTLS, CodeEtcd, CodeWorkloads,
	}
	agents := append(append([]Code{}, dial[:len(dial)-1]...), CodeKVStoreMesh, CodeWorkloads)
	return append(agentRules(), []rule{
		{CodeAPI, []Code{CodeAzureState}},
		{CodeNameUnique, unlike},
		{CodeIDUnique, unlike},
		{CodePodsPods, unlike},
		{CodePodsNodes, unlike},
		{CodeNodesNodes, unlike},
		{CodePodsFarServices, unlike},
		{CodeServiceNodes, unlike},
		{CodeServiceLB, unlike},
		{CodeSymmetric, append([]Code{CodeLeftover, CodeNoCilium, CodeIDRange}, unlike...)},
		{CodeNoRelease, []Code{CodeCNI}},
		{CodeChain, []Code{CodeCAKey}},
		// An authority that was exchanged under its certificates is no longer the
		// others' either.
		{CodeCA, []Code{CodeChain}},
		{CodeTunnelPort, []Code{CodeTunnel}}, // each protocol has a port of its own
		{CodeWorkloads, []Code{
			CodeRestarts, CodeNoServices, CodeAPIHost, CodePoolTaint, CodePodsServices, CodePodsNodes, CodeReserved,
		}},
		{CodeMeshService, []Code{CodeLBPools, CodeAzureState}},
		{CodeKubeProxy, []Code{CodeKubeProxyARM}},
		{CodeRoutes, []Code{CodePeering}}, // a whole peering beats wider routes
		{CodeKVStoreMesh, dial},
		{CodeConfigured, append([]Code{CodeSymmetric}, agents...)},
		{CodeConnected, agents},
		{CodeSynced, agents},
	}...)
}
