// Package cilium names what all of its subpackages share: how Cilium is
// installed on AKS. The work is in the subpackages:
//
//	chart    where the Helm chart comes from
//	values   the chart's values that a wish becomes, merged and compared
//	release  the Helm release: read, rendered, applied, recovered
//	pki      the mesh's CA, its certificates, and IPsec keys
//	config   ConfigMap cilium-config, names and ids of clusters
//	agent    what agents and kvstoremesh say, and whom they are told to dial
package cilium

// Names that Cilium's chart gives to its objects.
const (
	// Namespace is where AKS users, and the chart's own guide, install Cilium.
	Namespace = "kube-system"
	// ReleaseName is the name of the Helm release.
	ReleaseName = "cilium"

	AgentDaemonSet     = "cilium"
	AgentContainer     = "cilium-agent"
	OperatorDeployment = "cilium-operator"
	MeshDeployment     = "clustermesh-apiserver"
	MeshService        = "clustermesh-apiserver"
	KVStoreContainer   = "kvstoremesh"
	ConfigMap          = "cilium-config"

	// AppLabel tells the pods of the chart's parts apart.
	AppLabel = "k8s-app"

	CASecret = "cilium-ca"
	// NextCASecret is kubectl-aksmesh's own: the CA that a rotation moves the
	// mesh to, until all clusters have it.
	NextCASecret      = "aksmesh-next-ca"
	IPsecSecret       = "cilium-ipsec-keys"
	PeersSecret       = "cilium-clustermesh" // what agents dial
	KVStorePeerSecret = "cilium-kvstoremesh" // what kvstoremesh dials

	// Certificates: of the etcd that others dial, of who dials those of other
	// clusters, and of agents that dial their own where kvstoremesh runs.
	ServerCertSecret = "clustermesh-apiserver-server-cert"
	RemoteCertSecret = "clustermesh-apiserver-remote-cert"
	LocalCertSecret  = "clustermesh-apiserver-local-cert"

	// MeshPort is the TCP port of the clustermesh-apiserver's etcd.
	MeshPort = 2379
)

// FieldManager is the name under which kubectl-aksmesh itself owns fields of
// the objects that it makes before Helm runs. It must differ from Helm's, or
// Helm's server-side apply would remove the fields that the chart does not know.
const FieldManager = "kubectl-aksmesh"

// HelmFieldManager is the name under which Helm owns fields: that of the helm
// command, so that a user's own "helm upgrade" continues where join ended.
const HelmFieldManager = "helm"

// HelmLabels are the labels that let the chart's release adopt an object that
// was made before it.
func HelmLabels() map[string]string {
	return map[string]string{"app.kubernetes.io/managed-by": "Helm"}
}

// HelmAnnotations are the annotations that, with [HelmLabels], let the release
// cilium in namespace adopt an object.
func HelmAnnotations(namespace string) map[string]string {
	return map[string]string{
		"meta.helm.sh/release-name":      ReleaseName,
		"meta.helm.sh/release-namespace": namespace,
	}
}

// HelmOwned says whether an object with these labels and annotations belongs
// to the release cilium of namespace, or would be adopted by it.
func HelmOwned(labels, annotations map[string]string, namespace string) bool {
	return holds(labels, HelmLabels()) && holds(annotations, HelmAnnotations(namespace))
}

// AnnotationKept marks a trust bundle that its release no longer makes, and that
// stays until no pod needs it.
const AnnotationKept = "aksmesh.io/kept"

// Kept says whether an object with these annotations waits for that.
func Kept(annotations map[string]string) bool { return annotations[AnnotationKept] == "true" }

func holds(all, wanted map[string]string) bool {
	for key, value := range wanted {
		if all[key] != value {
			return false
		}
	}
	return true
}
