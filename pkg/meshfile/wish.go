package meshfile

import (
	"net/netip"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/pkg/join"
)

// Wish is what the file asks of join, as flags would.
func (f *File) Wish() join.Wish {
	s := &f.Spec
	w := join.Wish{
		ClusterNames: map[string]string{}, ClusterIDs: map[string]int{}, PodCIDRs: map[string]netip.Prefix{},
		MeshIPs: map[string]netip.Addr{}, MeshSubnets: map[string]string{}, Values: map[string]map[string]any{},
		PodPool: s.PodPool, MaxConnectedClusters: s.MaxConnectedClusters, Encapsulation: s.Encapsulation,
		NativeRoutingCIDR: s.NativeRoutingCIDR, MTU: s.MTU, Encryption: s.Encryption, CAFrom: s.CAFrom,
		SkipKubeProxy: s.SkipKubeProxy, HubbleRelay: s.HubbleRelay || s.HubbleUI, HubbleUI: s.HubbleUI,
		ChartVersion: strings.TrimPrefix(s.Version, "v"),
	}
	if s.Values != nil {
		w.Values[""] = s.Values
	}
	for i := range s.Clusters {
		s.Clusters[i].wish(&w)
	}
	return w
}

func (c *Cluster) wish(w *join.Wish) {
	if c.Name != "" {
		w.ClusterNames[c.Context] = c.Name
	}
	if c.ID != 0 {
		w.ClusterIDs[c.Context] = c.ID
	}
	for _, prefix := range c.PodCIDRs {
		// A new cluster gets one; a running one keeps all that it has, and
		// whether the others are the file's is judged, not wished.
		if prefix.Addr().Is4() {
			w.PodCIDRs[c.Context] = prefix
			break
		}
	}
	if c.MeshIP.IsValid() {
		w.MeshIPs[c.Context] = c.MeshIP
	}
	if c.MeshSubnet != "" {
		w.MeshSubnets[c.Context] = c.MeshSubnet
	}
	if c.Values != nil {
		w.Values[c.Context] = c.Values
	}
}

// Declared is what the file says, to be compared with what runs.
func (f *File) Declared() *mesh.Declared {
	s := &f.Spec
	d := &mesh.Declared{
		File: f.name, Version: strings.TrimPrefix(s.Version, "v"), Encapsulation: s.Encapsulation,
		MTU: s.MTU, Encryption: s.Encryption, MaxConnectedClusters: s.MaxConnectedClusters,
	}
	if s.NativeRoutingCIDR.IsValid() {
		d.NativeRoutingCIDR = s.NativeRoutingCIDR.String()
	}
	for i := range s.Clusters {
		d.Clusters = append(d.Clusters, s.declared(&s.Clusters[i]))
	}
	return d
}

func (s *Spec) declared(c *Cluster) mesh.DeclaredCluster {
	d := mesh.DeclaredCluster{
		Context: c.Context, Name: c.Name, ID: c.ID, AzureID: c.AzureID, MeshSubnet: c.MeshSubnet,
		Values: values.Merge(s.hubble(), s.Values, c.Values),
	}
	for _, prefix := range c.PodCIDRs {
		d.PodCIDRs = append(d.PodCIDRs, prefix.String())
	}
	if c.MeshIP.IsValid() {
		d.MeshIP = c.MeshIP.String()
	}
	return d
}

// hubble are the Helm values that the fields for Hubble stand for.
func (s *Spec) hubble() values.Values {
	on := map[string]any{"enabled": true}
	hubble := values.Values{}
	if s.HubbleRelay || s.HubbleUI {
		hubble["relay"] = on
	}
	if s.HubbleUI {
		hubble["ui"] = on
	}
	if len(hubble) == 0 {
		return nil
	}
	return values.Values{"hubble": hubble}
}
