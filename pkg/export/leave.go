package export

import (
	"fmt"
	"path"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/pkg/leave"
)

// leaving is what the template of a leave is filled in with.
type leaving struct {
	Context, Namespace, Folder string
	Stay                       []string // contexts of those that forget first
	KeepCA                     bool
	KubeProxy                  *kubeProxy
	Remove                     []string // as "secret/NAME", for kubectl delete
}

// Leave is what leave would have done, in the folder mesh of each context: the
// values of those that stay, and of one that leaves all that it needs no more
// is removed.
func Leave(d *leave.Draft, a Azure) (*Set, error) {
	var contexts, stay []string
	for i := range d.Clusters {
		contexts = append(contexts, d.Clusters[i].Context)
		if !d.Clusters[i].Leaves {
			stay = append(stay, d.Clusters[i].Context)
		}
	}
	names, err := folders(contexts)
	if err != nil {
		return nil, err
	}
	set := &Set{}
	for i := range d.Clusters {
		c := &d.Clusters[i]
		all := c.FileValues()
		if all == nil {
			continue
		}
		f := &folder{at: path.Join(names[c.Context], meshFolder), set: set}
		if c.Leaves {
			f = set.folder(f.at)
			addLeaving(f, c, stay, a)
		}
		comments := []string{fmt.Sprintf("Helm values of release %s (chart cilium %s) in namespace %s, context %s.", cilium.ReleaseName, c.Helm.ChartVersion, cilium.Namespace, c.Context)}
		f.yaml("values.yaml", all, append(comments, ValuesNotes(nil, values.Hidden(all))...)...)
		if f.err != nil {
			return nil, fmt.Errorf("context %q: %w", c.Context, f.err)
		}
	}
	return set, nil
}

func addLeaving(f *folder, c *leave.Cluster, stay []string, a Azure) {
	data := leaving{Context: c.Context, Namespace: cilium.Namespace, Folder: f.at, Stay: stay, KeepCA: c.KeepCA}
	for _, object := range c.Remove { // as "Secret kube-system/NAME"
		kind, name, _ := strings.Cut(object, " "+cilium.Namespace+"/")
		data.Remove = append(data.Remove, strings.ToLower(kind)+"/"+name)
	}
	if c.KubeProxy.Needed {
		data.KubeProxy = &kubeProxy{ID: c.KubeProxy.AzureID, APIVersion: a.version(c.Context), Label: label(c.Context), Enabled: true}
		addKubeProxy(f, data.KubeProxy)
	}
	content, err := render("leave.md.tmpl", data)
	f.add("README.md", content, err)
}
