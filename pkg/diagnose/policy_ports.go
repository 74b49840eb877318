package diagnose

import (
	"strconv"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// about says whether a rule is about connections to an endpoint's port. Which
// port a name means is known to the pod alone.
func (w *way) about(port mesh.EndpointPort) answer {
	if w.anyPort {
		return yes
	}
	out := no
	for _, p := range w.ports {
		out = max(out, portIn(p, port))
	}
	return out
}

// portIn judges a port of either kind of policy: a number, a range or a name.
func portIn(p map[string]any, port mesh.EndpointPort) answer {
	protocol, _ := p["protocol"].(string)
	if protocol != "" && !strings.EqualFold(protocol, "ANY") && !strings.EqualFold(protocol, port.Protocol) {
		return no
	}
	if p["port"] == nil {
		return yes
	}
	from, numeric := portNumber(p["port"])
	to, ranged := portNumber(p["endPort"])
	switch {
	case !numeric:
		return maybe
	case from == 0, from == port.Port, ranged && from <= port.Port && port.Port <= to:
		return yes
	}
	return no
}

// portNumber reads a number of plain data, or one in a text.
func portNumber(raw any) (int32, bool) {
	switch v := raw.(type) {
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

// objects are the maps in a list of plain data.
func objects(raw any) []map[string]any {
	var out []map[string]any
	for _, item := range items(raw) {
		if m, ok := item.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}
