package agent

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// FrontendsCommand asks the agent, in container cilium-agent, what
// [ParseFrontends] reads: its load balancer's table with the backends that it
// selected for each frontend. "cilium-dbg service list" has no cluster ids, and
// its affinities are wrong (cilium/cilium#43681).
func FrontendsCommand() []string {
	return []string{"cilium-dbg", "shell", "--", "db/show", "--format=json", "frontends"}
}

// Shapes of the JSON: one object after another, after Cilium 1.20's
// pkg/loadbalancer.Frontend.
type (
	frontend struct {
		Address     string // "10.0.0.1:443/TCP", "[fd00::1]:443/TCP", with "/i" behind for the internal scope
		Type        string
		ServiceName string
		Status      struct {
			Kind string `json:"kind"`
		}
		Backends []backend
	}
	backend struct {
		Address   string
		ClusterID int
		Source    string
		State     int // of pkg/loadbalancer.BackendState
		Unhealthy bool
	}
)

const clusterIP = "ClusterIP"

// ParseFrontends reads the ClusterIPs' frontends of the services that are
// wanted, by "namespace/name".
func ParseFrontends(out []byte, wanted func(service string) bool) ([]mesh.Frontend, error) {
	var found []mesh.Frontend
	decoder := json.NewDecoder(bytes.NewReader(out))
	for {
		var f frontend
		err := decoder.Decode(&f)
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, fmt.Errorf("agent's table of frontends is not JSON: %w", err)
		}
		if f.Type != clusterIP || !wanted(f.ServiceName) {
			continue
		}
		facts, err := f.facts()
		if err != nil {
			return nil, err
		}
		found = append(found, facts)
	}
}

func (f *frontend) facts() (mesh.Frontend, error) {
	address, protocol, err := parseAddress(f.Address)
	if err != nil {
		return mesh.Frontend{}, err
	}
	facts := mesh.Frontend{
		Service: f.ServiceName, Address: address.Addr().String(), Port: int32(address.Port()), Protocol: protocol,
		Done: f.Status.Kind == "Done",
	}
	for i := range f.Backends {
		b := &f.Backends[i]
		at, _, err := parseAddress(b.Address)
		if err != nil {
			return mesh.Frontend{}, err
		}
		facts.Backends = append(facts.Backends, mesh.Backend{
			Address: at.Addr().String(), Port: int32(at.Port()), ClusterID: b.ClusterID, State: b.state(),
		})
	}
	return facts, nil
}

func (b *backend) state() mesh.BackendState {
	switch {
	case b.State == 1:
		return mesh.BackendTerminating
	case b.State == 0 && !b.Unhealthy:
		return mesh.BackendActive
	default:
		return mesh.BackendIdle
	}
}

// parseAddress reads "IP:PORT/PROTOCOL". A cluster id behind the IP ("IP@2"),
// which agents write where pod CIDRs may overlap, is left out.
func parseAddress(text string) (address netip.AddrPort, protocol string, err error) {
	where, protocol, _ := strings.Cut(text, "/")
	protocol, _, _ = strings.Cut(protocol, "/")
	at := strings.LastIndexByte(where, ':')
	if at < 0 || protocol == "" {
		return address, "", fmt.Errorf("agent's table of frontends has the address %.80q, which is not IP:PORT/PROTOCOL", text)
	}
	ip, _, _ := strings.Cut(strings.Trim(where[:at], "[]"), "@")
	parsed, err := netip.ParseAddr(ip)
	if err != nil {
		return address, "", fmt.Errorf("agent's table of frontends: %w", err)
	}
	port, err := strconv.ParseUint(where[at+1:], 10, 16)
	if err != nil {
		return address, "", fmt.Errorf("agent's table of frontends: port of %.80q: %w", text, err)
	}
	return netip.AddrPortFrom(parsed, uint16(port)), protocol, nil
}
