package diagnose

import "slices"

// Catalogue is every check, in the order of its code.
func Catalogue() []Check {
	return slices.Concat(accessChecks(), identityChecks(), addressingChecks(),
		certificateChecks(), controlPlaneChecks(), dataPathChecks(),
		serviceChecks(), policyChecks(), azureChecks())
}

func always() []Phase      { return []Phase{Preflight, Running} }
func onceRunning() []Phase { return []Phase{Running} }

func accessChecks() []Check {
	return []Check{
		{CodeAPI, "the API server answers", Error, always(), judgeAPI},
		{CodeKubernetes, "Cilium is tested with this Kubernetes version", Warning, always(), judgeKubernetes()},
		{CodeRights, "the user has the rights that are needed", Error, always(), judgeRights},
		{CodeSameCluster, "every context is a cluster of its own", Error, always(), judgeSameCluster()},
		{CodeNoCilium, "Cilium is installed", Error, onceRunning(), judgeNoCilium},
		{CodeCilium, "Cilium's version is supported and fits the other clusters'", Error, always(), judgeCilium()},
		{CodeWorkloads, "Cilium's agents, operator and mesh API server are ready", Error, onceRunning(), judgeWorkloads()},
		{CodeUnreadable, "everything could be read", Warning, always(), judgeUnreadable},
		{CodePending, "no Helm operation is under way", Error, always(), judgePending()},
		{CodeFailed, "the last Helm operation succeeded", Warning, always(), judgeFailed()},
		{CodeGitOps, "no GitOps controller owns the Helm release", Info, always(), judgeGitOps()},
		{CodeNoRelease, "Cilium was installed with Helm", Error, always(), judgeNoRelease()},
		{CodeProbeLeft, "the probe leaves no pods behind", Warning, onceRunning(), judgeProbeLeft},
	}
}

func identityChecks() []Check {
	return []Check{
		{CodeNameUnique, "cluster names are unique", Error, always(), judgeNameUnique()},
		{CodeIDUnique, "cluster ids are unique", Error, always(), judgeIDUnique()},
		{CodeIDRange, "the cluster id is in range", Error, always(), judgeIDRange()},
		{CodeMaxClusters, "max-connected-clusters is legal and the same everywhere", Error, always(), judgeMaxClusters()},
		{CodeNameLegal, "the cluster name is legal", Error, always(), judgeNameLegal()},
		{CodeMeshFile, "the mesh is as its file says", Warning, always(), judgeMeshFile},
		{CodeIdentityMode, "the mesh API server can tell of the cluster's identities", Error, always(), judgeIdentityMode()},
	}
}

func addressingChecks() []Check {
	return []Check{
		{CodePodsPods, "pod CIDRs of different clusters do not overlap", Error, always(), judgePodsPods()},
		{CodePodsServices, "pod CIDR and service range of a cluster do not overlap", Error, always(), judgePodsServices()},
		{CodePodsNodes, "no pod CIDR contains nodes", Error, always(), judgePodsNodes()},
		{CodePoolSize, "the pod CIDR has room for all nodes", Warning, always(), judgePoolSize()},
		{CodeNativeCIDR, "native routing covers the other clusters' pods", Warning, always(), judgeNativeCIDR()},
		{CodeARMPodCIDR, "Azure knows the pod CIDR that Cilium uses", Warning, always(), judgeARMPodCIDR()},
		{CodePodsFarServices, "no pod CIDR overlaps another cluster's service range", Error, always(), judgePodsFarServices()},
		{CodePodsVNet, "the pod CIDR does not cover the cluster's own virtual network", Warning, always(), judgePodsVNet()},
		{CodeNodesNodes, "nodes of different clusters have different addresses", Error, always(), judgeNodesNodes()},
		{CodeVNets, "virtual networks do not overlap", Warning, always(), judgeVNets()},
		{CodeServiceNodes, "no service range contains nodes", Error, always(), judgeServiceNodes()},
		{CodeServiceLB, "no service range contains another cluster's mesh address", Error, always(), judgeServiceLB()},
		{CodeServiceVNet, "no service range overlaps a virtual network", Warning, always(), judgeServiceVNet()},
		{CodeServices, "service ranges may overlap, as none is used across clusters", Warning, always(), judgeServices()},
		{CodeReserved, "no range is reserved by Azure", Error, always(), judgeReserved},
		{CodeBadRange, "every range and address can be read", Error, always(), judgeBadRange()},
	}
}

