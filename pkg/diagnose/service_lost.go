package diagnose

import (
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// judgeCacheTTL: an affinity prefers endpoints that are known, not ones that
// answer. What is known of a lost cluster stays known until the TTL ends.
func judgeCacheTTL() func(*View) []Finding {
	return eachLooked([]string{mesh.SectionConfig}, func(v *View, c *mesh.Facts) []Finding {
		raw := c.Config.Raw[keyCacheTTL]
		ttl, err := time.ParseDuration(raw)
		if raw != "" && err != nil {
			return one(unknown(ofCluster(c), "context %q: %s in cilium-config is %q, which is no duration", c.Context, keyCacheTTL, raw))
		}
		if ttl > 0 {
			return nil
		}
		var remote, local []string
		for i := range c.Services.Items {
			switch s := &c.Services.Items[i]; s.Affinity() {
			case mesh.AffinityRemote:
				remote = append(remote, v.remoteLine(c, s))
			case mesh.AffinityLocal:
				local = append(local, keyOf(s).String()+": affinity local")
			}
		}
		if len(remote)+len(local) == 0 {
			return nil
		}
		f := failed(ofCluster(c), "context %q: endpoints of a cluster that is lost stay in use for ever, so %s with an affinity may send clients to nobody", c.Context, counted(len(remote)+len(local), "service")).
			seen(append(remote, local...)...).
			mend("set clustermesh.cacheTTL (Cilium 1.19 or later), such as 5m, in the Helm values of context %s", quote(c.Context))
		if len(remote) == 0 {
			f = f.as(Info) // only once no local endpoint is left
		}
		return one(f)
	})
}

// remoteLine says what a service that prefers other clusters would find there
// at this moment.
func (v *View) remoteLine(c *mesh.Facts, s *mesh.GlobalService) string {
	line := keyOf(s).String() + ": affinity remote"
	n := v.services.byKey[keyOf(s)]
	if n == nil {
		return line
	}
	ready, clear := false, true
	var lost []*mesh.Facts
	for _, p := range n.global {
		if p.c == c || !p.s.Shared() {
			continue
		}
		clear = clear && problem(p.c, mesh.SectionEndpoints) == nil
		ready = ready || p.s.Count(mesh.Ready) > 0
		if p.c.Config == nil {
			continue
		}
		if connected, known := v.connects(c, p.c.Config.ClusterName); known && !connected {
			lost = append(lost, p.c)
		}
	}
	switch {
	case len(lost) > 0:
		return line + "; not connected to " + inWords(lost) + ", whose endpoints stay in use"
	case clear && !ready:
		return line + "; no other cluster has a ready endpoint now"
	}
	return line
}
