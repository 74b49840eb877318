package azure

import (
	"net/http"
	"strings"
)

// pair gives a peering that is put the state that Azure would: Initiated until
// the other network has its half, and then both are Connected. A half that has
// lost the other must be deleted before that can be made anew. A body that says
// a state keeps it: tests break peerings so.
func (d *data) pair(peering object) error {
	properties := ensure(peering, "properties")
	if digString(properties, "peeringState") != "" {
		return nil
	}
	other := d.otherHalf(peering)
	switch {
	case other == nil:
		properties["peeringState"] = "Initiated"
	case digString(other, "peeringState") == "Disconnected":
		return failf(http.StatusBadRequest, "RemotePeeringIsDisconnected",
			"Cannot create or update peering %s because the remote peering is Disconnected.", digString(peering, "id"))
	default:
		properties["peeringState"], other["peeringState"] = "Connected", "Connected"
	}
	return nil
}

// unpair leaves the other half of a peering that is deleted disconnected.
func (d *data) unpair(peering object) {
	if other := d.otherHalf(peering); other != nil {
		other["peeringState"] = "Disconnected"
	}
}

// otherHalf is the properties of the peering's half in the remote network; nil
// if there is none.
func (d *data) otherHalf(peering object) object {
	here, _, _ := strings.Cut(strings.ToLower(digString(peering, "id")), "/virtualnetworkpeerings/")
	below := strings.ToLower(digString(peering, "properties", "remoteVirtualNetwork", "id")) + "/virtualnetworkpeerings/"
	for id, o := range d.Resources {
		if strings.HasPrefix(id, below) && strings.EqualFold(digString(o, "properties", "remoteVirtualNetwork", "id"), here) {
			return ensure(o, "properties")
		}
	}
	return nil
}
