package export

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/azure"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/pkg/join"
)

// Azure is what files say of Azure, by context.
type Azure struct {
	// IDs are ARM resource ids of clusters that Azure was not asked about.
	IDs map[string]string
	// Versions are the API versions of managedClusters; the newest that is
	// tested where there is none.
	Versions map[string]string
}

// meshFolder is the folder, in that of a context, of what makes its cluster a
// member.
const meshFolder = "mesh"

// serviceFile is the name of the file with a Service.
const serviceFile = "service.yaml"

// Join is what join would have done, in the folder mesh of each context.
func Join(d *join.Draft, a Azure) (*Set, error) {
	if d.Moving() {
		return nil, errors.New("clusters that are connected move to another certificate authority, in waves that files cannot hold: run the same command without --output manifests first")
	}
	var contexts []string
	for i := range d.Clusters {
		contexts = append(contexts, d.Clusters[i].Context)
	}
	names, err := folders(contexts)
	if err != nil {
		return nil, err
	}
	set := &Set{}
	for i := range d.Clusters {
		c := &d.Clusters[i]
		if err := joinCluster(set.folder(names[c.Context], meshFolder), d, c, a); err != nil {
			return nil, fmt.Errorf("context %q: %w", c.Context, err)
		}
	}
	return set, nil
}

// joining is what the templates of a join are filled in with.
type joining struct {
	Context, Name string
	ID            int
	Chart         string // version
	Namespace     string
	Folder        string   // below the output folder
	Missing       []string // contexts of peers whose address is not known yet
	OwnMissing    bool     // the cluster's own address is not known yet
	Hidden        []string // paths of Helm values that are secret
	Secrets       []join.SecretNeed
	KubeProxy     *kubeProxy
	MakesCerts    bool // the chart signs certificates whenever it is rendered
}

// kubeProxy is a change of kube-proxy through Azure.
type kubeProxy struct {
	ID, APIVersion string
	Enabled        bool
	Label          string // of the Terraform resource
	Cluster        string // a shell's words that give the ID, where it is not known
	AfterCilium    bool
	Needed         bool
}

func joinCluster(f *folder, d *join.Draft, c *join.Cluster, a Azure) error {
	all, missing, err := d.FileValues(c)
	if err != nil {
		return err
	}
	data := joining{
		Context: c.Context, Name: c.Name, ID: c.ID, Chart: c.Helm.ChartVersion, Namespace: cilium.Namespace, Folder: f.at,
		Missing: missing, OwnMissing: !d.AddressKnown(c), Hidden: values.Hidden(all), Secrets: d.SecretNeeds(c),
		MakesCerts: join.TLSMethod(all) == values.MethodHelm,
	}
	if off := d.KubeProxyOff(c); off != nil {
		data.KubeProxy = a.kubeProxy(c.Context, off)
	}
	f.template("README.md", data)
	f.yaml("values.yaml", all, valuesComments(&data)...)
	f.yaml(serviceFile, d.MeshService(c), "Service clustermesh-apiserver of context "+c.Context+", to be there before Helm runs: Cilium's chart adopts it.")
	f.yaml("kustomization.yaml", newKustomization(serviceFile))
	f.template("secrets.md", data)
	addKubeProxy(f, data.KubeProxy)
	return f.err
}

func valuesComments(data *joining) []string {
	lines := []string{fmt.Sprintf("Helm values of release cilium (chart cilium %s) in namespace %s, context %s.", data.Chart, data.Namespace, data.Context)}
	return append(lines, ValuesNotes(data.Missing, data.Hidden)...)
}

// ValuesNotes say what is not in a file of Helm values, a line each: peers
// without an address, by context, and secrets, by their paths.
func ValuesNotes(missing, hidden []string) []string {
	var lines []string
	for _, context := range missing {
		lines = append(lines, fmt.Sprintf("Not complete: the cluster of context %s is left out, because its mesh address is not known yet. The same command run again fills it in once Service clustermesh-apiserver there has one; --mesh-ip %s=IP fixes it beforehand.", context, context))
	}
	if len(hidden) > 0 {
		lines = append(lines, fmt.Sprintf("Secrets are not written here: put your own in place of %s at %s.", values.Masked, strings.Join(hidden, ", ")))
	}
	return lines
}

// kubeProxy is the change as the templates want it.
func (a Azure) kubeProxy(context string, off *join.KubeProxyOff) *kubeProxy {
	return &kubeProxy{
		ID: cmp.Or(off.AzureID, a.IDs[context]), APIVersion: a.version(context), Label: label(context),
		Cluster: off.Find, AfterCilium: off.AfterCilium, Needed: off.Needed,
	}
}

func (a Azure) version(context string) string {
	return cmp.Or(a.Versions[context], azure.TestedAPIVersion())
}

// label is a context as a name in Terraform.
func label(context string) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '_'
	}, context)
	return "kube_proxy_" + name
}

// addKubeProxy adds the change as az and, if the cluster's ARM id is known, as
// Terraform.
func addKubeProxy(f *folder, k *kubeProxy) {
	if k == nil {
		return
	}
	f.template("azure.sh", k)
	if k.ID != "" {
		f.template("azure.tf", k)
	}
}

// Terraform says whether there is a file for Terraform.
func (k *kubeProxy) Terraform() bool { return k.ID != "" }

// KubeProxyFirst says whether kube-proxy goes before Cilium comes.
func (j joining) KubeProxyFirst() bool {
	return j.KubeProxy != nil && j.KubeProxy.Needed && !j.KubeProxy.AfterCilium
}

// KubeProxyLast says whether kube-proxy goes after Cilium has taken over.
func (j joining) KubeProxyLast() bool {
	return j.KubeProxy != nil && j.KubeProxy.Needed && j.KubeProxy.AfterCilium
}

// Unfinished says whether an address is not known yet.
func (j joining) Unfinished() bool { return j.OwnMissing || len(j.Missing) > 0 }

// MustMake says whether a Secret is to be put there.
func (j joining) MustMake() bool {
	return slices.ContainsFunc(j.Secrets, func(s join.SecretNeed) bool { return !s.There })
}
