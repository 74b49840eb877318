package diagnose

import (
	"fmt"
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// judgeForeignCA looks for authorities in a cluster's trust bundle that no member
// has: of a cluster that has left, mostly. Who has such an authority's key gets
// into the mesh.
func judgeForeignCA() func(*View) []Finding {
	return eachCluster([]string{mesh.SectionCA}, func(v *View, c *mesh.Facts) []Finding {
		foreign := v.foreignCAs(c)
		if len(foreign) == 0 {
			return nil
		}
		if f, ok := v.owned(c); ok {
			return one(f)
		}
		what := "an authority"
		if len(foreign) > 1 {
			what = fmt.Sprintf("%d authorities", len(foreign))
		}
		return one(failed(ofCluster(c), "context %q trusts %s that no member of the mesh has", c.Context, what).
			seen(foreign...).
			mend("if nobody needs it, take it out of tls.caBundle in the Helm values of context %s, then: %s --namespace kube-system rollout restart deployment/%s", quote(c.Context), kubectl(c), meshService))
	})
}

// foreignCAs are the certificates that a cluster trusts and that no cluster in
// sight has as its authority.
func (v *View) foreignCAs(c *mesh.Facts) []string {
	var out []string
	for _, trusted := range c.CA.Trusted {
		has := func(other *mesh.Facts) bool { return other.CA != nil && other.CA.Fingerprint == trusted }
		if !slices.ContainsFunc(v.clusters, has) {
			out = append(out, "SHA-256 "+trusted)
		}
	}
	return out
}

// owned says why authorities that are nobody's in sight may be somebody's all
// the same.
func (v *View) owned(c *mesh.Facts) (Finding, bool) {
	if c.CA.BundleKept {
		return skipped(ofCluster(c), "context %q keeps a trust bundle until no pod needs it", c.Context), true
	}
	if unread := problem(c, mesh.SectionPeers); unread != nil {
		return unreadOwner(c, "the other members are not known", unread), true
	}
	if len(c.Peers) == 0 {
		return skipped(ofCluster(c), "context %q is in no mesh", c.Context), true
	}
	members := []*mesh.Facts{c}
	for _, p := range c.Peers {
		other := v.named(p.Name)
		if other == nil {
			return skipped(ofCluster(c), "context %q trusts authorities that may be those of %s", c.Context, v.call(p.Name)), true
		}
		members = append(members, other)
	}
	for _, m := range members {
		if unread := problem(m, mesh.SectionCA); unread != nil {
			return unreadOwner(c, fmt.Sprintf("that of %q could not be read", m.Context), unread), true
		}
		if why := v.entitled(m); why != "" {
			return skipped(ofCluster(c), "context %q trusts authorities %s", c.Context, why), true
		}
	}
	return Finding{}, false
}

func unreadOwner(c *mesh.Facts, why string, unread *mesh.Problem) Finding {
	f := unknown(ofCluster(c), "whose authorities context %q trusts is not known: %s", c.Context, why).seen(unread.Message)
	f.ExplainedBy = codeOf(unread)
	return f
}

// entitled says why a member may need others to trust more than its authority.
func (v *View) entitled(m *mesh.Facts) string {
	switch {
	case m.NextCA != nil:
		return "of a rotation that is not finished"
	case m.CA == nil:
		return fmt.Sprintf("that may be that of %q, which has none in Secret cilium-ca", m.Context)
	case issued(&m.CA.Cert):
		return fmt.Sprintf("that may have issued that of %q", m.Context)
	case slices.ContainsFunc(m.Certs, v.signedElsewhere):
		return fmt.Sprintf("that may have signed certificates of %q", m.Context)
	}
	return ""
}

// issued says whether an authority has one above it.
func issued(cert *mesh.Cert) bool {
	return cert.Issuer != cert.Subject || cert.AuthorityID != "" && cert.AuthorityID != cert.SubjectKey
}

// signedElsewhere says whether a certificate that is trusted was not signed by an
// authority that a cluster has now.
func (v *View) signedElsewhere(cert mesh.Cert) bool {
	return cert.SignedByCA && cert.AuthorityID != "" && !slices.ContainsFunc(v.clusters, func(c *mesh.Facts) bool {
		return c.CA != nil && c.CA.SubjectKey == cert.AuthorityID
	})
}
