package export

import (
	"fmt"
	"path"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/aksmesh/kubectl-aksmesh/pkg/globalsvc"
)

// servicesFolder is the folder, in that of a context, of services.
const servicesFolder = "services"

// annotationPatch is a strategic merge patch of a Service's annotations; null
// takes one away.
type annotationPatch struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        patchMetadata `json:"metadata"`
}

type patchMetadata struct {
	Name        string             `json:"name"`
	Namespace   string             `json:"namespace"`
	Annotations map[string]*string `json:"annotations"`
}

// Expose is what expose would have done, in the folder services/NAMESPACE/NAME
// of each context: a patch of the Service as a kustomize component, or the
// Service where it is missing.
func Expose(d *globalsvc.Draft) (*Set, error) {
	names, err := folders(d.Contexts())
	if err != nil {
		return nil, err
	}
	set := &Set{}
	for i := range d.Targets {
		t := &d.Targets[i]
		f := set.folder(names[t.Context], servicesFolder, d.Namespace(), d.Name())
		if d.Object(t) != nil {
			addService(f, d, t)
		} else {
			addPatch(f, d, t)
			// A controller would delete the Service that it has made from it.
			set.Without = append(set.Without, path.Join(f.at, serviceFile))
		}
		if f.err != nil {
			return nil, f.err
		}
	}
	return set, nil
}

func addService(f *folder, d *globalsvc.Draft, t *globalsvc.Target) {
	resources := []string{serviceFile}
	if t.CreateNamespace {
		resources = append([]string{"namespace.yaml"}, resources...)
		f.yaml("namespace.yaml", applycorev1.Namespace(d.Namespace()))
	}
	f.yaml(serviceFile, d.Object(t), "Made like the Service of another cluster, for context "+t.Context+".")
	f.yaml("kustomization.yaml", newKustomization(resources...))
}

func addPatch(f *folder, d *globalsvc.Draft, t *globalsvc.Target) {
	p := annotationPatch{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		Metadata: patchMetadata{Name: d.Name(), Namespace: d.Namespace(), Annotations: d.Annotations(t)},
	}
	f.yaml("patch.yaml", p, fmt.Sprintf("What Service %s of context %s is annotated with.", path.Join(d.Namespace(), d.Name()), t.Context))
	f.yaml("kustomization.yaml", newComponent("patch.yaml"),
		"Take this component into the kustomization that has the Service:",
		"  components: [path to this folder]",
		"Without Git, the patch can be applied by itself:",
		fmt.Sprintf("  kubectl --context %s -n %s patch service %s --patch-file %s/patch.yaml", shell(t.Context), d.Namespace(), d.Name(), shell(f.at)))
}
