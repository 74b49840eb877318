package mesh

import (
	"strings"

	"github.com/Masterminds/semver/v3"
)

// CiliumVersion is the version of Cilium that runs in the cluster; nil if it is
// not known. What the agents' image says is nearer to the truth than the chart.
func (f *Facts) CiliumVersion() *semver.Version {
	if v, err := semver.NewVersion(f.agentTag()); err == nil {
		return v
	}
	if f.Release != nil {
		if v, err := semver.NewVersion(f.Release.ChartVersion); err == nil {
			return v
		}
	}
	for i := range f.Agents {
		// An agent says "1.20.1 abc123 2026-08-01T…".
		first, _, _ := strings.Cut(f.Agents[i].Version, " ")
		if v, err := semver.NewVersion(first); err == nil {
			return v
		}
	}
	return nil
}

// agentTag is the tag of the agents' image.
func (f *Facts) agentTag() string {
	for i := range f.Workloads {
		if w := &f.Workloads[i]; w.Kind == "DaemonSet" && w.Name == "cilium" {
			image, _, _ := strings.Cut(w.Image, "@")
			return image[strings.LastIndex(image, ":")+1:]
		}
	}
	return ""
}
