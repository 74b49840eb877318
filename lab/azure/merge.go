package azure

import (
	"net/http"
	"reflect"
	"strings"
)

// immutable are properties that AKS refuses to change on a live cluster. A PUT
// that leaves them out is refused too, which is stricter than Azure may be: it
// finds clients that lose what they do not know.
var immutable = [][]string{
	{"location"},
	{"properties", "nodeResourceGroup"},
	{"properties", "dnsPrefix"},
	{"properties", "networkProfile", "networkPlugin"},
	{"properties", "networkProfile", "serviceCidr"},
	{"properties", "networkProfile", "dnsServiceIP"},
}

// readOnly are properties that a PUT cannot change: what it says is ignored.
var readOnly = [][]string{
	{"id"}, {"name"}, {"type"}, {"systemData"}, {"eTag"},
	{"identity", "principalId"}, {"identity", "tenantId"},
	{"properties", "provisioningState"}, {"properties", "powerState"},
	{"properties", "currentKubernetesVersion"}, {"properties", "fqdn"}, {"properties", "privateFQDN"},
	{"properties", "azurePortalFQDN"}, {"properties", "maxAgentPools"}, {"properties", "resourceUID"},
	{"properties", "networkProfile", "loadBalancerProfile", "effectiveOutboundIPs"},
}

var readOnlyPool = [][]string{{"eTag"}, {"provisioningState"}, {"currentOrchestratorVersion"}}

func checkUnchanged(old, body object) error {
	for _, path := range immutable {
		if want := dig(old, path...); want != nil && !reflect.DeepEqual(want, dig(body, path...)) {
			name := strings.Join(path, ".")
			return failf(http.StatusBadRequest, "PropertyChangeNotAllowed", "Changing property '%s' is not allowed.", name)
		}
	}
	return nil
}

// mergeCluster is the cluster after a PUT of body over old: the body, with the
// read-only parts of old.
func mergeCluster(old, body object, version string) object {
	next := clone(body)
	restore(next, old, readOnly)
	pools := map[string]object{}
	for _, p := range objects(dig(old, "properties", "agentPoolProfiles")) {
		pools[digString(p, "name")] = p
	}
	for _, p := range objects(dig(next, "properties", "agentPoolProfiles")) {
		restore(p, pools[digString(p, "name")], readOnlyPool)
	}
	keepKubeProxy(next, old, version)
	return next
}

// keepKubeProxy leaves kube-proxy as it was unless the PUT says "enabled". That
// holds for a stable API version, which cannot see the property, and for the
// {} that a GET shows after disabling; no source says what Azure does with {}.
func keepKubeProxy(next, old object, version string) {
	_, says := dig(next, "properties", "networkProfile", "kubeProxyConfig", "enabled").(bool)
	if says && knowsKubeProxy(version) {
		return
	}
	if was := digObject(old, "properties", "networkProfile", "kubeProxyConfig"); was != nil {
		ensure(next, "properties", "networkProfile")["kubeProxyConfig"] = clone(was)
	}
}

// restore sets the named properties of o to those of old, absent ones included.
func restore(o, old object, paths [][]string) {
	for _, path := range paths {
		parents, key := path[:len(path)-1], path[len(path)-1]
		if value := dig(old, path...); value != nil {
			ensure(o, parents...)[key] = value
		} else if m := digObject(o, parents...); m != nil {
			delete(m, key)
		}
	}
}
