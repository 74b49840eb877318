package main

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// taken is when all synthetic snapshots were taken.
var taken = time.Date(2026, time.September, 1, 12, 0, 0, 0, time.UTC)

// size is how large a synthetic mesh is.
type size struct{ clusters, nodes, services int }

// synthetic is a mesh of AKS clusters, each with a virtual network of its own
// that is peered with all others, as doctor collects it: with all three parts
// of the static tier (Kubernetes, Azure, services) and the agent tier.
func synthetic(n size, ill, apart bool) mesh.Snapshot {
	s := mesh.Snapshot{APIVersion: mesh.SnapshotVersion, Taken: taken}
	for c := range n.clusters {
		f := cluster(n, c)
		f.Azure = azureOf(n, c)
		f.Services = servicesOf(n, c)
		addAgents(&f, n, c, ill, apart)
		if ill {
			spoil(&f)
		}
		s.Clusters = append(s.Clusters, f)
	}
	return s
}

// name is a cluster's context and Cilium's name of it.
func name(c int) string { return fmt.Sprintf("aks-%03d", c) }

// Addresses: pods in 100 /16 of 10.0.0.0/8, of which a node has a /26; nodes in
// /20 of 172.16.0.0/12; services in the same range everywhere, as is usual.
func podCIDR(c int) string { return fmt.Sprintf("10.%d.0.0/16", 100+c) }

func nodePods(c, node int) string {
	return fmt.Sprintf("10.%d.%d.%d/26", 100+c, node/4, node%4*64)
}

func vnetSpace(c int) string { return nodeAddress(c, 0) + "/20" }

func nodeAddress(c, n int) string {
	host := 172<<24 | 16<<16 | c<<12 | n
	return netip.AddrFrom4([4]byte{byte(host >> 24), byte(host >> 16), byte(host >> 8), byte(host)}).String()
}

// meshAddress is at the end of the nodes' subnet.
func meshAddress(c int) string { return nodeAddress(c, 4000) }

const serviceCIDR = "192.168.0.0/16"

// cluster is the part of the static tier that Kubernetes tells.
func cluster(n size, c int) mesh.Facts {
	host := name(c) + "-a5e5.hcp.westeurope.azmk8s.io"
	f := mesh.Facts{
		Context: name(c),
		Kubernetes: &mesh.Kubernetes{
			UID: "uid-" + name(c), Version: "v1.37.1", Host: host, Port: 443,
			ServiceIPs: []string{"192.168.0.1"}, ServiceCIDRs: []string{serviceCIDR}, AKS: true,
		},
		KubeProxy: &mesh.KubeProxy{},
		Release: &mesh.Release{
			Name: "cilium", Namespace: mesh.Namespace, Revision: 2, Status: "deployed", ChartVersion: "1.20.1",
			Values: map[string]any{"k8sServiceHost": host},
		},
		Config: &mesh.Config{
			ClusterName: name(c), ClusterID: c + 1, MaxConnectedClusters: 255, PodCIDRs: []string{podCIDR(c)}, PodCIDRMaskSize: 26,
			RoutingMode: "tunnel", TunnelProtocol: "vxlan", TunnelPort: 8472, KubeProxyReplacement: true, IPv4: true, Encryption: "none",
			Raw: map[string]string{"default-lb-service-ipam": "none"},
		},
		Workloads: []mesh.Workload{
			{Kind: "DaemonSet", Name: "cilium", Image: "quay.io/cilium/cilium:v1.20.1", Desired: int32(n.nodes), Ready: int32(n.nodes), Updated: true},
			{Kind: "Deployment", Name: "cilium-operator", Desired: 2, Ready: 2, Updated: true},
			{Kind: "Deployment", Name: "clustermesh-apiserver", Desired: 1, Ready: 1, Updated: true},
		},
		Service: &mesh.Service{
			Type: "LoadBalancer", ClusterIP: "192.168.3.7", Addresses: []string{meshAddress(c)}, Port: 2379, HelmOwned: true, PublishNotReady: true,
			Annotations: map[string]string{"service.beta.kubernetes.io/azure-load-balancer-internal": "true"},
		},
	}
	addCerts(&f)
	for i := range n.nodes {
		f.Nodes = append(f.Nodes, node(c, i))
	}
	for other := range n.clusters {
		if other != c {
			f.Peers = append(f.Peers, mesh.Peer{Name: name(other), Addresses: []string{meshAddress(other)}, Port: 2379})
		}
	}
	return f
}

func node(c, i int) mesh.Node {
	return mesh.Node{
		Name: nodeName(c, i), InternalIPs: []string{nodeAddress(c, 4+i)}, PodCIDRs: []string{nodePods(c, i)}, Ready: true,
		ProviderID:         fmt.Sprintf("azure://%s/providers/Microsoft.Compute/virtualMachineScaleSets/pool/virtualMachines/%d", group(c), i),
		AzureResourceGroup: "MC_rg_" + name(c),
	}
}

func nodeName(c, i int) string { return fmt.Sprintf("aks-pool-%03d-vmss%06d", c, i) }

// addCerts: all clusters have the same CA.
func addCerts(f *mesh.Facts) {
	ca := mesh.Cert{
		Secret: "cilium-ca", Subject: "CN=Cilium CA", Issuer: "CN=Cilium CA", Fingerprint: "aaaaaaaaaaaaaaaaaaaa", SubjectKey: "01",
		NotBefore: taken.AddDate(0, -1, 0), NotAfter: taken.AddDate(10, 0, 0), IsCA: true,
	}
	f.CA = &mesh.CA{Cert: ca, HelmOwned: true, KeyMatches: true, Trusted: []string{ca.Fingerprint}}
	for _, secret := range []string{"server", "remote", "admin", "local"} {
		f.Certs = append(f.Certs, mesh.Cert{
			Secret: "clustermesh-apiserver-" + secret + "-cert", Subject: "CN=" + secret, Issuer: ca.Subject, Fingerprint: secret + f.Context,
			NotBefore: ca.NotBefore, NotAfter: taken.AddDate(1, 0, 0), SignedByCA: true,
		})
	}
}
