package mesh

import "testing"

func TestGitOps(t *testing.T) {
	t.Parallel()
	for manager, want := range map[string]string{
		"argocd-controller":             "Argo CD",
		"argocd-application-controller": "Argo CD",
		"kustomize-controller":          "Flux",
		"helm-controller":               "Flux",
		"configsync":                    "Config Sync",
		"config-sync":                   "Config Sync",
		"fleetagent":                    "Fleet",
		"fleet-agent":                   "Fleet",
		"kubectl-aksmesh":               "",
		"kubectl-client-side-apply":     "",
		"kubectl-annotate":              "",
		"helm":                          "",
		"cloud-controller-manager":      "",
		"":                              "",
	} {
		if got := GitOps(manager); got != want {
			t.Errorf("GitOps(%q) = %q, want %q", manager, got, want)
		}
	}
}
