package azure

import (
	"net/http"
	"slices"
	"strings"
)

// Kinds of [NetworkFault].
const (
	FaultDeny    = "deny"
	FaultRoute   = "route"
	FaultPeering = "peering"
)

// simulatedPrefix starts the names of all rules, routes and resources that
// faults make, so that nobody takes them for somebody's own.
const simulatedPrefix = "simulated-"

// NetworkFault is something wrong in what ARM shows of the network between two
// clusters. It touches no packet: the lab's fabric has faults of its own.
type NetworkFault struct {
	Kind string `json:"kind"` // deny, route or peering
	// From and To are names of clusters.
	From string `json:"from"`
	To   string `json:"to"`

	// Direction of the rule that denies: Inbound (or empty) puts it where To's
	// nodes are, Outbound where From's are.
	Direction string `json:"direction,omitempty"`
	// Layer is nic (or empty), the security group that AKS made, or subnet, one
	// that is made and put on the subnet if there is none.
	Layer    string `json:"layer,omitempty"`
	Protocol string `json:"protocol,omitempty"` // empty: *
	Port     string `json:"port,omitempty"`     // or a range; empty: *
	Priority int    `json:"priority,omitempty"` // 0: 200

	// Prefix of the route on From's subnet; empty is the range of To's subnet.
	Prefix    string `json:"prefix,omitempty"`
	NextHop   string `json:"nextHop,omitempty"` // empty: None
	NextHopIP string `json:"nextHopIP,omitempty"`

	// State of the peering's halves; empty is Disconnected, or Connected with NoAccess.
	State string `json:"state,omitempty"`
	// NoAccess takes away allowVirtualNetworkAccess.
	NoAccess bool `json:"noAccess,omitempty"`
	// OneWay leaves To's half of the peering alone.
	OneWay bool `json:"oneWay,omitempty"`
}

func (s *server) routeNetworkFaults(mux *http.ServeMux) {
	mux.Handle("PUT /simulation/network/{name}", handler(s.putNetworkFault))
	mux.Handle("DELETE /simulation/network", handler(s.deleteNetworkFaults))
	mux.Handle("DELETE /simulation/network/{name}", handler(s.deleteNetworkFaults))
	mux.Handle("GET /simulation/network", handler(func(w http.ResponseWriter, _ *http.Request) error {
		s.store.view(func(d *data) { writeJSON(w, http.StatusOK, d.NetworkFaults) })
		return nil
	}))
}

func (s *server) putNetworkFault(w http.ResponseWriter, r *http.Request) error {
	f := &NetworkFault{}
	if err := readStrict(r, f); err != nil {
		return err
	}
	return s.bend(w, func(d *data) (any, error) {
		name := r.PathValue("name")
		from, to, err := d.between(f)
		if err != nil {
			return nil, err
		}
		d.mend(name) // a fault of that name is replaced
		switch f.Kind {
		case FaultDeny:
			d.deny(name, f, from, to)
		case FaultRoute:
			d.misroute(name, f, from, to)
		case FaultPeering:
			d.breakPeering(f, from, to)
		}
		d.NetworkFaults[name] = f
		return f, nil
	})
}

func (s *server) deleteNetworkFaults(w http.ResponseWriter, r *http.Request) error {
	return s.bend(w, func(d *data) (any, error) {
		if name := r.PathValue("name"); name != "" {
			d.mend(name)
		} else {
			for name := range d.NetworkFaults {
				d.mend(name)
			}
		}
		return d.NetworkFaults, nil
	})
}

// between are the two clusters of a fault, which is refused if it is none.
func (d *data) between(f *NetworkFault) (from, to object, err error) {
	if !slices.Contains([]string{FaultDeny, FaultRoute, FaultPeering}, f.Kind) {
		return nil, nil, failf(http.StatusBadRequest, "InvalidSimulationRequest", "no network fault %q: deny, route or peering", f.Kind)
	}
	from, to = d.cluster(f.From), d.cluster(f.To)
	if from == nil {
		return nil, nil, notFound(f.From)
	}
	if to == nil {
		return nil, nil, notFound(f.To)
	}
	if f.Kind == FaultPeering && d.peering(from, to) == nil {
		return nil, nil, failf(http.StatusBadRequest, "InvalidSimulationRequest", "the networks of %s and %s are not peered", f.From, f.To)
	}
	return from, to, nil
}

// subnet is the subnet of a cluster's nodes.
func (d *data) subnet(cluster object) object {
	pools := objects(dig(cluster, "properties", "agentPoolProfiles"))
	return d.Resources[strings.ToLower(digString(pools[0], "vnetSubnetID"))]
}

