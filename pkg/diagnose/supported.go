package diagnose

import "fmt"

// Support is a minor version of Cilium that is supported, and the Kubernetes
// minor versions that it is tested with, as "1.20" and "1.33".
type Support struct {
	Cilium string `json:"cilium"`
	From   string `json:"kubernetesFrom"`
	To     string `json:"kubernetesTo"`
}

// Supported are all versions that are supported, oldest first; AKSM102 and
// AKSM106 judge by them.
func Supported() []Support {
	var all []Support
	for cilium := uint64(oldestCilium); cilium <= newestCilium; cilium++ {
		span := tested()[cilium]
		all = append(all, Support{fmt.Sprintf("1.%d", cilium), fmt.Sprintf("1.%d", span.from), fmt.Sprintf("1.%d", span.to)})
	}
	return all
}
