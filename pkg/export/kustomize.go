package export

import "regexp"

// kustomization is what ties a folder's objects for kustomize. A Component is
// one that works on the objects of whoever takes it in.
// Source: kustomize's documentation, kustomization files and components.
type kustomization struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Resources  []string `json:"resources,omitempty"`
	Patches    []patch  `json:"patches,omitempty"`
}

// patch is a file with a patch, and what it is of. The namespace is left to
// whoever takes the component in: it may stand in the object, or only in the
// kustomization, which sets it later.
type patch struct {
	Path   string      `json:"path"`
	Target patchTarget `json:"target"`
}

type patchTarget struct {
	Kind string `json:"kind"`
	Name string `json:"name"` // a regular expression
}

func newKustomization(resources ...string) kustomization {
	return kustomization{APIVersion: "kustomize.config.k8s.io/v1beta1", Kind: "Kustomization", Resources: resources}
}

// newComponent applies patches to the object of one kind and name, in this order.
func newComponent(kind, name string, paths ...string) kustomization {
	k := kustomization{APIVersion: "kustomize.config.k8s.io/v1alpha1", Kind: "Component"}
	for _, path := range paths {
		k.Patches = append(k.Patches, patch{path, patchTarget{kind, "^" + regexp.QuoteMeta(name) + "$"}})
	}
	return k
}
