package azure

import (
	"net/http"
	"slices"
	"strings"
)

// checkClusterVersion refuses API versions that the provider does not offer.
func (s *server) checkClusterVersion(version string) error {
	var offered []string
	s.store.view(func(d *data) { offered = slices.Clone(d.Settings.APIVersions) })
	if slices.Contains(offered, version) {
		return nil
	}
	return failf(http.StatusBadRequest, "NoRegisteredProviderFound",
		"No registered resource provider found for API version '%s' for type 'managedClusters'. The supported api-versions are '%s'.",
		version, strings.Join(offered, ", "))
}

// knowsKubeProxy says whether an API version has kubeProxyConfig: previews do,
// stable versions up to now do not.
func knowsKubeProxy(version string) bool { return strings.HasSuffix(version, "-preview") }

// kubeProxyEnabled is what ARM has on record; absent means enabled.
func kubeProxyEnabled(cluster object) bool {
	enabled, ok := dig(cluster, "properties", "networkProfile", "kubeProxyConfig", "enabled").(bool)
	return !ok || enabled
}

// renderCluster shows a stored cluster as a GET of one API version does. It may
// change its argument.
func renderCluster(o object, version string) object {
	np := digObject(o, "properties", "networkProfile")
	if np["kubeProxyConfig"] == nil {
		return o
	}
	switch {
	case !knowsKubeProxy(version):
		delete(np, "kubeProxyConfig")
	case !kubeProxyEnabled(o):
		// The server drops the "false" (azure-rest-api-specs issue 22208).
		np["kubeProxyConfig"] = object{}
	}
	return o
}

func (s *server) getCluster(w http.ResponseWriter, r *http.Request) error {
	version := r.URL.Query().Get("api-version")
	if err := s.checkClusterVersion(version); err != nil {
		return err
	}
	o := s.store.get(r.URL.Path)
	if o == nil {
		return notFound(r.URL.Path)
	}
	writeJSON(w, http.StatusOK, renderCluster(o, version))
	return nil
}

// putCluster replaces a managed cluster: the checks that ARM and AKS make
// before they accept it, then an operation that runs on.
func (s *server) putCluster(w http.ResponseWriter, r *http.Request) error {
	version := r.URL.Query().Get("api-version")
	if err := s.checkClusterVersion(version); err != nil {
		return err
	}
	body, err := decode(r.Body)
	if err != nil {
		return failf(http.StatusBadRequest, "InvalidRequestContent", "The request content was invalid and could not be deserialized: %v.", err)
	}
	var answer object
	var op *operation
	err = s.store.update(func(d *data) error {
		old := d.Resources[r.URL.Path]
		if err := checkPut(d, old, body, r.Header.Get("If-Match"), version); err != nil {
			return err
		}
		next := mergeCluster(old, body, version)
		op = startOperation(d, next)
		d.put(next)
		answer = clone(next)
		return nil
	})
	if err != nil {
		return err
	}
	s.log.Info("managed cluster is being updated", "cluster", digString(answer, "name"), "kubeProxy", kubeProxyEnabled(answer), "operation", op.ID)
	w.Header().Set("Azure-AsyncOperation", op.url(r))
	writeJSON(w, http.StatusOK, renderCluster(answer, version))
	return nil
}

// checkPut refuses what Azure refuses.
func checkPut(d *data, old, body object, ifMatch, version string) error {
	if old == nil {
		if ifMatch != "" {
			return failf(http.StatusPreconditionFailed, "PreconditionFailed", "The managed cluster does not exist.")
		}
		return failf(http.StatusBadRequest, "NotSupportedBySimulation", "The simulated Azure makes no new clusters; name them when the lab is started.")
	}
	if ifMatch != "" && ifMatch != "*" && ifMatch != digString(old, "eTag") {
		return failf(http.StatusPreconditionFailed, "PreconditionFailed", "The eTag '%s' does not match the managed cluster's.", ifMatch)
	}
	if state := digString(old, "properties", "provisioningState"); !terminal(state) {
		return failf(http.StatusConflict, "OperationNotAllowed", "Operation is not allowed: Another operation (%s) is in progress, please wait for it to finish before starting a new operation.", state)
	}
	if digString(old, "properties", "powerState", "code") == "Stopped" {
		return failf(http.StatusConflict, "OperationNotAllowed", "managed cluster is in Provisioning State(Succeeded) and Power State(Stopped), update cannot be performed")
	}
	if err := checkUnchanged(old, body); err != nil {
		return err
	}
	return checkKubeProxy(d, old, body, version)
}

func checkKubeProxy(d *data, old, body object, version string) error {
	config := digObject(body, "properties", "networkProfile", "kubeProxyConfig")
	if config == nil {
		return nil
	}
	if !knowsKubeProxy(version) {
		return failf(http.StatusBadRequest, "UnmarshalError", "UnmarshalEntity encountered error: json: unknown field \"kubeProxyConfig\".")
	}
	if d.Settings.FeatureRequired {
		return failf(http.StatusBadRequest, "BadRequest", "Feature Microsoft.ContainerService/KubeProxyConfigurationPreview is not enabled. Please see https://aka.ms/aks/previews for how to enable features.")
	}
	if enabled, ok := config["enabled"].(bool); ok && !enabled && digString(old, "properties", "networkProfile", "networkPlugin") != "none" {
		return failf(http.StatusBadRequest, "KubeProxyConfigDisabledBYOCNIOnly", "Disabling kube-proxy is only allowed for bring your own (BYO) CNI clusters.")
	}
	return nil
}
