package collect

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/agent"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/config"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/pki"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/release"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// read turns the listed objects into facts; it makes no request.
func (l *look) read() {
	l.problem(mesh.SectionConfig, l.readConfig())
	l.problem(mesh.SectionRelease, l.readRelease())
	l.problem(mesh.SectionCA, l.readCA())
	l.problem(mesh.SectionIPsec, l.readIPsec())
	l.problem(mesh.SectionCerts, l.readCerts())
	l.problem(mesh.SectionPeers, l.readPeers())
	l.readWorkloads()
}

func (l *look) readConfig() error {
	configMap := l.configMap(cilium.ConfigMap)
	if configMap == nil {
		return nil
	}
	facts, err := config.Parse(configMap.Data)
	l.facts.Config = facts
	return err
}

func (l *look) readRelease() error {
	found, err := release.FromSecrets(l.objects.secrets)
	owner, version := "", ""
	if d := l.daemonSet(cilium.AgentDaemonSet); d != nil {
		owner = release.Owner(d.Labels, d.Annotations)
		version = tagOf(image(d.Spec.Template.Spec))
	}
	if found == nil {
		if owner != "" {
			// Argo CD renders charts itself: there is no Helm release.
			l.facts.Release = &mesh.Release{Name: cilium.ReleaseName, Namespace: cilium.Namespace, Status: "deployed", ChartVersion: version, Owner: owner}
		}
		return err
	}
	facts := found.Release
	facts.Owner = owner
	l.facts.Release, l.chart = &facts, found.Chart
	return err
}

func (l *look) readCA() error {
	if next := l.secret(cilium.NextCASecret); next != nil {
		facts, err := pki.Inspect(next, nil)
		if err != nil {
			return err
		}
		l.facts.NextCA = &facts.Cert
	}
	secret := l.secret(cilium.CASecret)
	if secret == nil {
		return nil
	}
	bundle, kept := l.caBundle()
	facts, err := pki.Inspect(secret, bundle)
	if facts != nil {
		facts.BundleKept = kept
	}
	l.facts.CA = facts
	return err
}

func (l *look) readIPsec() error {
	secret := l.secret(cilium.IPsecSecret)
	if secret == nil {
		return nil
	}
	facts, err := pki.InspectIPsecKey(secret)
	l.facts.IPsecKey = facts
	return err
}

func (l *look) readCerts() error {
	trust, _ := l.caBundle()
	if secret := l.secret(cilium.CASecret); secret != nil {
		pair, err := pki.FromSecret(secret)
		if err != nil {
			return err
		}
		// The bundle, if there is one, comes on top of the cluster's own CA.
		trust = append(append([]byte{}, pair.Cert...), trust...)
	}
	facts, err := pki.MeshCerts(l.objects.secrets, trust)
	l.facts.Certs = facts
	return err
}

// tagOf is the version in an image's tag: "1.20.1" of "…/cilium:v1.20.1@sha256:…".
func tagOf(image string) string {
	image, _, _ = strings.Cut(image, "@")
	if at := strings.LastIndexByte(image, ':'); at > strings.LastIndexByte(image, '/') {
		return strings.TrimPrefix(image[at+1:], "v")
	}
	return ""
}

// readPeers reads whom kvstoremesh dials; without it, whom the agents dial.
func (l *look) readPeers() error {
	secret, dialler := l.secret(cilium.KVStorePeerSecret), corev1.PodSpec{}
	if secret == nil {
		secret = l.secret(cilium.PeersSecret)
		if d := l.daemonSet(cilium.AgentDaemonSet); d != nil {
			dialler = d.Spec.Template.Spec
		}
	} else if d := l.deployment(cilium.MeshDeployment); d != nil {
		dialler = d.Spec.Template.Spec
	}
	if secret == nil {
		return nil
	}
	facts, err := agent.ParsePeers(secret.Data, hostAliases(&dialler))
	l.facts.Peers = facts
	return err
}

