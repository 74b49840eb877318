package meshfile

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/pkg/join"
)

// Exported is a file made of a mesh that runs.
type Exported struct {
	File *File
	// Notes are what the file leaves out, and why: one plain line each.
	Notes []string
	// Missing are the names of members that no context reaches. The file without
	// them is partial.
	Missing []string
}

// FromSnapshot makes the file of the mesh that runs, so that join -f of it has
// nothing to do. Nothing secret gets into it. The error joins the clusters
// that no file can be made of, one plain line each.
func FromSnapshot(s mesh.Snapshot) (*Exported, error) {
	e := &Exported{File: &File{APIVersion: APIVersion, Kind: Kind, name: "mesh.yaml"}}
	var errs []error
	for i := range s.Clusters {
		errs = append(errs, exportable(&s.Clusters[i]))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	e.Missing = join.Strangers(s.Clusters)
	e.File.Spec.Partial = len(e.Missing) > 0
	for _, name := range e.Missing {
		e.note("the member %s is left out: no context reaches it, so add its --context, or have it forgotten with kubectl aksmesh leave --forget %s", name, name)
	}
	e.mesh(s.Clusters)
	for i := range s.Clusters {
		if err := e.cluster(&s.Clusters[i]); err != nil {
			return nil, err
		}
	}
	e.shareValues()
	return e, nil
}

// exportable says why a cluster cannot be exported.
func exportable(f *mesh.Facts) error {
	for _, p := range f.Problems {
		switch p.Section {
		case mesh.SectionAPI, mesh.SectionConfig, mesh.SectionSecrets, mesh.SectionRelease, mesh.SectionService, mesh.SectionWorkloads:
			return fmt.Errorf("context %q: %s cannot be read: %s", f.Context, p.Section, p.Message)
		}
	}
	switch {
	case f.Config == nil:
		return fmt.Errorf("context %q has no Cilium: leave it out, or join it first", f.Context)
	case f.Config.ClusterID == 0:
		return fmt.Errorf("context %q is in no mesh: leave it out, or join it first", f.Context)
	}
	return nil
}

// mesh writes what is the same everywhere.
func (e *Exported) mesh(clusters []mesh.Facts) {
	s := &e.File.Spec
	s.Version = same(e, "version", clusters, func(f *mesh.Facts) string {
		if f.Release == nil {
			return ""
		}
		return f.Release.ChartVersion
	})
	s.Encapsulation = same(e, "encapsulation", clusters, func(f *mesh.Facts) string { return encapsulation(f.Config) })
	s.NativeRoutingCIDR = same(e, "nativeRoutingCIDR", clusters, nativeCIDR)
	s.MTU = same(e, "mtu", clusters, func(f *mesh.Facts) int { return f.Config.MTU })
	s.Encryption = same(e, "encryption", clusters, func(f *mesh.Facts) string { return f.Config.Encryption })
	s.MaxConnectedClusters = same(e, "maxConnectedClusters", clusters, func(f *mesh.Facts) int { return f.Config.MaxConnectedClusters })
	s.SkipKubeProxy = slices.ContainsFunc(clusters, func(f mesh.Facts) bool {
		return f.Kubernetes != nil && f.Kubernetes.AKS && f.KubeProxy != nil && f.KubeProxy.Present
	})
}

// same is what all clusters have alike. If they differ, the file says nothing
// of it, and a note says why.
func same[V comparable](e *Exported, field string, clusters []mesh.Facts, of func(*mesh.Facts) V) V {
	var none V
	if len(clusters) == 0 {
		return none
	}
	first := of(&clusters[0])
	for i := range clusters {
		if got := of(&clusters[i]); got != first {
			e.note("%s is left out: it is %v in context %s and %v in context %s", field, first, clusters[0].Context, got, clusters[i].Context)
			return none
		}
	}
	return first
}

func (e *Exported) note(format string, args ...any) {
	e.Notes = append(e.Notes, fmt.Sprintf(format, args...))
}

func encapsulation(c *mesh.Config) string {
	if c.RoutingMode == values.Native {
		return values.Native
	}
	return c.TunnelProtocol
}

func nativeCIDR(f *mesh.Facts) netip.Prefix {
	if f.Config.RoutingMode != values.Native {
		return netip.Prefix{}
	}
	prefix, err := netip.ParsePrefix(f.Config.Raw["ipv4-native-routing-cidr"])
	if err != nil {
		return netip.Prefix{}
	}
	return prefix.Masked()
}

// cluster writes one member.
func (e *Exported) cluster(f *mesh.Facts) error {
	c := Cluster{Context: f.Context, Name: f.Config.ClusterName, ID: f.Config.ClusterID}
	for _, text := range f.Config.PodCIDRs {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return fmt.Errorf("context %q: pod CIDR %q in cilium-config is none: see kubectl aksmesh doctor --context %s", f.Context, text, f.Context)
		}
		c.PodCIDRs = append(c.PodCIDRs, prefix.Masked())
	}
	if f.Azure != nil {
		c.AzureID = f.Azure.ID
	}
	if f.Service != nil {
		c.MeshSubnet = f.Service.Annotations[values.AnnotationSubnet]
		if ip, err := netip.ParseAddr(f.Service.Annotations[values.AnnotationIPv4]); err == nil {
			c.MeshIP = ip
		}
	}
	if f.Release == nil {
		e.note("context %s: there is no Helm release of Cilium, so its values are not known", f.Context)
	} else if err := e.values(f, &c); err != nil {
		return fmt.Errorf("context %q: %w", f.Context, err)
	}
	e.File.Spec.Clusters = append(e.File.Spec.Clusters, c)
	return nil
}

// values writes the user's own Helm values, without secrets.
func (e *Exported) values(f *mesh.Facts, c *Cluster) error {
	users, err := values.Users(f.Release.Values, asWished(f))
	if err != nil {
		return err
	}
	if hidden := values.Hidden(users); len(hidden) > 0 {
		e.note("context %s: Helm values that may be secret are left out: %s", f.Context, strings.Join(hidden, ", "))
	}
	if users = values.WithoutSecrets(users); len(users) > 0 {
		c.Values = users
	}
	return nil
}

// asWished is the wish that join would have had for a cluster as it runs.
func asWished(f *mesh.Facts) values.Wish {
	w := values.Wish{
		ChartVersion: f.Release.ChartVersion, ClusterName: f.Config.ClusterName, ClusterID: f.Config.ClusterID,
		AKS: f.Kubernetes != nil && f.Kubernetes.AKS, KubeProxyReplacement: true,
		Encapsulation: cmp.Or(encapsulation(f.Config), values.VXLAN), NativeRoutingCIDR: f.Config.Raw["ipv4-native-routing-cidr"],
		MaxConnectedClusters: f.Config.MaxConnectedClusters,
		TLSMethod:            values.TLSMethod(f.Release.Values), OperatorReplicas: 1, RollOut: true,
	}
	if f.Azure != nil {
		w.APIServerHost, w.APIServerPort = cmp.Or(f.Azure.PrivateFQDN, f.Azure.FQDN), 443
	} else if f.Kubernetes != nil {
		w.APIServerHost, w.APIServerPort = f.Kubernetes.Host, f.Kubernetes.Port
	}
	return w
}

// shareValues says once what all clusters say.
func (e *Exported) shareValues() {
	clusters := e.File.Spec.Clusters
	for i := range clusters {
		if !values.Equal(clusters[i].Values, clusters[0].Values) {
			return
		}
	}
	if len(clusters) == 0 {
		return
	}
	e.File.Spec.Values = clusters[0].Values
	for i := range clusters {
		clusters[i].Values = nil
	}
}
