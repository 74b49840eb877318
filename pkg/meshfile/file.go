// Package meshfile is the mesh as a file: mesh.yaml says which clusters make
// a mesh and how it is set, for join -f, leave -f and doctor -f to bring about
// or to compare, and export writes it of a mesh that runs. The package is
// pure but for [Load].
package meshfile

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
)

// APIVersion and Kind are the type that a file must carry.
const (
	APIVersion = plan.APIVersion
	Kind       = "Mesh"
)

// File is a mesh.yaml.
type File struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Spec       Spec   `json:"spec"`

	// name is what messages call the file.
	name string
}

// Spec is what the mesh shall be. What it leaves out is kept as it runs, or is
// join's default where nothing runs.
type Spec struct {
	// Version is Cilium's, semver with or without "v", as "1.20.1".
	Version string `json:"version,omitempty"`
	// Encapsulation is vxlan, geneve or native.
	Encapsulation string `json:"encapsulation,omitempty"`
	// NativeRoutingCIDR is what the network routes by itself, with native.
	NativeRoutingCIDR netip.Prefix `json:"nativeRoutingCIDR,omitzero"`
	// MTU of the nodes' network in bytes, from which Cilium subtracts its overhead.
	MTU int `json:"mtu,omitempty"`
	// Encryption is wireguard, ipsec or none.
	Encryption string `json:"encryption,omitempty"`
	// MaxConnectedClusters is 255 or 511; it cannot be changed while Cilium runs.
	MaxConnectedClusters int `json:"maxConnectedClusters,omitempty"`
	// PodPool is where pod CIDRs of new clusters are taken from.
	PodPool netip.Prefix `json:"podPool,omitzero"`
	// CAFrom is the context whose certificate authority the others take over.
	CAFrom string `json:"caFrom,omitempty"`
	// SkipKubeProxy leaves kube-proxy running beside Cilium.
	SkipKubeProxy bool `json:"skipKubeProxy,omitempty"`
	HubbleRelay   bool `json:"hubbleRelay,omitempty"`
	HubbleUI      bool `json:"hubbleUI,omitempty"`
	// Values are Helm values of the user's own for all clusters.
	Values map[string]any `json:"values,omitempty"`
	// Partial says that the mesh has members that are not among the clusters:
	// then nobody leaves for not being named.
	Partial bool `json:"partial,omitempty"`
	// Clusters are the members, all of them.
	Clusters []Cluster `json:"clusters"`
}

// Cluster is one member.
type Cluster struct {
	// Context is the kubeconfig context that reaches the cluster.
	Context string `json:"context"`
	// Name and ID are the cluster's in the mesh; ID is 1 to 255 or 511.
	Name string `json:"name,omitempty"`
	ID   int    `json:"id,omitempty"`
	// PodCIDRs are those of its Cilium. A new cluster can be given one.
	PodCIDRs []netip.Prefix `json:"podCIDRs,omitempty"`
	// AzureID is the ARM resource id of the managed cluster.
	AzureID string `json:"azureID,omitempty"`
	// MeshIP and MeshSubnet fix the internal load balancer's address and the
	// name of its subnet.
	MeshIP     netip.Addr `json:"meshIP,omitzero"`
	MeshSubnet string     `json:"meshSubnet,omitempty"`
	// Values are Helm values of the user's own, over those for all clusters.
	Values map[string]any `json:"values,omitempty"`
}

// Name is what messages call the file.
func (f *File) Name() string { return f.name }

// Contexts are those of all clusters, in the file's order.
func (f *File) Contexts() []string {
	names := make([]string, len(f.Spec.Clusters))
	for i := range f.Spec.Clusters {
		names[i] = f.Spec.Clusters[i].Context
	}
	return names
}

// AzureIDs are the ARM resource ids that the file names, by context.
func (f *File) AzureIDs() map[string]string {
	ids := map[string]string{}
	for i := range f.Spec.Clusters {
		if c := &f.Spec.Clusters[i]; c.AzureID != "" {
			ids[c.Context] = c.AzureID
		}
	}
	return ids
}

// Only returns the file with the clusters of these contexts alone. A context
// that the file does not name is left out, for the caller to refuse.
func (f *File) Only(contexts []string) *File {
	narrow := *f
	narrow.Spec.Clusters = slices.DeleteFunc(slices.Clone(f.Spec.Clusters), func(c Cluster) bool {
		return !slices.Contains(contexts, c.Context)
	})
	if !slices.Contains(contexts, narrow.Spec.CAFrom) {
		narrow.Spec.CAFrom = ""
	}
	return &narrow
}

// Whole is an error if the file does not name all members.
func (f *File) Whole() error {
	if !f.Spec.Partial {
		return nil
	}
	return fmt.Errorf("%s is partial (spec.partial), so that a member that it does not name need not leave: write it again with kubectl aksmesh export once all members are reached, or name who leaves with kubectl aksmesh leave --context", f.name)
}

// Leaving are the contexts of clusters that run as members of the mesh and are
// not in the file, in the snapshot's order: those that leave -f takes out.
func (f *File) Leaving(s mesh.Snapshot) []string {
	var leaving []string
	known := f.Contexts()
	for i := range s.Clusters {
		c := &s.Clusters[i]
		if c.Member() && !slices.Contains(known, c.Context) {
			leaving = append(leaving, c.Context)
		}
	}
	return leaving
}
