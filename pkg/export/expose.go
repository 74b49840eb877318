package export

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/aksmesh/kubectl-aksmesh/pkg/globalsvc"
)

// servicesFolder is the folder, in that of a context, of services.
const servicesFolder = "services"

// annotationPatch is a strategic merge patch of a Service's annotations. It
// names no namespace: see [patch].
type annotationPatch struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        patchMetadata `json:"metadata"`
}

type patchMetadata struct {
	Name        string            `json:"name"`
	Annotations map[string]string `json:"annotations"`
}

// removal takes one annotation away, as JSON Patch (RFC 6902) does.
type removal struct {
	Op   string `json:"op"`
	Path string `json:"path"`
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

// addPatch adds the annotations as a component. In a merge patch for a target,
// kustomize takes null for a text, and a JSON patch takes away only what is
// there. So what is to go is made empty first, and taken away then.
func addPatch(f *folder, d *globalsvc.Draft, t *globalsvc.Target) {
	set := map[string]string{}
	var gone []removal
	annotate := fmt.Sprintf("kubectl --context %s -n %s annotate --overwrite service %s", shell(t.Context), d.Namespace(), d.Name())
	all := d.Annotations(t)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if value := all[key]; value != nil {
			set[key] = *value
			annotate += " " + shell(key+"="+*value)
			continue
		}
		set[key] = ""
		gone = append(gone, removal{"remove", "/metadata/annotations/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key)})
		annotate += " " + shell(key+"-")
	}
	p := annotationPatch{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		Metadata: patchMetadata{Name: d.Name(), Annotations: set},
	}
	comments := []string{fmt.Sprintf("What Service %s of context %s is annotated with.", path.Join(d.Namespace(), d.Name()), t.Context)}
	files := []string{"patch.yaml"}
	if len(gone) > 0 {
		files = append(files, "remove.yaml")
		comments = append(comments, "What is empty here is taken away by remove.yaml.")
		f.yaml("remove.yaml", gone)
	}
	f.yaml("patch.yaml", p, comments...)
	f.yaml("kustomization.yaml", newComponent("Service", d.Name(), files...),
		"Take this component into the kustomization that has the Service:",
		"  components: [path to this folder]",
		"Without Git, the Service can be annotated by itself:",
		"  "+annotate)
}
