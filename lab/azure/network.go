package azure

import (
	"net/http"
	"strings"
)

// children are the child resources that a virtual network's body shows, by the
// property that shows them.
var children = map[string]string{
	"subnets":                typeSubnet,
	"virtualNetworkPeerings": typePeering,
}

// addChildren puts a virtual network's subnets and peerings into its body.
func (s *server) addChildren(vnet object) {
	properties := ensure(vnet, "properties")
	for property, typ := range children {
		properties[property] = list(s.store.find(digString(vnet, "id"), typ)...)
	}
}

// putResource replaces a network resource, at once: tests break networks with
// it, nobody waits for it.
func (s *server) putResource(w http.ResponseWriter, r *http.Request) error {
	typ, one := resourceType(r.PathValue("ns"), r.PathValue("rest"))
	switch {
	case one && typ == typeCluster:
		return s.putCluster(w, r)
	case !one || !strings.HasPrefix(typ, "Microsoft.Network/"):
		return failf(http.StatusMethodNotAllowed, "NotSupportedBySimulation", "The simulated Azure takes no PUT of %s.", typ)
	}
	body, err := decode(r.Body)
	if err != nil {
		return failf(http.StatusBadRequest, "InvalidRequestContent", "The request content was invalid: %v.", err)
	}
	status := http.StatusCreated
	err = s.store.update(func(d *data) error {
		if old := d.Resources[r.URL.Path]; old != nil {
			status = http.StatusOK
		}
		written, _ := r.Context().Value(writtenPath{}).(string)
		return d.putNetwork(written, typ, body)
	})
	if err != nil {
		return err
	}
	writeJSON(w, status, s.get(r.URL.Path))
	return nil
}

// putNetwork stores a network resource. An existing resource keeps the case of
// its id.
func (d *data) putNetwork(id, typ string, body object) error {
	path := strings.ToLower(id)
	if old := d.Resources[path]; old != nil {
		id = digString(old, "id")
	}
	if parent, _, child := strings.Cut(path, "/"+strings.ToLower(lastSegment(typ))+"/"); child && strings.Count(typ, "/") > 1 && d.Resources[parent] == nil {
		return notFound(parent)
	}
	body["id"], body["type"], body["name"], body["etag"] = id, typ, id[strings.LastIndex(id, "/")+1:], newTag()
	properties := ensure(body, "properties")
	properties["provisioningState"] = "Succeeded"
	switch typ {
	case typeNSG:
		properties["defaultSecurityRules"] = defaultRules(id)
	case typeVNet:
		return d.putChildren(id, body)
	case typePeering:
		if err := d.pair(body); err != nil {
			return err
		}
	}
	d.put(body)
	return nil
}

// putChildren stores a virtual network and, as its body says them, its children.
// A list that the body does not have is left alone.
func (d *data) putChildren(id string, vnet object) error {
	properties := ensure(vnet, "properties")
	d.put(vnet)
	for property, typ := range children {
		body, says := properties[property]
		delete(properties, property)
		if !says {
			continue
		}
		prefix := strings.ToLower(id + "/" + lastSegment(typ) + "/")
		for key := range d.Resources {
			if strings.HasPrefix(key, prefix) {
				delete(d.Resources, key)
			}
		}
		for _, child := range objects(body) {
			child["id"] = id + "/" + lastSegment(typ) + "/" + digString(child, "name")
			child["type"], child["etag"] = typ, newTag()
			d.put(child)
		}
	}
	return nil
}

func (s *server) deleteResource(w http.ResponseWriter, r *http.Request) error {
	typ, one := resourceType(r.PathValue("ns"), r.PathValue("rest"))
	if !one || !strings.HasPrefix(typ, "Microsoft.Network/") {
		return failf(http.StatusMethodNotAllowed, "NotSupportedBySimulation", "The simulated Azure deletes no %s.", typ)
	}
	status := http.StatusNoContent
	err := s.store.update(func(d *data) error {
		for id := range d.Resources {
			if id == r.URL.Path || strings.HasPrefix(id, r.URL.Path+"/") {
				if digString(d.Resources[id], "type") == typePeering {
					d.unpair(d.Resources[id])
				}
				delete(d.Resources, id)
				status = http.StatusOK
			}
		}
		return nil
	})
	if err == nil {
		w.WriteHeader(status)
	}
	return err
}

func lastSegment(typ string) string { return typ[strings.LastIndex(typ, "/")+1:] }

// defaultRules are the rules that every network security group has.
func defaultRules(nsgID string) []any {
	rule := func(name, direction, access, from, to string, priority int) object {
		return object{
			"id": nsgID + "/defaultSecurityRules/" + name, "name": name,
			"properties": object{
				"access": access, "direction": direction, "priority": number(priority), "protocol": "*",
				"sourceAddressPrefix": from, "sourcePortRange": "*",
				"destinationAddressPrefix": to, "destinationPortRange": "*",
				"provisioningState": "Succeeded",
			},
		}
	}
	return list(
		rule("AllowVnetInBound", "Inbound", "Allow", "VirtualNetwork", "VirtualNetwork", 65000),
		rule("AllowAzureLoadBalancerInBound", "Inbound", "Allow", "AzureLoadBalancer", "*", 65001),
		rule("DenyAllInBound", "Inbound", "Deny", "*", "*", 65500),
		rule("AllowVnetOutBound", "Outbound", "Allow", "VirtualNetwork", "VirtualNetwork", 65000),
		rule("AllowInternetOutBound", "Outbound", "Allow", "*", "Internet", 65001),
		rule("DenyAllOutBound", "Outbound", "Deny", "*", "*", 65500),
	)
}
