package agent

import (
	"cmp"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// etcdConfig is the part of an etcd client's configuration that says whom it
// dials, with Cilium's own extension (1.20) for names that no DNS knows.
type etcdConfig struct {
	Endpoints   []string `json:"endpoints"`
	HostAliases []struct {
		Hostname string   `json:"hostname"`
		IPs      []string `json:"ips"`
	} `json:"cilium-host-aliases"`
}

// ParsePeers reads the data of Secret cilium-kvstoremesh (whom kvstoremesh
// dials) or cilium-clustermesh (whom the agents dial: with kvstoremesh that is
// the cluster's own Service for every peer). It returns the peers by name; the
// error joins what could not be read, and the readable peers come with it.
//
// An entry is a peer if it holds "endpoints:", as for Cilium's own watcher;
// the other keys are certificates. Up to Cilium 1.19 the addresses behind a
// "<name>.mesh.cilium.io" are only in the hostAliases of who dials, which
// aliases gives (nil is fine): host name to IPs.
func ParsePeers(data map[string][]byte, aliases map[string][]string) ([]mesh.Peer, error) {
	var peers []mesh.Peer
	var broken []string
	for name, raw := range data {
		if !strings.Contains(string(raw), "endpoints:") {
			continue
		}
		peer, err := parsePeer(name, raw, aliases)
		if err != nil {
			broken = append(broken, err.Error())
		}
		peers = append(peers, peer)
	}
	slices.SortFunc(peers, func(a, b mesh.Peer) int { return cmp.Compare(a.Name, b.Name) })
	if len(broken) > 0 {
		slices.Sort(broken)
		return peers, fmt.Errorf("peers that cannot be read: %s", strings.Join(broken, "; "))
	}
	return peers, nil
}

func parsePeer(name string, raw []byte, aliases map[string][]string) (mesh.Peer, error) {
	peer := mesh.Peer{Name: name}
	var c etcdConfig
	if err := yaml.Unmarshal(raw, &c); err != nil {
		// The parser's words can quote the entry, which may hold a password.
		return peer, fmt.Errorf("%s is not YAML", name)
	}
	known := map[string][]string{}
	for host, ips := range aliases {
		known[host] = ips
	}
	for _, alias := range c.HostAliases {
		known[alias.Hostname] = alias.IPs
	}
	for _, endpoint := range c.Endpoints {
		host, port, err := dialled(endpoint)
		if err != nil {
			return peer, fmt.Errorf("%s: %w", name, err)
		}
		peer.Port = port
		if ips := known[host]; len(ips) > 0 {
			peer.Addresses = append(peer.Addresses, ips...)
		} else {
			peer.Addresses = append(peer.Addresses, host)
		}
	}
	return peer, nil
}

// dialled returns the host and port of an endpoint as "https://host:2379".
func dialled(endpoint string) (host string, port int, err error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Hostname() == "" {
		return "", 0, fmt.Errorf("endpoint is not a URL")
	}
	if u.Port() == "" {
		return u.Hostname(), 0, nil
	}
	port, err = strconv.Atoi(u.Port())
	if err != nil || port < 1 || port > 65535 {
		return "", 0, fmt.Errorf("endpoint's port %q is not a port", u.Port())
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		return ip.String(), port, nil
	}
	return u.Hostname(), port, nil
}
