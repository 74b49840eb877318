package mesh

import (
	"hash/maphash"
	"slices"
)

// mostVariants is how many different measurements of a cluster's agents are
// compared with; in trouble each agent may have one of its own.
const mostVariants = 8

// mostWhole is of how many agents of a cluster all is kept that they say of a
// remote: of the first ones, and of the first that are in trouble with it.
const mostWhole = 8

// ShareViews lets agents that say the same of all remotes have it in memory
// once. Without it, a mesh of 100 clusters with 1,000 nodes has ten million
// remotes: more than a gigabyte of the same. As no two agents count alike while
// things change, most agents keep of a remote only how the connection is: see
// [mostWhole].
func ShareViews(agents []Agent) {
	seed := maphash.MakeSeed()
	variants := map[uint64][][]Remote{}
	troubled := map[string]int{}
	for i := range agents {
		remotes := agents[i].Remotes
		for j := range remotes {
			r := &remotes[j]
			well := r.Connected && r.Ready && r.Synced
			if !well {
				troubled[r.Name]++
			}
			if i >= mostWhole && (well || troubled[r.Name] > mostWhole) {
				*r = Remote{Name: r.Name, Connected: r.Connected, Ready: r.Ready, Synced: r.Synced, ID: r.ID, EtcdID: r.EtcdID}
			}
		}
		key := hash(seed, remotes)
		same := variants[key]
		at := slices.IndexFunc(same, func(v []Remote) bool { return slices.Equal(v, remotes) })
		switch {
		case len(remotes) == 0:
		case at >= 0:
			agents[i].Remotes = same[at]
		default:
			variants[key] = append(same, remotes)
		}
	}
}

func hash(seed maphash.Seed, remotes []Remote) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	for i := range remotes {
		r := &remotes[i]
		maphash.WriteComparable(&h, struct {
			name, status string
			all          [4]int
			well         [3]bool
		}{r.Name, r.Status, [4]int{r.Nodes, r.Endpoints, r.Services, r.Failures}, [3]bool{r.Connected, r.Ready, r.Synced}})
	}
	return h.Sum64()
}

// SharePaths is ShareViews for what agents measured.
func SharePaths(health []NodeHealth) {
	var variants [][]Paths
	for i := range health {
		health[i].Paths = shared(&variants, health[i].Paths, equalPaths)
	}
}

func equalPaths(a, b Paths) bool {
	return a.Cluster == b.Cluster && a.Nodes == b.Nodes && a.Host == b.Host && a.Endpoint == b.Endpoint && slices.Equal(a.Examples, b.Examples)
}

// shared is one of the variants if list is equal to it, or else a new one.
func shared[T any](variants *[][]T, list []T, equal func(a, b T) bool) []T {
	if len(list) == 0 {
		return list
	}
	for _, v := range *variants {
		if slices.EqualFunc(v, list, equal) {
			return v
		}
	}
	if len(*variants) < mostVariants {
		*variants = append(*variants, list)
	}
	return list
}
