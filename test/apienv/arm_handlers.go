package apienv

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// armVersions are the API versions of managed clusters on offer. Only previews
// know kubeProxyConfig.
func armVersions() []string {
	return []string{"2026-03-02-preview", "2026-03-01", "2025-10-02-preview", "2025-10-01"}
}

func knowsKubeProxy(version string) bool { return strings.HasSuffix(version, "-preview") }

func (a *SimulatedARM) getCluster(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c := a.find(w, r); c != nil {
		armJSON(w, http.StatusOK, c.shown(r.URL.Query().Get("api-version")))
	}
}

// getPermissions tells what the login may do with a managed cluster.
func (a *SimulatedARM) getPermissions(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	id, _, _ := strings.Cut(r.URL.Path, "/providers/microsoft.authorization/")
	may := "*"
	if a.readOnly[id] {
		may = "*/read"
	}
	armJSON(w, http.StatusOK, map[string]any{"value": []any{map[string]any{"actions": []any{may}, "notActions": []any{}}}})
}

// putCluster checks what Azure checks and starts an operation.
func (a *SimulatedARM) putCluster(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		armError(w, http.StatusBadRequest, "InvalidRequestContent", err.Error())
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	c := a.find(w, r)
	if c == nil {
		return
	}
	if status, code, message := c.refuses(r, body); status != 0 {
		armError(w, status, code, message)
		return
	}
	c.apply(body)
	c.busy = fmt.Sprintf("%s-%d", c.site.Name, c.version)
	a.running[c.busy] = c
	a.operations.Go(func() { a.operate(c, wantsKubeProxy(body)) })
	w.Header().Set("Azure-AsyncOperation", fmt.Sprintf("https://%s/simulated/operations/%s?api-version=%s",
		r.Host, c.busy, r.URL.Query().Get("api-version")))
	w.Header().Set("Retry-After", "1")
	armJSON(w, http.StatusOK, c.shown(r.URL.Query().Get("api-version")))
}

// refuses says why Azure would not take the PUT; status 0: it would.
func (c *managedCluster) refuses(r *http.Request, body map[string]any) (status int, code, message string) {
	network, _ := at(body, "properties", "networkProfile")
	_, mentionsKubeProxy := network["kubeProxyConfig"]
	match := r.Header.Get("If-Match")
	switch {
	case !slices.Contains(armVersions(), r.URL.Query().Get("api-version")):
		return http.StatusBadRequest, "NoRegisteredProviderFound", "the api-version is not supported"
	case mentionsKubeProxy && !knowsKubeProxy(r.URL.Query().Get("api-version")):
		return http.StatusBadRequest, "UnmarshalError", `unknown field "kubeProxyConfig"`
	case match != "" && match != "*" && match != c.resource["eTag"]:
		return http.StatusPreconditionFailed, "PreconditionFailed", "the eTag does not match"
	case c.busy != "":
		return http.StatusConflict, "OperationNotAllowed", "another operation is in progress: " + c.busy
	case !wantsKubeProxy(body) && network["networkPlugin"] != "none":
		return http.StatusBadRequest, "KubeProxyConfigDisabledBYOCNIOnly",
			"Disabling kube-proxy is only allowed for bring your own (BYO) CNI clusters"
	}
	return 0, "", ""
}

// operate carries an operation out. An interrupted one leaves the cluster as it is.
func (a *SimulatedARM) operate(c *managedCluster, kubeProxy bool) {
	timer := time.NewTimer(a.duration)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-a.ctx.Done():
		return
	}
	state := "Succeeded"
	if c.reconcileKubeProxy(a.ctx, kubeProxy) != nil {
		state = "Failed"
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	c.properties()["provisioningState"] = state
	c.busy = ""
	c.touch()
}

func (a *SimulatedARM) getOperation(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	id := r.PathValue("id")
	c, ok := a.running[id]
	if !ok {
		armError(w, http.StatusNotFound, "NotFound", "no operation "+id)
		return
	}
	status := "InProgress"
	if c.busy != id {
		status = fmt.Sprint(c.properties()["provisioningState"])
	}
	w.Header().Set("Retry-After", "1")
	armJSON(w, http.StatusOK, map[string]any{"name": id, "status": status})
}

func (a *SimulatedARM) listClusters(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	list := []any{}
	for _, c := range a.clusters {
		list = append(list, c.shown(r.URL.Query().Get("api-version")))
	}
	armJSON(w, http.StatusOK, map[string]any{"value": list})
}

