package rollout

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/collect"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Runs reads back that a cluster's agents are those of an image's tag: by the
// DaemonSet's image, and by what every agent says of itself. It comes after
// [Ready], so another version is an error, and only an agent that does not
// answer is waited for. A tag that is no version is compared with the image's
// alone; an empty one with nothing.
func Runs(ctx context.Context, c *mesh.Cluster, tag string, say func(string)) error {
	set, err := c.Client.AppsV1().DaemonSets(cilium.Namespace).Get(ctx, cilium.AgentDaemonSet, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("reading back DaemonSet %s: %w", cilium.AgentDaemonSet, err)
	}
	name, _, _ := strings.Cut(collect.DaemonSetState(set).Image, "@")
	if tag != "" && !strings.HasSuffix(name, ":"+tag) {
		return fmt.Errorf("agents run image %s, not %s: somebody has changed DaemonSet %s", name, tag, cilium.AgentDaemonSet)
	}
	for interval := firstInterval; ; interval = min(interval*3/2, lastInterval) {
		agents, _, err := collect.Agents(ctx, c)
		waits, err := askVersions(agents, err, tag)
		if waits == "" || err != nil {
			return err
		}
		say(waits)
		select {
		case <-time.After(interval):
		case <-ctx.Done():
			return timedOut(context.Cause(ctx), "%s", waits)
		}
	}
}

// askVersions says what is still to be waited for, or which agent runs another
// version. failed is why the agents could not be listed.
func askVersions(agents []mesh.Agent, failed error, tag string) (waits string, err error) {
	switch {
	case failed != nil:
		return failed.Error(), nil
	case len(agents) == 0:
		return "no agent runs", nil
	}
	wanted, _ := semver.NewVersion(tag)
	for i := range agents {
		a := &agents[i]
		if a.Error != "" {
			return a.Pod + ": " + a.Error, nil
		}
		if runs, err := semver.NewVersion(a.Version); err == nil && wanted != nil && !sameRelease(runs, wanted) {
			return "", fmt.Errorf("agent %s runs Cilium %s, not %s", a.Pod, a.Version, tag)
		}
	}
	return "", nil
}

// sameRelease leaves out what follows the patch version: people build images
// of a release with tags of their own.
func sameRelease(a, b *semver.Version) bool {
	return a.Major() == b.Major() && a.Minor() == b.Minor() && a.Patch() == b.Patch()
}
