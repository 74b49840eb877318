package mesh

import "strings"

// GitOps names the GitOps product that a field manager belongs to, as in
// "Argo CD"; it is empty for any other manager. The product writes what stands
// in Git, and so puts back whatever is changed by hand. Names of managers are
// the products' defaults, which installations add to, so a part is enough.
func GitOps(manager string) string {
	manager = strings.ToLower(manager)
	for _, known := range []struct{ part, product string }{
		{"argocd", "Argo CD"},
		{"argo-cd", "Argo CD"},
		{"kustomize-controller", "Flux"},
		{"helm-controller", "Flux"},
		{"flux", "Flux"},
		{"config-sync", "Config Sync"},
		{"configsync", "Config Sync"},
		{"fleetagent", "Fleet"},
		{"fleet-agent", "Fleet"},
	} {
		if strings.Contains(manager, known.part) {
			return known.product
		}
	}
	return ""
}
