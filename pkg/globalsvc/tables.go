package globalsvc

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Held is what one agent's load balancer would send a client to.
type Held struct {
	Pod  string `json:"pod"`
	Node string `json:"node"`
	// Endpoints counts those that get requests, by their cluster's context. One
	// of a cluster that was not looked at counts under "cluster id N".
	Endpoints map[string]int `json:"endpoints,omitempty"`
	// Differs says in one line each where the table is not as the rules say;
	// empty if it is.
	Differs []string `json:"differs,omitempty"`
	// Error says why the agent could not be asked. Forbidden is true if the user
	// may not.
	Error     string `json:"error,omitempty"`
	Forbidden bool   `json:"forbidden,omitempty"`
}

// Tables holds what the agents of the client's cluster have beside what the
// rules say of the same client.
func Tables(s mesh.Snapshot, a Answers, q Query) []Held {
	here := facts(s, a.Context)
	if here == nil || here.Services == nil {
		return nil
	}
	service := here.Services.Find(q.Namespace, q.Name)
	if service == nil || len(service.ClusterIPs) == 0 {
		return nil // nothing to look up: no Service, or a headless one
	}
	port, ok := choose(service, q)
	if !ok {
		return nil
	}
	var all []Held
	for i := range here.Services.Tables {
		t := &here.Services.Tables[i]
		h := Held{Pod: t.Pod, Node: t.Node, Error: t.Error, Forbidden: t.Forbidden}
		if t.Error == "" {
			h.compare(s, here, &a, t, service, port)
		}
		all = append(all, h)
	}
	return all
}

// Agree says whether every agent that was asked has what the rules say. It is
// false if none could be asked.
func Agree(held []Held) bool {
	asked := false
	for i := range held {
		if len(held[i].Differs) > 0 {
			return false
		}
		asked = asked || held[i].Error == ""
	}
	return asked
}

func (h *Held) compare(s mesh.Snapshot, here *mesh.Facts, a *Answers, t *mesh.Table, service *mesh.GlobalService, port mesh.ServicePort) {
	where := "the agent on " + h.Node
	if len(service.Ports) > 1 {
		where = "port " + portText(port) + ": " + where
	}
	differs := func(format string, args ...any) {
		h.Differs = append(h.Differs, where+" "+fmt.Sprintf(format, args...))
	}
	h.Endpoints = map[string]int{}
	has := map[string]string{} // the context of each address that gets requests
	at := frontend(t, service, port)
	if at == nil {
		differs("has no entry for %s port %d (yet)", service.ClusterIPs[0], port.Port)
		return
	}
	if !at.Done {
		differs("has not written %s to the datapath yet", service.Key())
	}
	for _, b := range used(at.Backends) {
		context := contextOf(s, here, b.ClusterID)
		h.Endpoints[context]++
		has[b.Address] = context
	}
	if a.Unknown != "" {
		return // there is nothing to compare with
	}
	want := map[string]string{}
	for _, b := range a.candidates.on(t.Node) {
		if sameFamily(&mesh.GlobalService{ClusterIPs: []string{at.Address}}, b.endpoint) {
			want[b.endpoint.Address] = b.from.Context
		}
	}
	for _, address := range missing(want, has) {
		differs("lacks %s of %s%s", address, want[address], lacking(here, want[address]))
	}
	for _, address := range missing(has, want) {
		if a.uncounted[has[address]] || len(a.uncounted) > 0 && strings.HasPrefix(has[address], unknownCluster) {
			continue // of a cluster that was not looked at
		}
		differs("still has %s of %s, which should not answer", address, has[address])
	}
}

// portText is a port as "http 80/TCP".
func portText(p mesh.ServicePort) string {
	return strings.TrimSpace(fmt.Sprintf("%s %d/%s", p.Name, p.Port, p.Protocol))
}

// lacking says why an endpoint may not have come through.
func lacking(here *mesh.Facts, context string) string {
	if context == here.Context {
		return ""
	}
	return fmt.Sprintf(" (if it stays so, look at the connection: kubectl aksmesh status --context %s --context %s)", here.Context, context)
}

// frontend is the entry for the Service's address and port.
func frontend(t *mesh.Table, service *mesh.GlobalService, port mesh.ServicePort) *mesh.Frontend {
	i := slices.IndexFunc(t.Frontends, func(f mesh.Frontend) bool {
		return f.Service == service.Key() && f.Port == port.Port && f.Protocol == port.Protocol && slices.Contains(service.ClusterIPs, f.Address)
	})
	if i < 0 {
		return nil
	}
	return &t.Frontends[i]
}

// used are the backends that get new requests.
func used(all []mesh.Backend) []mesh.Backend {
	in := func(state mesh.BackendState) []mesh.Backend {
		return slices.DeleteFunc(slices.Clone(all), func(b mesh.Backend) bool { return b.State != state })
	}
	if active := in(mesh.BackendActive); len(active) > 0 {
		return active
	}
	return in(mesh.BackendTerminating)
}

// unknownCluster begins what stands for the context of a cluster that was not
// looked at.
const unknownCluster = "cluster id "

// contextOf is the context of the cluster with that id; 0 is the agent's own.
func contextOf(s mesh.Snapshot, here *mesh.Facts, id int) string {
	if id == 0 {
		return here.Context
	}
	for i := range s.Clusters {
		if f := &s.Clusters[i]; f.Config != nil && f.Config.ClusterID == id {
			return f.Context
		}
	}
	return fmt.Sprintf("%s%d", unknownCluster, id)
}

// missing are the keys of want that has does not have, sorted.
func missing(want, has map[string]string) []string {
	var keys []string
	for key := range maps.Keys(want) {
		if _, ok := has[key]; !ok {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(strings.Compare(want[a], want[b]), strings.Compare(a, b)) })
	return keys
}
