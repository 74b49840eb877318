package azure

import (
	"net/http"
	"slices"
	"strings"
)

// ARM types, as resources carry them in "type".
const (
	typeGroup   = "Microsoft.Resources/resourceGroups"
	typeCluster = "Microsoft.ContainerService/managedClusters"
	typeVNet    = "Microsoft.Network/virtualNetworks"
	typeSubnet  = "Microsoft.Network/virtualNetworks/subnets"
	typePeering = "Microsoft.Network/virtualNetworks/virtualNetworkPeerings"
	typeNSG     = "Microsoft.Network/networkSecurityGroups"
	typeRoutes  = "Microsoft.Network/routeTables"
	typeVMSS    = "Microsoft.Compute/virtualMachineScaleSets"
)

// resourceType is the type that a path below …/providers/ names, in the case
// that ARM uses, and whether the path names one resource rather than a list.
func resourceType(ns, rest string) (typ string, one bool) {
	parts := strings.Split(rest, "/")
	typ = ns
	for i := 0; i < len(parts); i += 2 {
		typ += "/" + parts[i]
	}
	for _, known := range []string{typeCluster, typeVNet, typeSubnet, typePeering, typeNSG, typeRoutes, typeVMSS} {
		if strings.EqualFold(known, typ) {
			typ = known
		}
	}
	return typ, len(parts)%2 == 0
}

// getByPath answers with the resource whose id is the request's path.
func (s *server) getByPath(w http.ResponseWriter, r *http.Request) error {
	o := s.get(r.URL.Path)
	if o == nil {
		return notFound(r.URL.Path)
	}
	writeJSON(w, http.StatusOK, o)
	return nil
}

// get returns a copy of a resource as its GET shows it, children included.
func (s *server) get(id string) object {
	o := s.store.get(id)
	if o != nil && digString(o, "type") == typeVNet {
		s.addChildren(o)
	}
	return o
}

func (s *server) getResource(w http.ResponseWriter, r *http.Request) error {
	typ, one := resourceType(r.PathValue("ns"), r.PathValue("rest"))
	if !one {
		scope, _, _ := strings.Cut(r.URL.Path, "/providers/")
		if i := strings.LastIndex(r.URL.Path, "/"); strings.Count(typ, "/") > 1 {
			scope = r.URL.Path[:i] // a list of children: below their parent
		}
		return s.listBelow(w, r, scope, typ)
	}
	if typ == typeCluster {
		return s.getCluster(w, r)
	}
	return s.getByPath(w, r)
}

// list answers with all resources of a type in a subscription.
func (s *server) list(w http.ResponseWriter, r *http.Request) error {
	typ, _ := resourceType(r.PathValue("ns"), r.PathValue("type"))
	return s.listBelow(w, r, "/subscriptions/"+r.PathValue("sub"), typ)
}

func (s *server) listBelow(w http.ResponseWriter, r *http.Request, scope, typ string) error {
	version := r.URL.Query().Get("api-version")
	if typ == typeCluster {
		if err := s.checkClusterVersion(version); err != nil {
			return err
		}
	}
	all := s.store.find(scope, typ)
	for i, o := range all {
		switch typ {
		case typeCluster:
			all[i] = renderCluster(o, version)
		case typeVNet:
			s.addChildren(o)
		}
	}
	writeJSON(w, http.StatusOK, object{"value": list(all...)})
	return nil
}

func (s *server) getSubscription(w http.ResponseWriter, r *http.Request) error {
	sub := r.PathValue("sub")
	if len(s.store.find("/subscriptions/"+sub, typeGroup)) == 0 {
		return failf(http.StatusNotFound, "SubscriptionNotFound", "The subscription '%s' could not be found.", sub)
	}
	writeJSON(w, http.StatusOK, object{
		"id": "/subscriptions/" + sub, "subscriptionId": sub, "tenantId": tenantID,
		"displayName": "aksmesh lab (simulated)", "state": "Enabled",
	})
	return nil
}

// getPermissions tells what whoever has the token may do with a resource: all.
func (s *server) getPermissions(w http.ResponseWriter, r *http.Request) error {
	id, _, _ := strings.Cut(r.URL.Path, "/providers/microsoft.authorization/")
	if s.get(id) == nil {
		return notFound(id)
	}
	writeJSON(w, http.StatusOK, object{"value": list(object{"actions": list("*"), "notActions": list[string](), "dataActions": list[string](), "notDataActions": list[string]()})})
	return nil
}

func (s *server) getProvider(w http.ResponseWriter, r *http.Request) error {
	ns := r.PathValue("ns")
	if ns != "microsoft.containerservice" {
		return failf(http.StatusNotFound, "InvalidResourceNamespace", "The simulated Azure does not describe the provider '%s'.", ns)
	}
	var versions []string
	s.store.view(func(d *data) { versions = slices.Clone(d.Settings.APIVersions) })
	writeJSON(w, http.StatusOK, object{
		"id": r.URL.Path, "namespace": "Microsoft.ContainerService", "registrationState": "Registered",
		"resourceTypes": list(object{"resourceType": "managedClusters", "apiVersions": list(versions...)}),
	})
	return nil
}
