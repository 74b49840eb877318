package diagnose

import (
	"fmt"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

func judgeSameCluster() func(*View) []Finding {
	return eachPair([]string{mesh.SectionIdentity}, func(_ *View, a, b *mesh.Facts) []Finding {
		if a.Kubernetes.UID != b.Kubernetes.UID {
			return nil
		}
		return one(failed(ofPair(a, b), "contexts %q and %q are the same cluster", a.Context, b.Context).
			seen("namespace kube-system has the uid "+a.Kubernetes.UID+" in both").
			mend("leave out one of --context %s and --context %s", quote(a.Context), quote(b.Context)))
	})
}

// judgeNoCilium needs no section: what it looks for is one that is missing.
func judgeNoCilium(v *View) []Finding {
	var out []Finding
	for _, c := range v.clusters {
		switch p := problem(c, mesh.SectionConfig); {
		case p != nil:
			f := unknown(ofCluster(c), "context %q: whether Cilium is installed could not be seen", c.Context).seen(p.Message)
			f.ExplainedBy = codeOf(p)
			out = append(out, f)
		case c.Config == nil:
			out = append(out, failed(ofCluster(c), "context %q has no Cilium", c.Context).
				mend("kubectl aksmesh join --context %s --context OTHER", quote(c.Context)))
		default:
			out = append(out, passed(ofCluster(c)))
		}
	}
	return out
}

func judgeWorkloads() func(*View) []Finding {
	return eachCluster([]string{mesh.SectionWorkloads}, func(_ *View, c *mesh.Facts) []Finding {
		var out []Finding
		for i := range c.Workloads {
			w := &c.Workloads[i]
			name := strings.ToLower(w.Kind) + "/" + w.Name
			switch {
			case w.Ready < w.Desired:
				f := failed(ofCluster(c), "context %q: %d of %d pods of %s are ready", c.Context, w.Ready, w.Desired, name)
				if !essential(w.Name) {
					f = f.as(Warning)
				}
				out = append(out, f.seen(w.Waiting...).mend("%s --namespace kube-system describe %s", kubectl(c), name))
			case !w.Updated:
				out = append(out, failed(ofCluster(c), "context %q: %s still rolls out its newest version", c.Context, name).as(Warning).
					seen(w.Waiting...).mend("%s --namespace kube-system rollout status %s", kubectl(c), name))
			}
		}
		return out
	})
}

// essential says whether a mesh stops without the workload.
func essential(name string) bool {
	return name == "cilium" || name == "cilium-operator" || name == "clustermesh-apiserver"
}

func judgePending() func(*View) []Finding {
	return eachCluster([]string{mesh.SectionRelease}, func(_ *View, c *mesh.Facts) []Finding {
		r := c.Release
		if !strings.HasPrefix(r.Status, "pending-") && r.Status != "uninstalling" {
			return nil
		}
		if r.Ours {
			return one(failed(ofCluster(c), "context %q: an earlier join of ours was cut short in Helm revision %d and will be taken up again", c.Context, r.Revision).
				as(Info).seen(statusLine(r)).mend("kubectl aksmesh join, with the same flags as before"))
		}
		return one(failed(ofCluster(c), "context %q: somebody else's Helm operation is under way or was cut short", c.Context).
			seen(statusLine(r)).
			mend("wait for it; if nobody works on it any more: helm --kube-context %s rollback %s --namespace %s; kubectl aksmesh join -o values prints the values for whoever does", quote(c.Context), quote(r.Name), quote(r.Namespace)))
	})
}

func judgeFailed() func(*View) []Finding {
	return eachCluster([]string{mesh.SectionRelease}, func(_ *View, c *mesh.Facts) []Finding {
		r := c.Release
		if r.Status != "failed" {
			return nil
		}
		return one(failed(ofCluster(c), "context %q: the last Helm operation on Cilium failed", c.Context).
			seen(statusLine(r)).
			mend("helm --kube-context %s history %s --namespace %s", quote(c.Context), quote(r.Name), quote(r.Namespace)))
	})
}

func statusLine(r *mesh.Release) string {
	return fmt.Sprintf("release %s/%s, revision %d: %s", r.Namespace, r.Name, r.Revision, r.Status)
}

func judgeGitOps() func(*View) []Finding {
	return eachCluster([]string{mesh.SectionRelease}, func(_ *View, c *mesh.Facts) []Finding {
		if c.Release.Owner == "" {
			return nil
		}
		return one(failed(ofCluster(c), "context %q: %s owns Cilium, so its values belong in that repository", c.Context, c.Release.Owner).
			mend("kubectl aksmesh join -o values prints the values to commit"))
	})
}

// judgeNoRelease looks for a Cilium that something other than Helm installed:
// Helm would refuse to take over its objects.
func judgeNoRelease() func(*View) []Finding {
	return eachCluster([]string{mesh.SectionWorkloads}, func(v *View, c *mesh.Facts) []Finding {
		if p := problem(c, mesh.SectionRelease); p != nil {
			f := unknown(ofCluster(c), "context %q: whether Helm installed Cilium could not be seen", c.Context).seen(p.Message)
			f.ExplainedBy = codeOf(p)
			return one(f)
		}
		if c.Release != nil || !runs(c) {
			return nil
		}
		f := failed(ofCluster(c), "context %q runs a Cilium that was not installed with Helm", c.Context).
			mend("only release cilium in namespace kube-system is taken; helm --kube-context %s list --all-namespaces --filter cilium shows others, and kubectl aksmesh doctor explain %s how to move", quote(c.Context), CodeNoRelease)
		if v.phase == Running {
			f = f.as(Warning)
		}
		return one(f)
	})
}
