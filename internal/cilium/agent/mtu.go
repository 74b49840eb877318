package agent

import (
	"bufio"
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// MTUCommand asks the agent, in container cilium-agent, what [ParseMTU] reads:
// its tables of network devices and of MTUs, as text with only the columns
// that matter, since a node has a device for each pod.
func MTUCommand() []string {
	return []string{"sh", "-c", "cilium-dbg shell -- db/show mtu; cilium-dbg shell -- db/show --columns=Name,MTU,Selected devices"}
}

// ParseMTU reads an answer to [MTUCommand]. An error says that the agent has
// no such tables.
func ParseMTU(out []byte) (*mesh.NodeMTU, error) {
	m := &mesh.NodeMTU{}
	found := false
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		switch {
		case len(f) >= 3 && (f[0] == "0.0.0.0/0" || f[0] == "::/0" && !found):
			device, err1 := strconv.Atoi(f[1])
			route, err2 := strconv.Atoi(f[2])
			if err1 == nil && err2 == nil && device > 0 && route > 0 {
				m.Device, m.Route, found = device, route, true
			}
		case len(f) == 3 && f[2] == "true":
			if mtu, err := strconv.Atoi(f[1]); err == nil && mtu > 0 {
				m.Devices = append(m.Devices, mesh.DeviceMTU{Name: f[0], MTU: mtu})
			}
		}
	}
	if !found {
		return nil, fmt.Errorf("agent's table of MTUs is not the one expected: %.80q", oneLine(string(out)))
	}
	return m, nil
}
