package diagnose

import (
	"fmt"
	"strings"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

const (
	// recently is how long a restart is news. The kubelet waits five minutes
	// at most between two starts of a container that crashes.
	recently = 10 * time.Minute
	// often is how many restarts are too many, if there was one within an hour.
	often = 5
)

// judgeRestarts names containers that do not stay up. An agent that started a
// second time once, while it waited for the API server, is not worth a word.
func judgeRestarts() func(*View) []Finding {
	return eachCluster([]string{mesh.SectionAgentTier}, func(v *View, c *mesh.Facts) []Finding {
		type group struct {
			finding Finding
			lines   []string
		}
		var names []string
		groups := map[string]*group{}
		for i := range c.AgentTier.Restarts {
			r := &c.AgentTier.Restarts[i]
			words, severity := restartTrouble(v, r)
			if words == "" {
				continue
			}
			key := string(severity) + words + r.Container
			if groups[key] == nil {
				names = append(names, key)
				groups[key] = &group{finding: failed(ofCluster(c), "context %q: container %s %s", c.Context, r.Container, words).as(severity).mend("%s", logs(c, r))}
			}
			groups[key].lines = append(groups[key].lines, restartLine(r))
		}
		var out []Finding
		for _, name := range names {
			out = append(out, groups[name].finding.seen(groups[name].lines...))
		}
		return out
	})
}

func restartTrouble(v *View, r *mesh.Restart) (words string, severity Severity) {
	severity = Warning
	if essentialPod(r.Pod) {
		severity = Error
	}
	ago := v.now.Sub(r.Ended)
	switch {
	case r.Waiting == "CrashLoopBackOff", !r.Ready && r.Count >= 2 && ago < recently:
		return "starts and ends again and again", severity
	case r.Waiting != "":
		return "does not start", severity
	case r.Reason == "OOMKilled" && ago < day:
		return "was ended for want of memory", Warning
	case r.Count >= often && ago < time.Hour:
		return fmt.Sprintf("has restarted %d times", r.Count), Warning
	}
	return "", ""
}

// essentialPod says whether the mesh stops without the pod.
func essentialPod(pod string) bool {
	return strings.HasPrefix(pod, "cilium-") || strings.HasPrefix(pod, meshService+"-")
}

func restartLine(r *mesh.Restart) string {
	line := fmt.Sprintf("%s: %s", r.Pod, counted(int(r.Count), "restart"))
	if r.Waiting != "" {
		line += ", " + r.Waiting
	}
	if r.Reason != "" {
		line += fmt.Sprintf(", ended last with %s at %s", r.Reason, r.Ended.UTC().Format(time.RFC3339))
	}
	return line
}

// logs is the command that shows why: a container that never ran has events only.
func logs(c *mesh.Facts, r *mesh.Restart) string {
	if r.Reason == "" {
		return fmt.Sprintf("%s --namespace kube-system describe pod %s", kubectl(c), quote(r.Pod))
	}
	return fmt.Sprintf("%s --namespace kube-system logs %s --container %s --previous", kubectl(c), quote(r.Pod), quote(r.Container))
}
