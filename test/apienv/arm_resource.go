package apienv

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// managedCluster is a managed cluster's resource and what it stands for.
type managedCluster struct {
	site     Site
	client   kubernetes.Interface
	nodes    int
	resource map[string]any
	version  int    // of the eTag
	busy     string // the operation that runs; empty if none
}

func newManagedCluster(site Site, serviceCIDR string, nodes int, client kubernetes.Interface) *managedCluster {
	c := &managedCluster{site: site, client: client, nodes: nodes}
	c.resource = map[string]any{
		"id": site.ID(), "name": site.Name, "location": Location,
		"type": "Microsoft.ContainerService/ManagedClusters",
		"sku":  map[string]any{"name": "Base", "tier": "Free"},
		"identity": map[string]any{
			"type": "SystemAssigned", "principalId": Subscription, "tenantId": Subscription,
		},
		"properties": map[string]any{
			"provisioningState": "Succeeded",
			"powerState":        map[string]any{"code": "Running"},
			"kubernetesVersion": "1.37", "currentKubernetesVersion": "1.37.1",
			"dnsPrefix": site.Name, "fqdn": site.FQDN(),
			"nodeResourceGroup": site.NodeResourceGroup(),
			"agentPoolProfiles": []any{map[string]any{
				"name": "nodepool1", "count": nodes, "mode": "System", "vmSize": "Standard_D2s_v5",
				"osType": "Linux", "provisioningState": "Succeeded", "vnetSubnetID": site.SubnetID(),
			}},
			"networkProfile": map[string]any{
				"networkPlugin": "none", "serviceCidr": serviceCIDR, "serviceCidrs": []any{serviceCIDR},
				"loadBalancerSku": "standard", "outboundType": "loadBalancer",
				"loadBalancerProfile": map[string]any{"backendPoolType": "nodeIPConfiguration"},
			},
		},
	}
	c.touch()
	return c
}

// touch gives the resource a new eTag, as every change does.
func (c *managedCluster) touch() {
	c.version++
	c.resource["eTag"] = fmt.Sprintf("%s-%d", c.site.Name, c.version)
}

func (c *managedCluster) properties() map[string]any {
	p, _ := c.resource["properties"].(map[string]any)
	return p
}

// shown is the resource as GET shows it. API versions that do not know
// kubeProxyConfig leave it out; others lose `"enabled": false`, which then
// reads as an empty object (azure-rest-api-specs issue 22208).
func (c *managedCluster) shown(version string) map[string]any {
	resource := clone(c.resource)
	network, ok := at(resource, "properties", "networkProfile")
	if !ok {
		return resource
	}
	proxy, ok := at(network, "kubeProxyConfig")
	switch {
	case !ok:
	case !knowsKubeProxy(version):
		delete(network, "kubeProxyConfig")
	case proxy["enabled"] == false:
		delete(proxy, "enabled")
	}
	return resource
}

// wantsKubeProxy is false only if the body says so in so many words.
func wantsKubeProxy(resource map[string]any) bool {
	proxy, ok := at(resource, "properties", "networkProfile", "kubeProxyConfig")
	return !ok || proxy["enabled"] != false
}

// apply takes over what a PUT asked for. Azure keeps for itself what is read-only.
func (c *managedCluster) apply(body map[string]any) {
	kept := clone(c.resource)
	next := clone(body)
	for _, field := range []string{"id", "name", "type", "eTag", "systemData"} {
		delete(next, field)
	}
	maps.Copy(kept, next)
	properties, _ := kept["properties"].(map[string]any)
	old := c.properties()
	for _, field := range []string{"fqdn", "powerState", "currentKubernetesVersion", "nodeResourceGroup"} {
		properties[field] = old[field]
	}
	properties["provisioningState"] = "Updating"
	c.resource = kept
	c.touch()
}

// reconcileKubeProxy does in the cluster what the resource says.
func (c *managedCluster) reconcileKubeProxy(ctx context.Context, wanted bool) error {
	var err error
	if wanted {
		err = makeDaemonSet(ctx, c.client, kubeProxy, int32(c.nodes)) //nolint:gosec // a test's few nodes
	} else {
		err = c.client.AppsV1().DaemonSets(metav1.NamespaceSystem).Delete(ctx, kubeProxy, metav1.DeleteOptions{})
	}
	if apierrors.IsNotFound(err) || apierrors.IsAlreadyExists(err) || apierrors.IsConflict(err) {
		return nil // so already, or its status is known already
	}
	return err
}

// at walks down nested objects.
func at(object map[string]any, path ...string) (map[string]any, bool) {
	for _, field := range path {
		next, ok := object[field].(map[string]any)
		if !ok {
			return nil, false
		}
		object = next
	}
	return object, true
}

// clone copies what came from or goes to JSON.
func clone(object map[string]any) map[string]any {
	data, err := json.Marshal(object)
	if err != nil {
		panic(fmt.Sprintf("encode resource: %v", err)) // holds nothing that JSON has not
	}
	var copied map[string]any
	if err := json.Unmarshal(data, &copied); err != nil {
		panic(fmt.Sprintf("decode resource: %v", err))
	}
	return copied
}
