package export

import (
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/pkg/globalsvc"
)

// shop is a cluster with Service shop/web, or without it.
func shop(context string, service *mesh.GlobalService, namespaces ...string) mesh.Facts {
	f := mesh.Facts{Context: context, Config: &mesh.Config{ClusterName: context}, Services: &mesh.Services{Namespaces: map[string]mesh.NamespaceFacts{}}}
	for _, name := range namespaces {
		f.Services.Namespaces[name] = mesh.NamespaceFacts{}
	}
	if service != nil {
		f.Services.Items = []mesh.GlobalService{*service}
	}
	return f
}

// Of three clusters one has the Service already global with an older name, one
// has a Service that Argo CD owns, and one has none.
func TestExpose(t *testing.T) {
	web := mesh.GlobalService{
		Namespace: "shop", Name: "web", Type: "ClusterIP", Selector: map[string]string{"app": "web"},
		Ports: []mesh.ServicePort{{Name: "http", Port: 80, Protocol: "TCP", TargetPort: "8080"}},
	}
	global, argo := web, web
	global.Annotations = map[string]string{"io.cilium/global-service": "true", "service.cilium.io/affinity": "local"}
	argo.Annotations = map[string]string{"service.cilium.io/affinity": "local"}
	argo.Managers = map[string][]string{"service.cilium.io/affinity": {"argocd-controller"}}
	no := false
	d, err := globalsvc.Make(mesh.Snapshot{Clusters: []mesh.Facts{shop("aks-1", &global, "shop"), shop("user@aks-2", &argo, "shop"), shop("aks-3", nil)}}, globalsvc.Wish{
		Namespace: "shop", Name: "web", Contexts: []string{"aks-1", "user@aks-2", "aks-3"}, Shared: &no, Affinity: "none",
		ReplaceLegacy: true, Create: globalsvc.CreateWithSelector, Force: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	set, err := Expose(d)
	if err != nil {
		t.Fatal(err)
	}
	goldenSet(t, "expose", set)
}
