package rbac

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Manifest is what Helm needs to make, change and delete the objects of a
// rendered chart, as "helm template" or "helm get manifest" print it: a release
// may have values by which the chart makes more than a mesh needs. An object
// without a namespace is taken for one that is in none. leave says whether it is
// for a leave, which also deletes what certgen has left.
func Manifest(r io.Reader, leave bool) ([]mesh.Right, error) {
	objects, err := read(r)
	if err != nil {
		return nil, err
	}
	rights := Apply(objects)
	certgen := false
	for _, o := range objects {
		rights = append(rights, kind{o.Group, o.Resource, o.Namespace}.only(o.Name, "get", "delete")...)
		certgen = certgen || o.Resource == "cronjobs"
	}
	if certgen {
		rights = append(rights, Certgen()...)
	}
	if certgen && leave {
		rights = append(rights, unmakeJobs()...)
	}
	return Join(rights), nil
}

// Certgen is what it takes to have the chart's CronJobs make certificates now.
func Certgen() []mesh.Right {
	return Join(
		kind{batch, "cronjobs", mesh.Namespace}.may("list"),
		kind{batch, "jobs", mesh.Namespace}.may("list", "watch", "create"),
	)
}

// unmakeJobs is what it takes to delete certgen's Jobs, whose names nobody knows
// beforehand, and to see that they are gone.
func unmakeJobs() []mesh.Right {
	return kind{batch, "jobs", mesh.Namespace}.may("get", "delete")
}

// read finds the objects in YAML or JSON documents.
func read(r io.Reader) ([]Object, error) {
	var objects []Object
	decoder := yaml.NewYAMLOrJSONDecoder(r, 4096)
	for {
		var one unstructured.Unstructured
		err := decoder.Decode(&one.Object)
		switch {
		case errors.Is(err, io.EOF):
			return slices.Compact(objects), nil
		case err != nil:
			return nil, fmt.Errorf("the manifest is not YAML: %w", err)
		case len(one.Object) == 0: // between two separators
			continue
		case one.GetKind() == "" || one.GetName() == "":
			return nil, fmt.Errorf("document %d of the manifest has no kind or no metadata.name", len(objects)+1)
		}
		version, err := schema.ParseGroupVersion(one.GetAPIVersion())
		if err != nil {
			return nil, fmt.Errorf("%s %s of the manifest: %w", one.GetKind(), one.GetName(), err)
		}
		resource, _ := meta.UnsafeGuessKindToResource(version.WithKind(one.GetKind()))
		objects = append(objects, Object{version.Group, resource.Resource, one.GetNamespace(), one.GetName()})
	}
}
