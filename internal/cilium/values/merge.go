package values

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Methods of making the mesh's certificates.
const (
	MethodHelm        = "helm"        // the chart signs them itself, at every revision
	MethodCronJob     = "cronJob"     // certgen signs them with cilium-ca, in a Job
	MethodCertManager = "certmanager" // cert-manager's issuer signs them
	MethodProvided    = "provided"    // the user keeps the secrets; the chart makes none
)

// TLSMethod tells how a release's values have the mesh's certificates made:
// helm, cronJob, certmanager, [MethodProvided], or empty if they do not say.
// A release without a mesh can say nothing.
func TLSMethod(release Values) string {
	if !isOn(release, true, "clustermesh", "apiserver", "tls", "auto", "enabled") {
		return MethodProvided
	}
	method, _ := get(release, "clustermesh", "apiserver", "tls", "auto", "method")
	name, _ := method.(string)
	return name
}

// Merge layers values, later ones winning: what the release has, what the wish
// needs, what the user gave. Maps are merged, lists replaced; the peers in
// clustermesh.config.clusters are merged by name, in the spelling (map or
// list) of ours. A number or flag that a release has as text ("true") stays
// text, so that nothing seems to change. No argument is changed.
func Merge(release, ours, user Values) Values {
	wantList := false
	if c, ok := get(ours, clusterPath()...); ok {
		_, wantList = c.([]any)
	}
	ours = withClusterMap(ours)
	merged := merge(withoutStalePeers(withClusterMap(release), ours), ours)
	merged = merge(merged, withClusterMap(user))
	if c, ok := get(merged, clusterPath()...); ok && wantList {
		if byName, ok := c.(Values); ok {
			set(merged, clusterList(byName), clusterPath()...)
		}
	}
	return merged
}

// RemovePeers returns values without the peers of these names, in either
// spelling. The argument is not changed.
func RemovePeers(v Values, names ...string) Values {
	out := clone(v)
	c, ok := get(out, clusterPath()...)
	if !ok {
		return out
	}
	switch c := c.(type) {
	case Values:
		for _, name := range names {
			delete(c, name)
		}
	case []any:
		set(out, slices.DeleteFunc(c, func(entry any) bool {
			m, _ := entry.(Values)
			name, _ := m["name"].(string)
			return slices.Contains(names, name)
		}), clusterPath()...)
	}
	return out
}

// Equal says whether two sets of values are the same to Helm, which stores
// them as JSON: 1 equals 1.0, and nil equals no map at all.
func Equal(a, b Values) bool {
	return reflect.DeepEqual(normal(a), normal(b))
}

func clusterPath() []string { return []string{"clustermesh", "config", "clusters"} }

// withClusterMap returns a copy of v with its peers by name.
func withClusterMap(v Values) Values {
	out := clone(v)
	c, ok := get(out, clusterPath()...)
	if !ok {
		return out
	}
	list, ok := c.([]any)
	if !ok {
		return out
	}
	byName := Values{}
	for _, entry := range list {
		peer, ok := entry.(Values)
		if !ok {
			continue
		}
		if name, ok := peer["name"].(string); ok {
			delete(peer, "name")
			byName[name] = peer
		}
	}
	set(out, byName, clusterPath()...)
	return out
}

// withoutStalePeers takes from the release's peers what would contradict ours:
// where a peer was before (the chart prefers ips to an address), and that it
// was switched off. The argument is changed.
func withoutStalePeers(release, ours Values) Values {
	theirs, _ := get(release, clusterPath()...)
	wanted, _ := get(ours, clusterPath()...)
	had, _ := theirs.(Values)
	want, _ := wanted.(Values)
	for name := range want {
		if peer, ok := had[name].(Values); ok {
			for _, key := range []string{"ips", "address", "enabled"} {
				delete(peer, key)
			}
		}
	}
	return release
}

// Peers are the clusters that values tell a cluster to connect to, itself
// among them, by name.
func Peers(release Values) []mesh.Peer {
	at, _ := get(withClusterMap(release), clusterPath()...)
	byName, _ := at.(Values)
	var peers []mesh.Peer
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		entry, ok := byName[name].(Values)
		if !ok {
			continue // null: the user takes the peer out
		}
		peer := mesh.Peer{Name: name}
		if address, ok := entry["address"].(string); ok && address != "" {
			peer.Addresses = append(peer.Addresses, address)
		}
		ips, _ := entry["ips"].([]any)
		for _, ip := range ips {
			if text, ok := ip.(string); ok {
				peer.Addresses = append(peer.Addresses, text)
			}
		}
		peers = append(peers, peer)
	}
	return peers
}

// clusterList spells peers as charts before 1.19 read them, sorted by name.
func clusterList(byName Values) []any {
	list := make([]any, 0, len(byName))
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		peer, ok := byName[name].(Values)
		if !ok {
			continue // null: the user takes the peer out
		}
		entry := Values{"name": name}
		maps.Copy(entry, peer)
		list = append(list, entry)
	}
	return list
}

// merge returns a new map; over wins.
func merge(under, over Values) Values {
	out := clone(under)
	for key, value := range over {
		low, isMap := out[key].(Values)
		high, both := value.(Values)
		switch {
		case isMap && both:
			out[key] = merge(low, high)
		case isScalar(out[key]) && isScalar(value) && fmt.Sprint(out[key]) == fmt.Sprint(value):
			// keeps the release's own spelling
		default:
			out[key] = cloneAny(value)
		}
	}
	return out
}

func isScalar(v any) bool {
	switch v.(type) {
	case nil, Values, []any:
		return false
	}
	return true
}

func clone(v Values) Values {
	out := make(Values, len(v))
	for key, value := range v {
		out[key] = cloneAny(value)
	}
	return out
}

func cloneAny(v any) any {
	switch v := v.(type) {
	case Values:
		return clone(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = cloneAny(v[i])
		}
		return out
	}
	return v
}

// normal is v as JSON would give it back. Values that JSON cannot hold do not
// occur: they come from YAML, JSON, --set or [For].
func normal(v Values) Values {
	data, err := json.Marshal(v)
	if err != nil {
		return v
	}
	out := Values{}
	if err := json.Unmarshal(data, &out); err != nil || out == nil {
		return Values{}
	}
	return out
}
