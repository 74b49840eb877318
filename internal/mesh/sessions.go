package mesh

import (
	"fmt"
	"strings"
)

// DeadSession is a kvstoremesh that takes itself for connected, but with an
// etcd that the remote cluster no longer has.
type DeadSession struct {
	Context string // of the kvstoremesh's cluster
	Pod     string
	To      string // the remote cluster's name
}

func (d *DeadSession) String() string {
	return fmt.Sprintf("%s holds on to a connection to %s that is dead", d.Pod, d.To)
}

// DeadSessions reads what all clusters said at about the same time.
func DeadSessions(clusters []Facts) []DeadSession {
	own := map[string]string{} // etcd ids by cluster name
	for i := range clusters {
		if f := &clusters[i]; f.Config != nil {
			own[f.Config.ClusterName] = OwnEtcd(f.Agents, f.KVStore)
		}
	}
	var dead []DeadSession
	for i := range clusters {
		dead = append(dead, DeadSessionsOf(clusters[i].Context, clusters[i].KVStore, own)...)
	}
	return dead
}

// DeadSessionsOf judges the kvstoremeshes of one cluster; own are the etcd ids
// of the others, by cluster name.
func DeadSessionsOf(context string, kvstores []Agent, own map[string]string) []DeadSession {
	var dead []DeadSession
	for i := range kvstores {
		for j := range kvstores[i].Remotes {
			if r := &kvstores[i].Remotes[j]; r.Stale(own[r.Name]) {
				dead = append(dead, DeadSession{Context: context, Pod: kvstores[i].Pod, To: r.Name})
			}
		}
	}
	return dead
}

// Sees says whether an agent (or kvstoremesh) is connected to a cluster and has
// read all of it.
func (a *Agent) Sees(name string) bool {
	for i := range a.Remotes {
		if remote := &a.Remotes[i]; remote.Name == name {
			return remote.Connected && remote.Ready && remote.Synced
		}
	}
	return false
}

// Knows says whether an agent (or kvstoremesh) has a cluster among its remote
// ones, connected or not.
func (a *Agent) Knows(name string) bool {
	for i := range a.Remotes {
		if a.Remotes[i].Name == name {
			return true
		}
	}
	return false
}

// Unconnected says in one line which of the expected clusters an agent does
// not see, or why it could not be asked; empty if nothing is missing.
func Unconnected(agents []Agent, expected []string) string {
	for i := range agents {
		if agents[i].Error != "" {
			return agents[i].Pod + ": " + agents[i].Error
		}
		var missing []string
		for _, name := range expected {
			if !agents[i].Sees(name) {
				missing = append(missing, name)
			}
		}
		if len(missing) > 0 {
			return agents[i].Pod + " is not connected to " + strings.Join(missing, ", ")
		}
	}
	return ""
}