// deny adds a rule to a security group of one of the clusters.
func (d *data) deny(name string, f *NetworkFault, from, to object) {
	cluster, direction := to, "Inbound"
	if strings.EqualFold(f.Direction, "Outbound") {
		cluster, direction = from, "Outbound"
	}
	group := d.nodeGroupNSG(cluster)
	if f.Layer == "subnet" {
		group = d.attached(cluster, "networkSecurityGroup", typeNSG)
	}
	rules := ensure(group, "properties")
	list, _ := rules["securityRules"].([]any)
	orElse := func(value, otherwise string) string {
		if value == "" {
			return otherwise
		}
		return value
	}
	priority := f.Priority
	if priority == 0 {
		priority = 200
	}
	rules["securityRules"] = append(list, object{
		"id": digString(group, "id") + "/securityRules/" + simulatedPrefix + name, "name": simulatedPrefix + name,
		"properties": object{
			"access": "Deny", "direction": direction, "priority": number(priority), "protocol": orElse(f.Protocol, "*"),
			"sourceAddressPrefix": digString(d.subnet(from), "properties", "addressPrefix"), "sourcePortRange": "*",
			"destinationAddressPrefix": digString(d.subnet(to), "properties", "addressPrefix"), "destinationPortRange": orElse(f.Port, "*"),
			"provisioningState": "Succeeded",
		},
	})
}

// nodeGroupNSG is the security group that AKS has put on the nodes' interfaces.
func (d *data) nodeGroupNSG(cluster object) object {
	group := strings.ToLower("/resourceGroups/" + digString(cluster, "properties", "nodeResourceGroup") + "/")
	for id, o := range d.Resources {
		if digString(o, "type") == typeNSG && strings.Contains(id, group) {
			return o
		}
	}
	return object{} // seeded with every cluster
}

// attached is what the subnet of a cluster's nodes has as a property, made if
// there is none.
func (d *data) attached(cluster object, property, typ string) object {
	subnet := d.subnet(cluster)
	if o := d.Resources[strings.ToLower(digString(subnet, "properties", property, "id"))]; o != nil {
		return o
	}
	scope, _, _ := strings.Cut(digString(subnet, "id"), "/virtualNetworks/")
	name := simulatedPrefix + digString(cluster, "name")
	id := scope + "/" + lastSegment(typ) + "/" + name
	made := object{"id": id, "name": name, "type": typ, "location": cluster["location"], "etag": newTag(), "properties": succeeded()}
	if typ == typeNSG {
		made["properties"].(object)["defaultSecurityRules"] = defaultRules(id)
	}
	d.put(made)
	ensure(subnet, "properties")[property] = object{"id": id}
	return made
}

// misroute adds a route to the subnet of From's nodes.
func (d *data) misroute(name string, f *NetworkFault, from, to object) {
	prefix, hop := f.Prefix, f.NextHop
	if prefix == "" {
		prefix = digString(d.subnet(to), "properties", "addressPrefix")
	}
	if hop == "" {
		hop = "None"
	}
	table := d.attached(from, "routeTable", typeRoutes)
	properties := ensure(table, "properties")
	list, _ := properties["routes"].([]any)
	route := object{"addressPrefix": prefix, "nextHopType": hop, "provisioningState": "Succeeded"}
	if f.NextHopIP != "" {
		route["nextHopIpAddress"] = f.NextHopIP
	}
	properties["routes"] = append(list, object{
		"id": digString(table, "id") + "/routes/" + simulatedPrefix + name, "name": simulatedPrefix + name, "properties": route,
	})
}

// peering is the properties of the half of a peering that is in from's network.
func (d *data) peering(from, to object) object {
	vnet := func(cluster object) string {
		id, _, _ := strings.Cut(strings.ToLower(digString(d.subnet(cluster), "id")), "/subnets/")
		return id
	}
	below := vnet(from) + "/virtualnetworkpeerings/"
	for id, o := range d.Resources {
		if strings.HasPrefix(id, below) && strings.EqualFold(digString(o, "properties", "remoteVirtualNetwork", "id"), vnet(to)) {
			return ensure(o, "properties")
		}
	}
	return nil
}

func (d *data) breakPeering(f *NetworkFault, from, to object) {
	state := f.State
	if state == "" && !f.NoAccess {
		state = "Disconnected"
	}
	for _, half := range d.halves(f, from, to) {
		half["allowVirtualNetworkAccess"] = !f.NoAccess
		if state != "" {
			half["peeringState"] = state
		}
	}
}

func (d *data) halves(f *NetworkFault, from, to object) []object {
	out := []object{d.peering(from, to)}
	if !f.OneWay {
		out = append(out, d.peering(to, from))
	}
	return slices.DeleteFunc(out, func(o object) bool { return o == nil })
}
