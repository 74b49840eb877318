package azure

import (
	"slices"
	"strings"
)

// mend takes a network fault back, if there is one of that name. What others
// have changed meanwhile stays.
func (d *data) mend(name string) {
	f := d.NetworkFaults[name]
	delete(d.NetworkFaults, name)
	switch {
	case f == nil:
	case f.Kind == FaultPeering:
		from, to := d.cluster(f.From), d.cluster(f.To)
		if from == nil || to == nil {
			return // its cluster is gone, and the peering with it
		}
		for _, half := range d.halves(f, from, to) {
			half["peeringState"], half["allowVirtualNetworkAccess"] = "Connected", true
		}
	default:
		for id, o := range d.Resources {
			switch digString(o, "type") {
			case typeNSG:
				d.drop(id, o, "securityRules", name)
			case typeRoutes:
				d.drop(id, o, "routes", name)
			}
		}
	}
}

// drop removes what a fault has added to a list, and the resource with it if the
// simulation made it and nothing is left in it.
func (d *data) drop(id string, o object, list, name string) {
	properties := ensure(o, "properties")
	have, _ := properties[list].([]any)
	left := slices.DeleteFunc(slices.Clone(have), func(e any) bool {
		m, _ := e.(object)
		return digString(m, "name") == simulatedPrefix+name
	})
	if len(left) == len(have) {
		return
	}
	properties[list] = left
	if len(left) > 0 || !strings.HasPrefix(digString(o, "name"), simulatedPrefix) {
		return
	}
	delete(d.Resources, id)
	for _, subnet := range d.Resources {
		if digString(subnet, "type") != typeSubnet {
			continue
		}
		for _, property := range []string{"networkSecurityGroup", "routeTable"} {
			if strings.EqualFold(digString(subnet, "properties", property, "id"), id) {
				delete(ensure(subnet, "properties"), property)
			}
		}
	}
}

// forgetNetwork takes back the faults of a subscription's clusters.
func (d *data) forgetNetwork(below string) {
	for name, f := range d.NetworkFaults {
		for _, c := range []object{d.cluster(f.From), d.cluster(f.To)} {
			if c == nil || strings.HasPrefix(strings.ToLower(digString(c, "id")), below) {
				d.mend(name)
			}
		}
	}
}
