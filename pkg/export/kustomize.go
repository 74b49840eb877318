package export

// kustomization is what ties a folder's objects for kustomize. A Component is
// one that works on the objects of whoever takes it in.
// Source: kustomize's documentation, kustomization files and components.
type kustomization struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Resources  []string `json:"resources,omitempty"`
	Patches    []patch  `json:"patches,omitempty"`
}

// patch is a strategic merge patch; what it is of stands in the file.
type patch struct {
	Path string `json:"path"`
}

func newKustomization(resources ...string) kustomization {
	return kustomization{APIVersion: "kustomize.config.k8s.io/v1beta1", Kind: "Kustomization", Resources: resources}
}

func newComponent(patches ...string) kustomization {
	k := kustomization{APIVersion: "kustomize.config.k8s.io/v1alpha1", Kind: "Component"}
	for _, name := range patches {
		k.Patches = append(k.Patches, patch{name})
	}
	return k
}
