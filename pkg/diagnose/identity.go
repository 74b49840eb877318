package diagnose

import (
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Cilium's limits on identities (pkg/clustermesh/types of Cilium 1.18 to 1.20).
const (
	maxName         = 32        // characters
	defaultName     = "default" // only with id 0: a cluster in no mesh
	defaultClusters = 255
	moreClusters    = 511
)

func judgeNameUnique() func(*View) []Finding {
	return eachPair([]string{mesh.SectionConfig}, func(_ *View, a, b *mesh.Facts) []Finding {
		if a.Config.ClusterName != b.Config.ClusterName || a.Config.ClusterID == 0 && b.Config.ClusterID == 0 {
			return nil // two clusters in no mesh share Cilium's default; AKSM203 says so
		}
		return one(failed(ofPair(a, b), "contexts %q and %q have the same cluster name %q", a.Context, b.Context, a.Config.ClusterName).
			mend("%s", rename("--cluster-name", "NAME", b, a)))
	})
}

func judgeIDUnique() func(*View) []Finding {
	return both(
		eachPair([]string{mesh.SectionConfig}, func(_ *View, a, b *mesh.Facts) []Finding {
			if a.Config.ClusterID != b.Config.ClusterID || a.Config.ClusterID == 0 {
				return nil
			}
			return one(failed(ofPair(a, b), "contexts %q and %q have the same cluster id %d", a.Context, b.Context, a.Config.ClusterID).
				mend("%s", rename("--cluster-id", "ID", b, a)))
		}),
		judgeForeignIDs,
	)
}

// judgeForeignIDs compares ids with those of members that have no context,
// as the agents of those that have one report them.
func judgeForeignIDs(v *View) []Finding {
	foreign := map[int]string{}
	add := func(id int, name string) {
		if id > 0 && v.named(name) == nil {
			foreign[id] = name
		}
	}
	for _, c := range v.clusters {
		for _, s := range v.sights[c].all {
			for _, id := range s.ids {
				add(id, s.name)
			}
		}
		for i := range c.KVStore {
			for _, r := range c.KVStore[i].Remotes {
				add(r.ID, r.Name)
			}
		}
	}
	var out []Finding
	for _, c := range v.clusters {
		if c.Config == nil || foreign[c.Config.ClusterID] == "" {
			continue
		}
		out = append(out, failed(ofCluster(c), "context %q has the cluster id %d, which the member %q has already", c.Context, c.Config.ClusterID, foreign[c.Config.ClusterID]).
			mend("%s", rename("--cluster-id", "ID", c, c)))
	}
	return out
}

// rename says how to get another name or id for one of two clusters: for one
// whose Cilium does not run yet, if there is one.
func rename(flag, value string, first, second *mesh.Facts) string {
	for _, c := range []*mesh.Facts{first, second} {
		if !runs(c) {
			return "kubectl aksmesh join " + flag + " " + quote(c.Context+"="+value)
		}
	}
	return "both run already: set it in the Helm values of context " + quote(first.Context) +
		", then restart all its pods that are not on the host network"
}

func judgeIDRange() func(*View) []Finding {
	return eachCluster([]string{mesh.SectionConfig}, func(_ *View, c *mesh.Facts) []Finding {
		id, limit := c.Config.ClusterID, c.Config.MaxConnectedClusters
		if limit == 0 {
			limit = defaultClusters
		}
		switch {
		case id == 0:
			return one(failed(ofCluster(c), "context %q has no cluster id, so it is in no mesh", c.Context).
				mend("kubectl aksmesh join --context %s --context OTHER", quote(c.Context)))
		case id < 0 || id > limit:
			return one(failed(ofCluster(c), "context %q has the cluster id %d, which is not between 1 and %d", c.Context, id, limit).
				mend("%s", rename("--cluster-id", "ID", c, c)))
		}
		return nil
	})
}

func judgeMaxClusters() func(*View) []Finding {
	return both(
		eachCluster([]string{mesh.SectionConfig}, func(_ *View, c *mesh.Facts) []Finding {
			if n := c.Config.MaxConnectedClusters; n != defaultClusters && n != moreClusters {
				return one(failed(ofCluster(c), "context %q has max-connected-clusters %d, and only %d and %d exist", c.Context, n, defaultClusters, moreClusters).
					mend("set clustermesh.maxConnectedClusters to %d in the Helm values of context %s", defaultClusters, quote(c.Context)))
			}
			return nil
		}),
		eachPair([]string{mesh.SectionConfig}, func(_ *View, a, b *mesh.Facts) []Finding {
			na, nb := a.Config.MaxConnectedClusters, b.Config.MaxConnectedClusters
			if na == nb {
				return nil
			}
			return one(failed(ofPair(a, b), "max-connected-clusters is %d in context %q and %d in context %q", na, a.Context, nb, b.Context).
				mend("it is fixed when Cilium is installed: install one of the two anew with the other's clustermesh.maxConnectedClusters"))
		}),
	)
}

func judgeNameLegal() func(*View) []Finding {
	return eachCluster([]string{mesh.SectionConfig}, func(_ *View, c *mesh.Facts) []Finding {
		name, id := c.Config.ClusterName, c.Config.ClusterID
		why := illegalName(name)
		if name == defaultName && id != 0 {
			why = "is kept for clusters that are in no mesh"
		}
		if why == "" {
			return nil
		}
		return one(failed(ofCluster(c), "context %q: the cluster name %q %s", c.Context, name, why).
			mend("%s", rename("--cluster-name", "NAME", c, c)))
	})
}

// illegalName says what is wrong with a cluster name; empty if nothing is.
func illegalName(name string) string {
	bad := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' }
	switch {
	case name == "":
		return "is empty"
	case len(name) > maxName:
		return "is longer than 32 characters"
	case strings.ContainsFunc(name, bad) || name[0] == '-' || name[len(name)-1] == '-':
		return "is not made of lower-case letters, digits and dashes with a letter or digit first and last"
	}
	return ""
}