func certificateChecks() []Check {
	return []Check{
		{CodeCA, "the clusters trust each other's certificate authority", Error, always(), judgeCA()},
		{CodeChain, "the mesh's certificates are signed by the cluster's authority", Error, onceRunning(), judgeChain()},
		{CodeCertExpiry, "no certificate of the mesh expires soon", Warning, always(), judgeCertExpiry()},
		{CodeCAExpiry, "the certificate authority does not expire soon", Warning, always(), judgeCAExpiry()},
		{CodeCAKey, "the authority's key belongs to its certificate", Error, always(), judgeCAKey()},
		{CodeForeignCA, "every authority that a cluster trusts is a member's", Warning, onceRunning(), judgeForeignCA()},
	}
}

func controlPlaneChecks() []Check {
	return []Check{
		{CodeMeshService, "the mesh's Service has an address that others can reach", Error, onceRunning(), judgeMeshService()},
		{CodeStaleAddress, "the other clusters are dialled at the address they have", Error, onceRunning(), judgeStaleAddress()},
		{CodeResolve, "the other clusters are configured with an address", Error, onceRunning(), judgeResolve()},
		{CodeTCP, "mesh addresses accept TCP connections", Error, onceRunning(), judgeTCP()},
		{CodeTLS, "both sides accept each other's certificates", Error, onceRunning(), judgeTLS()},
		{CodeEtcd, "the other cluster's etcd lets this one read", Error, onceRunning(), judgeEtcd()},
		{CodeConfigured, "every agent knows every other cluster", Error, onceRunning(), judgeAgents(CodeConfigured)},
		{CodeConnected, "every agent is connected to every other cluster", Error, onceRunning(), judgeAgents(CodeConnected)},
		{CodeSynced, "every agent has read all of every other cluster", Error, onceRunning(), judgeAgents(CodeSynced)},
		{CodeSymmetric, "each cluster is configured to connect to the other", Error, onceRunning(), judgeSymmetric()},
		{CodeKVStoreSides, "kvstoremesh is used everywhere or nowhere", Info, onceRunning(), judgeKVStoreSides()},
		{CodeRestarts, "containers of Cilium stay up", Error, onceRunning(), judgeRestarts()},
		{CodeLeftover, "no cluster that has left is still configured", Error, onceRunning(), judgeLeftover()},
		{CodeDeadSession, "kvstoremesh listens to the mesh API server that is there now", Warning, onceRunning(), judgeDeadSession()},
		{CodeKVStoreMesh, "kvstoremesh is connected to every other cluster and has read all of it", Error, onceRunning(), judgeKVStoreMesh()},
		{CodeDialled, "probes connect to the other clusters' mesh addresses", Error, onceRunning(), judgeDialled()},
	}
}

func dataPathChecks() []Check {
	return []Check{
		{CodeRouting, "the routing mode is the same everywhere", Error, always(), judgeRouting()},
		{CodeTunnel, "the tunnel protocol is the same everywhere", Error, always(), judgeTunnel()},
		{CodeTunnelPort, "the tunnel port is the same everywhere", Error, always(), judgeTunnelPort()},
		{CodeEncryption, "the encryption is the same everywhere", Error, always(), judgeEncryption()},
		{CodeIPsecKey, "the IPsec key is the same everywhere", Error, always(), judgeIPsecKey()},
		{CodeUnderlay, "nodes reach each other", Error, onceRunning(), judgeUnderlay()},
		{CodeEncapsulation, "where nodes reach each other, their pods do", Error, onceRunning(), judgeEncapsulation()},
		{CodeHealthPort, "health checks between nodes come through", Warning, onceRunning(), judgeHealthPort()},
		{CodeMTU, "the MTU setting is the same everywhere", Warning, always(), judgeMTU()},
		{CodeDeviceMTU, "packets of pods fit the network devices", Warning, onceRunning(), judgeDeviceMTU()},
		{CodePathMTU, "packets as large as Cilium's pass between clusters", Error, onceRunning(), judgePathMTU()},
		{CodeSizes, "where small packets of probes pass, large ones do", Error, onceRunning(), judgeSizes()},
		{CodeKubeProxy, "Cilium alone handles services", Warning, onceRunning(), judgeKubeProxy()},
		{CodeIPFamilies, "the IP families are the same everywhere", Error, always(), judgeIPFamilies()},
		{CodeAPIHost, "agents reach the API server without going through a service", Error, always(), judgeAPIHost()},
		{CodeNoServices, "somebody handles services", Error, always(), judgeNoServices()},
		{CodeTunnelArrives, "probes' packets to the tunnel's port arrive", Error, onceRunning(), judgeTunnelArrives()},
		{CodePodsReach, "probes' packets get from pod to pod", Error, onceRunning(), judgePodsReach()},
	}
}