// hostAliases are those of who dials: host name to IPs.
func hostAliases(dialler *corev1.PodSpec) map[string][]string {
	aliases := map[string][]string{}
	for _, alias := range dialler.HostAliases {
		for _, host := range alias.Hostnames {
			aliases[host] = append(aliases[host], alias.IP)
		}
	}
	return aliases
}

func (l *look) readWorkloads() {
	for i := range l.objects.daemonSets {
		if d := &l.objects.daemonSets[i]; d.Labels[partOf] == agentName {
			l.facts.Workloads = append(l.facts.Workloads, DaemonSetState(d))
		}
	}
	for i := range l.objects.deployments {
		if d := &l.objects.deployments[i]; d.Labels[partOf] == agentName {
			l.facts.Workloads = append(l.facts.Workloads, DeploymentState(d))
		}
	}
}

// partOf is the label by which the chart marks what belongs to Cilium.
const (
	partOf    = "app.kubernetes.io/part-of"
	agentName = "cilium"
)

// DaemonSetState reduces a DaemonSet to what a wait or a judgement needs.
func DaemonSetState(d *appsv1.DaemonSet) mesh.Workload {
	status := d.Status
	return mesh.Workload{
		Kind: "DaemonSet", Name: d.Name, Image: image(d.Spec.Template.Spec),
		Desired: status.DesiredNumberScheduled, Ready: status.NumberReady,
		Updated: status.ObservedGeneration >= d.Generation && status.UpdatedNumberScheduled >= status.DesiredNumberScheduled,
	}
}

// DeploymentState reduces a Deployment likewise.
func DeploymentState(d *appsv1.Deployment) mesh.Workload {
	desired := int32(1) // Kubernetes' default
	if d.Spec.Replicas != nil {
		desired = *d.Spec.Replicas
	}
	status := d.Status
	return mesh.Workload{
		Kind: "Deployment", Name: d.Name, Image: image(d.Spec.Template.Spec),
		Desired: desired, Ready: status.ReadyReplicas,
		Updated: status.ObservedGeneration >= d.Generation && status.UpdatedReplicas >= desired && status.Replicas <= desired,
	}
}

func image(spec corev1.PodSpec) string {
	if len(spec.Containers) == 0 {
		return ""
	}
	return spec.Containers[0].Image
}

func (l *look) secret(name string) *corev1.Secret {
	for i := range l.objects.secrets {
		if l.objects.secrets[i].Name == name {
			return &l.objects.secrets[i]
		}
	}
	return nil
}

func (l *look) configMap(name string) *corev1.ConfigMap {
	for i := range l.objects.configMaps {
		if l.objects.configMaps[i].Name == name {
			return &l.objects.configMaps[i]
		}
	}
	return nil
}

func (l *look) daemonSet(name string) *appsv1.DaemonSet {
	for i := range l.objects.daemonSets {
		if l.objects.daemonSets[i].Name == name {
			return &l.objects.daemonSets[i]
		}
	}
	return nil
}

func (l *look) deployment(name string) *appsv1.Deployment {
	for i := range l.objects.deployments {
		if l.objects.deployments[i].Name == name {
			return &l.objects.deployments[i]
		}
	}
	return nil
}

// caBundle is the text that the release trusts besides its CA, from where its
// values have it, and whether it is only kept for pods that still mount it.
func (l *look) caBundle() (text []byte, kept bool) {
	var release values.Values
	if l.facts.Release != nil {
		release = l.facts.Release.Values
	}
	at := values.BundleOf(release)
	if at.Secret {
		if bundle := l.secret(at.Name); bundle != nil {
			return bundle.Data[at.Key], cilium.Kept(bundle.Annotations)
		}
		return nil, false
	}
	if bundle := l.configMap(at.Name); bundle != nil {
		return []byte(bundle.Data[at.Key]), cilium.Kept(bundle.Annotations)
	}
	return nil, false
}
