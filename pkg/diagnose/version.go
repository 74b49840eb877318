package diagnose

import (
	"fmt"

	"github.com/Masterminds/semver/v3"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// minors is a range of minor versions of Kubernetes 1.x.
type minors struct{ from, to uint64 }

// tested are the Kubernetes minors that each Cilium minor is tested with, as
// Documentation/network/kubernetes/compatibility.rst of that release lists
// them. Cilium's own hard floor is 1.21 (pkg/k8s/version). What is outside of
// the list may work, so that is a warning.
func tested() map[uint64]minors {
	return map[uint64]minors{18: {30, 33}, 19: {32, 35}, 20: {33, 36}}
}

const (
	floorKubernetes = 21 // Kubernetes 1.21
	oldestCilium    = 18 // Cilium 1.18
	newestCilium    = 20 // Cilium 1.20
)

func judgeKubernetes() func(*View) []Finding {
	return eachCluster([]string{mesh.SectionVersion}, func(v *View, c *mesh.Facts) []Finding {
		k, err := semver.NewVersion(c.Kubernetes.Version)
		if err != nil {
			return one(unknown(ofCluster(c), "context %q: the Kubernetes version %q cannot be read", c.Context, c.Kubernetes.Version))
		}
		if k.Major() == 1 && k.Minor() < floorKubernetes {
			return one(failed(ofCluster(c), "context %q runs Kubernetes %s, which Cilium does not run on", c.Context, k).as(Error).
				mend("%s", upgradeRemedy(c)))
		}
		span, cilium := minors{tested()[oldestCilium].from, tested()[newestCilium].to}, "any supported Cilium"
		if cv := ciliumVersion(c, v.phase); cv != nil {
			if s, ok := tested()[cv.Minor()]; ok {
				span, cilium = s, "Cilium "+minor(cv)
			}
		}
		if k.Major() == 1 && k.Minor() >= span.from && k.Minor() <= span.to {
			return nil
		}
		return one(failed(ofCluster(c), "context %q runs Kubernetes %s, which %s is not tested with", c.Context, k, cilium).
			seen(fmt.Sprintf("tested with %s: Kubernetes 1.%d to 1.%d", cilium, span.from, span.to)).
			mend("it may well work; to be on the safe side choose the chart of another Cilium version with --chart, or %s", upgradeRemedy(c)))
	})
}

func upgradeRemedy(c *mesh.Facts) string {
	if !isAKS(c) {
		return "upgrade the cluster"
	}
	return "upgrade the cluster: az aks get-upgrades " + azTarget(c) + " --output table"
}

func judgeCilium() func(*View) []Finding {
	return both(
		eachCluster([]string{ciliumVersionSection}, func(v *View, c *mesh.Facts) []Finding {
			cv := ciliumVersion(c, v.phase)
			if cv.Major() == 1 && cv.Minor() >= oldestCilium && cv.Minor() <= newestCilium {
				return nil
			}
			return one(failed(ofCluster(c), "context %q has Cilium %s, and only 1.%d to 1.%d are supported", c.Context, cv, oldestCilium, newestCilium).
				mend("helm --kube-context %s list --namespace kube-system; then move it one minor version at a time", quote(c.Context)))
		}),
		eachPair([]string{ciliumVersionSection}, func(v *View, a, b *mesh.Facts) []Finding {
			va, vb := v.version(a), v.version(b)
			if va.Major() == vb.Major() && max(va.Minor(), vb.Minor())-min(va.Minor(), vb.Minor()) <= 1 {
				return nil
			}
			older := a
			if vb.LessThan(va) {
				older = b
			}
			return one(failed(ofPair(a, b), "Cilium %s of context %q and %s of context %q are more than one minor version apart", va, a.Context, vb, b.Context).
				mend("upgrade context %q first, one minor version at a time: helm --kube-context %s upgrade cilium cilium/cilium --namespace kube-system --version VERSION",
					older.Context, quote(older.Context)))
		}),
	)
}

// version is ciliumVersion, which takes long to read, for checks that ask for
// it for every pair.
func (v *View) version(c *mesh.Facts) *semver.Version {
	found, known := v.versions[c]
	if !known {
		found = ciliumVersion(c, v.phase)
		v.versions[c] = found
	}
	return found
}

// ciliumVersion is the version of Cilium in the cluster; nil if it is not
// known. A preflight goes by the chart, which a plan may have set; otherwise
// what the agents' image says is nearer to the truth than the chart.
func ciliumVersion(c *mesh.Facts, phase Phase) *semver.Version {
	if phase == Preflight && c.Release != nil {
		if v, err := semver.NewVersion(c.Release.ChartVersion); err == nil {
			return v
		}
	}
	return c.CiliumVersion()
}

func minor(v *semver.Version) string { return fmt.Sprintf("%d.%d", v.Major(), v.Minor()) }

func workload(c *mesh.Facts, kind, name string) *mesh.Workload {
	for i := range c.Workloads {
		if w := &c.Workloads[i]; w.Kind == kind && w.Name == name {
			return w
		}
	}
	return nil
}

// runs says whether Cilium's agents are in the cluster already, so that its
// pool, name and id are fixed.
func runs(c *mesh.Facts) bool { return workload(c, "DaemonSet", "cilium") != nil }
