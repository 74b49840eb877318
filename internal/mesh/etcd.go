package mesh

// OwnEtcd is the id of the etcd that a cluster serves to the others, as its
// own agents name it: they read other clusters from there, through the cache
// that kvstoremesh keeps. Each start of clustermesh-apiserver begins a new
// etcd. It is empty if nobody says, without kvstoremesh, and with several
// replicas, each of which has an etcd of its own.
func OwnEtcd(agents, kvstores []Agent) string {
	if len(kvstores) != 1 {
		return ""
	}
	id := ""
	for i := range agents {
		for j := range agents[i].Remotes {
			r := &agents[i].Remotes[j]
			if r.EtcdID == "" || !r.Connected {
				continue
			}
			if id != "" && id != r.EtcdID {
				return "" // some agents have not noticed a restart yet
			}
			id = r.EtcdID
		}
	}
	return id
}

// Stale says whether a kvstoremesh takes itself for connected with an etcd
// that is no more: own is the id of the one that the remote cluster has now.
// Until it notices, which takes a minute and more, nothing new of that cluster comes
// through.
func (r *Remote) Stale(own string) bool {
	return r.Connected && own != "" && r.EtcdID != "" && r.EtcdID != own
}
