package globalsvc

import (
	"strconv"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

func kubernetesPorts(ports any, port mesh.EndpointPort) outcome {
	all := objects(ports)
	if len(all) == 0 {
		return yes
	}
	most := no
	for _, p := range all {
		most = max(most, portMatches(p, port, "TCP"))
	}
	return most
}

// ciliumPorts: an entry of toPorts that lists no ports means none, but a rule
// without entries means all.
func ciliumPorts(rule map[string]any, port mesh.EndpointPort) outcome {
	if len(objects(rule["icmps"])) > 0 {
		return no
	}
	groups := objects(rule["toPorts"])
	if len(groups) == 0 {
		return yes
	}
	most := no
	for _, group := range groups {
		here := no
		for _, p := range objects(group["ports"]) {
			here = max(here, portMatches(p, port, anyProtocol))
		}
		if asksMore(group) {
			here = min(here, maybe)
		}
		most = max(most, here)
	}
	return most
}

// asksMore says whether what is in the connection decides, too.
func asksMore(group map[string]any) bool {
	for _, key := range []string{"rules", "listener", "serverNames", "terminatingTLS", "originatingTLS"} {
		if group[key] != nil {
			return true
		}
	}
	return false
}

// anyProtocol is Cilium's word for TCP, UDP and SCTP.
const anyProtocol = "ANY"

// portMatches judges a port of either kind of policy: a number, a range or a
// name. fallback is the protocol if none is named.
func portMatches(p map[string]any, port mesh.EndpointPort, fallback string) outcome {
	protocol, _ := p["protocol"].(string)
	if protocol == "" {
		protocol = fallback
	}
	if !strings.EqualFold(protocol, anyProtocol) && !strings.EqualFold(protocol, port.Protocol) {
		return no
	}
	if p["port"] == nil {
		return yes
	}
	from, numeric := number(p["port"])
	if !numeric {
		return maybe // a name of a container's port
	}
	if from == 0 || from == port.Port {
		return yes
	}
	if to, ok := number(p["endPort"]); ok && port.Port >= from && port.Port <= to {
		return yes
	}
	return no
}

func number(value any) (int32, bool) {
	switch v := value.(type) {
	case int64:
		return int32(v), true
	case float64:
		return int32(v), true
	case string:
		n, err := strconv.ParseInt(v, 10, 32)
		return int32(n), err == nil
	}
	return 0, false
}