func (a *SimulatedARM) getVersions(w http.ResponseWriter, _ *http.Request) {
	armJSON(w, http.StatusOK, map[string]any{
		"namespace": "Microsoft.ContainerService", "registrationState": "Registered",
		"resourceTypes": []any{map[string]any{"resourceType": "managedClusters", "apiVersions": armVersions()}},
	})
}

// getGroup knows the clusters' own group and the groups of their nodes, which
// name the cluster that manages them.
func (a *SimulatedARM) getGroup(w http.ResponseWriter, r *http.Request) {
	group := map[string]any{"id": groupID(r.PathValue("group")), "name": r.PathValue("group"), "location": Location}
	if strings.EqualFold(r.PathValue("group"), ResourceGroup) {
		armJSON(w, http.StatusOK, group)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range a.clusters {
		if strings.EqualFold(c.site.NodeResourceGroup(), r.PathValue("group")) {
			group["managedBy"] = c.site.ID()
			armJSON(w, http.StatusOK, group)
			return
		}
	}
	armError(w, http.StatusNotFound, "ResourceGroupNotFound", "no resource group "+r.PathValue("group"))
}

func (a *SimulatedARM) getNetwork(w http.ResponseWriter, r *http.Request) {
	a.network(w, r, func(s Site) any { return s.network(a.peersOf(s)) })
}

func (a *SimulatedARM) listNetworks(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	list := []any{}
	if strings.EqualFold(r.PathValue("group"), ResourceGroup) {
		for _, c := range a.clusters {
			list = append(list, c.site.network(a.peersOf(c.site)))
		}
	}
	armJSON(w, http.StatusOK, map[string]any{"value": list})
}

func (a *SimulatedARM) getSubnet(w http.ResponseWriter, r *http.Request) {
	a.network(w, r, func(s Site) any { return s.subnet() })
}

// network answers with a part of the virtual network that the request names.
func (a *SimulatedARM) network(w http.ResponseWriter, r *http.Request, part func(Site) any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range a.clusters {
		subnet := r.PathValue("subnet")
		if r.PathValue("name") == "vnet-"+strings.ToLower(c.site.Name) && (subnet == "" || subnet == "nodes") {
			armJSON(w, http.StatusOK, part(c.site))
			return
		}
	}
	armError(w, http.StatusNotFound, "ResourceNotFound", "no virtual network at "+r.URL.Path)
}

// peersOf are the sites whose networks are peered with that of a site, by
// number. Call locked.
func (a *SimulatedARM) peersOf(s Site) []Site {
	var out []Site
	for _, c := range a.clusters {
		if c.site.Name != s.Name && !a.apart[s.Name] && !a.apart[c.site.Name] {
			out = append(out, c.site)
		}
	}
	slices.SortFunc(out, func(a, b Site) int { return a.number - b.number })
	return out
}

// listNone answers that there is nothing of a kind: no scale sets, as the nodes
// are only objects here, and no Virtual WAN.
func listNone(w http.ResponseWriter, _ *http.Request) {
	armJSON(w, http.StatusOK, map[string]any{"value": []any{}})
}

// network is the site's virtual network, peered with those of others.
func (s Site) network(peers []Site) map[string]any {
	peerings := []any{}
	for _, other := range peers {
		peerings = append(peerings, map[string]any{"name": "to-vnet-" + other.Name, "properties": map[string]any{
			"peeringState": "Connected", "peeringSyncLevel": "FullyInSync",
			"allowVirtualNetworkAccess": true, "allowForwardedTraffic": true, "useRemoteGateways": false,
			"remoteVirtualNetwork": map[string]any{"id": other.VNetID()},
			"remoteAddressSpace":   map[string]any{"addressPrefixes": []any{other.Subnet.String()}},
		}})
	}
	return map[string]any{
		"id": s.VNetID(), "name": "vnet-" + s.Name, "location": Location,
		"properties": map[string]any{
			"addressSpace":           map[string]any{"addressPrefixes": []any{s.Subnet.String()}},
			"subnets":                []any{s.subnet()},
			"virtualNetworkPeerings": peerings,
		},
	}
}

func (s Site) subnet() map[string]any {
	return map[string]any{
		"id": s.SubnetID(), "name": "nodes",
		"properties": map[string]any{"addressPrefix": s.Subnet.String()},
	}
}