func serviceChecks() []Check {
	return []Check{
		{CodeMissing, "a global service is in every cluster", Warning, always(), judgeMissing()},
		{CodePorts, "a global service has the same ports in every cluster", Error, always(), judgePorts()},
		{CodeHeadless, "headless global services have their EndpointSlices synchronized", Warning, always(), judgeHeadless()},
		{CodeNamespace, "the namespace of a shared service is global", Warning, always(), judgeNamespaces()},
		{CodeAffinity, "Cilium knows the affinity of a global service", Error, always(), judgeAffinity()},
		{CodeUnshared, "a global service is shared by some cluster", Warning, always(), judgeUnshared()},
		{CodeIdle, "only global services are shared or have an affinity", Warning, always(), judgeIdle()},
		{CodeCacheTTL, "endpoints of a lost cluster are forgotten, so that an affinity falls over", Warning, always(), judgeCacheTTL()},
		{CodeOutside, "clients from outside reach all endpoints of a global service", Warning, always(), judgeOutside()},
		{CodeTrafficPolicy, "no traffic policy keeps a global service to a node", Warning, always(), judgeTrafficPolicy()},
		{CodeBoolean, "global and shared are true or false", Warning, always(), judgeBooleans()},
		{CodeLegacy, "annotations of services have their newer names", Info, always(), judgeLegacy()},
		{CodeLonely, "a global service is global in more than one cluster", Warning, always(), judgeLonely()},
		{CodeNoEndpoints, "a global service has a ready endpoint", Warning, always(), judgeNoEndpoints()},
		{CodeOwned, "no GitOps controller owns annotations of global services", Info, always(), judgeOwned()},
	}
}

func policyChecks() []Check {
	return []Check{
		{CodePolicyCluster, "network policies let in clients of other clusters, or name clusters", Warning, always(), judgePolicies()},
		{CodePolicyEgress, "network policies let clients out to other clusters, or name clusters", Warning, always(), judgeEgress()},
	}
}

func azureChecks() []Check {
	return []Check{
		{CodeCNI, "the cluster brings its own CNI", Error, always(), judgeCNI()},
		{CodePublic, "the mesh's address is not public", Warning, always(), judgePublic()},
		{CodePeering, "something connects the virtual networks", Error, always(), warnsFirst(judgePeerings())},
		{CodePeeringRights, "peerings let packets of both networks pass", Error, always(), warnsFirst(judgePeeringRights())},
		{CodeNSGTunnel, "network security groups allow encapsulated packets between nodes", Error, always(), warnsFirst(judgeTunnelFilters())},
		{CodeNSGMesh, "network security groups allow the mesh API server and health checks", Error, always(), warnsFirst(judgeMeshPorts())},
		{CodeRoutes, "routes lead straight to the other clusters' nodes", Error, always(), warnsFirst(judgeRoutes())},
		{CodeAzureState, "Azure has the cluster running and finished with it", Error, always(), judgeAzureState()},
		{CodeProbeMode, "load balancer probes do not need kube-proxy", Error, always(), judgeProbeMode()},
		{CodePoolTaint, "no node pool has a taint that Cilium cannot remove", Error, always(), judgePoolTaint()},
		{CodeKubeProxyARM, "Azure and the cluster agree on kube-proxy", Warning, onceRunning(), judgeKubeProxyARM()},
		{CodeLBPools, "only Azure gives addresses to load balancers", Warning, onceRunning(), judgeLBPools()},
	}
}
