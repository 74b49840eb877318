package mesh

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// pairOf are two connected clusters; etcds are the ids of a's and b's etcd, and
// seen is the id of the one that a's kvstoremesh is connected with.
func pairOf(a, b, seen string) []Facts {
	cluster := func(name, peer, own, remote string) Facts {
		return Facts{
			Context: name, Config: &Config{ClusterName: name, ClusterID: 1},
			Agents:  []Agent{{Pod: "cilium-" + name, Remotes: []Remote{{Name: peer, Connected: true, EtcdID: own}}}},
			KVStore: []Agent{{Pod: "mesh-" + name, Remotes: []Remote{{Name: peer, Connected: true, EtcdID: remote}}}},
		}
	}
	return []Facts{cluster("a", "b", a, seen), cluster("b", "a", b, a)}
}

// A cluster that was made anew a minute ago is still connected in the eyes
// of the others: their etcd clients notice after more than a minute.
func TestDeadSessions(t *testing.T) {
	several := pairOf("e1", "e2", "e0")
	several[1].KVStore = append(several[1].KVStore, several[1].KVStore[0])
	for name, test := range map[string]struct {
		clusters []Facts
		want     []DeadSession
	}{
		"alive":                      {pairOf("e1", "e2", "e2"), nil},
		"dead":                       {pairOf("e1", "e2", "e0"), []DeadSession{{Context: "a", Pod: "mesh-a", To: "b"}}},
		"agents do not say":          {pairOf("e1", "", "e0"), nil},
		"kvstoremesh does not say":   {pairOf("e1", "e2", ""), nil},
		"replicas have an etcd each": {several, nil},
	} {
		if diff := cmp.Diff(test.want, DeadSessions(test.clusters)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
