package mesh

// Declared is what a mesh file says of a mesh, as plain data to compare with
// what runs. Zero values are not said.
type Declared struct {
	// File is what messages call the file.
	File                 string            `json:"file"`
	Version              string            `json:"version,omitempty"`       // Cilium's, semver without "v"
	Encapsulation        string            `json:"encapsulation,omitempty"` // vxlan, geneve or native
	NativeRoutingCIDR    string            `json:"nativeRoutingCIDR,omitempty"`
	MTU                  int               `json:"mtu,omitempty"` // bytes
	Encryption           string            `json:"encryption,omitempty"`
	MaxConnectedClusters int               `json:"maxConnectedClusters,omitempty"`
	Clusters             []DeclaredCluster `json:"clusters"`
}

// DeclaredCluster is one cluster of a [Declared].
type DeclaredCluster struct {
	Context    string   `json:"context"`
	Name       string   `json:"name,omitempty"`
	ID         int      `json:"id,omitempty"`
	PodCIDRs   []string `json:"podCIDRs,omitempty"`
	AzureID    string   `json:"azureID,omitempty"`
	MeshIP     string   `json:"meshIP,omitempty"`
	MeshSubnet string   `json:"meshSubnet,omitempty"`
	// Values are Helm values that the release shall have. They may hold
	// secrets, so they are never serialised.
	Values map[string]any `json:"-"`
}

// Member says whether the cluster is a member of a mesh: it has an id and is
// configured to connect to others.
func (f *Facts) Member() bool {
	return f.Config != nil && f.Config.ClusterID != 0 && len(f.Peers) > 0
}
