package join

import (
	"cmp"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// MakeForFiles drafts the join for files to be kept in Git. Nothing will be
// written to a cluster, so those that a GitOps controller owns, which [Make]
// leaves alone, are drafted as all others are.
func MakeForFiles(s mesh.Snapshot, w Wish) (*Draft, error) {
	s.Clusters = slices.Clone(s.Clusters)
	for i := range s.Clusters {
		if release := s.Clusters[i].Release; release != nil {
			free := *release
			free.Owner = ""
			s.Clusters[i].Release = &free
		}
	}
	return Make(s, w)
}

// Moving says whether connected clusters get another CA. That goes in waves
// which no files can hold.
func (d *Draft) Moving() bool { return d.moving }

// FileValues are a cluster's values for a file, and nothing secret is among
// them. A peer whose address is not known yet is left out; missing names the
// contexts of those.
func (d *Draft) FileValues(c *Cluster) (all map[string]any, missing []string, err error) {
	addresses := map[string][]string{}
	for i := range d.Clusters {
		peer := &d.Clusters[i]
		if known := d.knownAddresses(peer); len(known) > 0 {
			addresses[peer.Context] = known
		} else if peer != c {
			missing = append(missing, peer.Context)
		}
	}
	all, err = d.Values(c, addresses)
	return values.Mask(all), missing, err
}

// AddressKnown says whether it is known where the others will dial a cluster.
func (d *Draft) AddressKnown(c *Cluster) bool { return len(d.knownAddresses(c)) > 0 }

// knownAddresses are those that a cluster will be dialled at: the one that is
// wished for and is still to come, else those that its Service has.
func (d *Draft) knownAddresses(c *Cluster) []string {
	if ip := d.wishedIP(c); ip != "" && !slices.Contains(c.Service.Addresses, ip) {
		return []string{ip}
	}
	return c.Service.Addresses
}

// MeshService is Service clustermesh-apiserver as join applies it: as the chart
// would make it, so that the chart adopts it, and publishNotReadyAddresses.
// Without that, new members wait for each other in a circle: a
// clustermesh-apiserver is ready only after its kvstoremesh has seen all remote
// clusters (or 15 s have passed), and the remote Services have no endpoint
// until their pods are ready.
func (d *Draft) MeshService(c *Cluster) *applycorev1.ServiceApplyConfiguration {
	annotations := d.serviceWish(c).Annotations()
	maps.Copy(annotations, cilium.HelmAnnotations(cilium.Namespace))
	return applycorev1.Service(cilium.MeshService, cilium.Namespace).
		WithLabels(cilium.HelmLabels()).
		WithLabels(map[string]string{cilium.AppLabel: cilium.MeshDeployment, "app.kubernetes.io/part-of": "cilium", "app.kubernetes.io/name": cilium.MeshDeployment}).
		WithAnnotations(annotations).
		WithSpec(applycorev1.ServiceSpec().
			WithType(corev1.ServiceTypeLoadBalancer).
			WithSelector(map[string]string{cilium.AppLabel: cilium.MeshDeployment}).
			WithPorts(applycorev1.ServicePort().WithPort(cilium.MeshPort).WithProtocol(corev1.ProtocolTCP)).
			WithPublishNotReadyAddresses(true))
}

// KubeProxyOff is how a cluster comes to be without kube-proxy through Azure.
type KubeProxyOff struct {
	Needed  bool   // kube-proxy runs
	AzureID string // ARM resource id; empty if Azure could not be asked
	// Find is what gives the id in a shell where it is not known.
	Find string
	// AfterCilium is true if Cilium must have taken over the services before.
	AfterCilium bool
}

// KubeProxyOff returns nil for a cluster whose kube-proxy is not Azure's, or
// stays. One that is off already is as much a part of what is wished.
func (d *Draft) KubeProxyOff(c *Cluster) *KubeProxyOff {
	f := c.seen
	if d.wish.SkipKubeProxy || f.Kubernetes == nil || !f.Kubernetes.AKS {
		return nil
	}
	off := &KubeProxyOff{Needed: c.KubeProxy.Needed, AfterCilium: servedBesideCilium(f)}
	if f.Azure != nil {
		off.AzureID = f.Azure.ID
		return off
	}
	off.Needed = f.KubeProxy != nil && f.KubeProxy.Present
	off.Find = findCluster(f)
	return off
}

// SecretNeed is a Secret in kube-system that a cluster must have before Helm runs.
type SecretNeed struct {
	Name string
	Keys []string
	// There is true if it exists as it must be.
	There bool
	// Adopt is true if it exists, and only Helm's metadata are missing.
	Adopt bool
	// Replace is true if another one exists, which nothing uses.
	Replace bool
	// From is the context that it is copied from; empty if it is new, and if
	// it is there.
	From string
}

// SecretNeeds are the Secrets of a cluster that join would have made or found.
func (d *Draft) SecretNeeds(c *Cluster) []SecretNeed {
	ca := SecretNeed{Name: cilium.CASecret, Keys: []string{"ca.crt", "ca.key"}, From: c.CA.From}
	switch c.CA.Action {
	case KeepCA:
		ca.There = true
	case AdoptCA:
		ca.Adopt = true
	case ReplaceCA:
		ca.Replace = true
	case MakeCA, CopyCA:
	}
	var needs []SecretNeed
	if c.seen.CA != nil || !ca.There {
		needs = append(needs, ca) // else the certificates do not come from it
	}
	if d.encryption() == values.IPsec {
		needs = append(needs, SecretNeed{Name: cilium.IPsecSecret, Keys: []string{"keys"}, There: !c.IPsec.Needed, From: c.IPsec.From})
	}
	return needs
}

// TLSMethod is how the certificates of a mesh are made by values, as the chart
// calls it: helm, cronJob, certmanager or provided.
func TLSMethod(all map[string]any) string {
	return cmp.Or(values.TLSMethod(all), values.MethodHelm)
}
