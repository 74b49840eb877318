package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

const (
	day = 24 * time.Hour
	// soon is when a certificate that expires is worth a warning. Cilium's
	// CronJob renews every four months what lasts a year, so one that has
	// less left was missed.
	soon = 30 * day
	// soonCA is the same for an authority: all clusters must change over.
	soonCA = 60 * day
	// leafLife is how long the chart's certificates last from 1.20 on. Its
	// certgen refuses to sign with an authority that ends before them.
	leafLife = 365 * day
)

// judgeCA: two clusters need one authority, or each must trust the other's.
func judgeCA() func(*View) []Finding {
	return eachPair([]string{mesh.SectionCA}, func(_ *View, a, b *mesh.Facts) []Finding {
		if sameCA(a.CA, b.CA) {
			return nil
		}
		var out []string
		for _, d := range [][2]*mesh.Facts{{a, b}, {b, a}} {
			if !slices.Contains(d[0].CA.Trusted, d[1].CA.Fingerprint) {
				out = append(out, fmt.Sprintf("context %q does not trust %s (%s)", d[0].Context, d[1].CA.Subject, short(d[1].CA.Fingerprint)))
			}
		}
		if len(out) == 0 {
			return nil
		}
		return one(failed(ofPair(a, b), "contexts %q and %q have different certificate authorities, so neither accepts the other's connections", a.Context, b.Context).
			seen(out...).
			mend("kubectl aksmesh join --context %s --context %s --ca-from %s", quote(a.Context), quote(b.Context), quote(a.Context)))
	})
}

// sameCA is true for the same certificate, and for two that were issued for
// the same key and name, which sign for each other.
func sameCA(a, b *mesh.CA) bool {
	return a.Fingerprint == b.Fingerprint ||
		a.SubjectKey != "" && a.SubjectKey == b.SubjectKey && a.Subject == b.Subject
}

func short(fingerprint string) string { return fingerprint[:min(len(fingerprint), 12)] }

func judgeChain() func(*View) []Finding {
	return eachCluster([]string{mesh.SectionCerts, mesh.SectionCA}, func(_ *View, c *mesh.Facts) []Finding {
		var out []string
		for i := range c.Certs {
			if cert := &c.Certs[i]; !cert.SignedByCA {
				out = append(out, fmt.Sprintf("Secret %s was issued by %s", cert.Secret, cert.Issuer))
			}
		}
		if len(out) == 0 {
			return nil
		}
		return one(failed(ofCluster(c), "context %q: the cluster's authority did not sign %s of the mesh", c.Context, counted(len(out), "certificate")).
			seen(out...).
			mend("issue them anew: %s", renewal(c)))
	})
}

func judgeCertExpiry() func(*View) []Finding {
	return eachCluster([]string{mesh.SectionCerts}, func(v *View, c *mesh.Facts) []Finding {
		var out []Finding
		for i := range c.Certs {
			cert := &c.Certs[i]
			f, bad := expiry(v, c, cert, soon)
			// A join issues certificates anew, so expired ones do not stop it.
			if v.phase == Preflight {
				f = f.as(Warning)
			}
			if bad {
				out = append(out, f.mend("%s", certRenewal(c, cert)))
			}
		}
		return out
	})
}

func judgeCAExpiry() func(*View) []Finding {
	return eachCluster([]string{mesh.SectionCA}, func(v *View, c *mesh.Facts) []Finding {
		f, bad := expiry(v, c, &c.CA.Cert, soonCA)
		if !bad && outlived(v, c) {
			f, bad = failed(ofCluster(c), "context %q: the authority expires sooner than the certificates that Cilium would sign with it, which its certgen refuses to do", c.Context).
				as(Warning).seen(valid(&c.CA.Cert)), true
		}
		return list(f.mend("%s", newAuthority(v, c)), bad)
	})
}

// newAuthority gives all members a new authority. Before a join the cluster may
// be no member yet, which can take over another one's.
func newAuthority(v *View, c *mesh.Facts) string {
	remedy := rotation(c)
	if v.phase == Preflight {
		remedy += "; or take over that of another context, if it lasts: kubectl aksmesh join --ca-from OTHER"
	}
	return remedy
}

// rotation renews all certificates of all members.
func rotation(c *mesh.Facts) string {
	return "kubectl aksmesh ca rotate --context " + quote(c.Context) + " (with --force if clusters have lost each other already)"
}

// certRenewal issues one certificate anew. Hubble's have a CronJob of their own,
// and without it the chart goes on using those that are there.
func certRenewal(c *mesh.Facts, cert *mesh.Cert) string {
	if !strings.HasPrefix(cert.Secret, "hubble-") {
		return renewal(c)
	}
	return rotation(c) + "; or in this cluster alone, where Hubble has a CronJob: " + kubectl(c) + renewalJob("hubble-generate-certs")
}

// renewal issues a cluster's certificates of the mesh anew.
func renewal(c *mesh.Facts) string {
	return rotation(c) + "; or in this cluster alone: " + kubectl(c) + renewalJob(meshService+"-generate-certs") +
		renewalElse + "helm --kube-context " + quote(c.Context) + renewalUpgrade(c.Release)
}

// renewalIn is renewal for a cluster whose context is not known.
func renewalIn(name string) string {
	return "in cluster " + name + ": kubectl" + renewalJob(meshService+"-generate-certs") + renewalElse + "helm" + renewalUpgrade(nil)
}

// renewalJob runs a CronJob once. The chart has it only where the method of
// tls.auto is cronJob. A Job stays after it has ended, and so does its name: each
// gets one of its own.
func renewalJob(cronJob string) string {
	return " --namespace kube-system create job --from=cronjob/" + cronJob + " renew-certs-$(date +%s)"
}

const renewalElse = "; without that CronJob: "

// renewalUpgrade makes a revision with the chart that the release has: without
// its version Helm takes the newest, which is another Cilium.
func renewalUpgrade(r *mesh.Release) string {
	if r == nil {
		r = &mesh.Release{Name: "cilium", Namespace: "kube-system"}
	}
	version, hint := quote(r.ChartVersion), ""
	if r.ChartVersion == "" {
		version, hint = "VERSION", ", with the VERSION of its chart"
	}
	return fmt.Sprintf(" upgrade %s cilium/cilium --namespace %s --version %s --reuse-values%s", quote(r.Name), quote(r.Namespace), version, hint)
}

// outlived says whether Cilium 1.20's certgen would refuse to sign.
func outlived(v *View, c *mesh.Facts) bool {
	cv := ciliumVersion(c, v.phase)
	return cv != nil && cv.Minor() >= newestCilium && c.CA.NotAfter.Sub(v.now) < leafLife
}

// expiry judges a certificate's lifetime at the view's time.
func expiry(v *View, c *mesh.Facts, cert *mesh.Cert, window time.Duration) (Finding, bool) {
	left := cert.NotAfter.Sub(v.now)
	switch {
	case cert.NotAfter.IsZero():
		return Finding{}, false
	case left <= 0:
		return failed(ofCluster(c), "context %q: the certificate in Secret %s has expired", c.Context, cert.Secret).
			as(Error).seen(valid(cert)), true
	case cert.NotBefore.After(v.now):
		return failed(ofCluster(c), "context %q: the certificate in Secret %s is not valid yet", c.Context, cert.Secret).
			as(Error).seen("valid from " + cert.NotBefore.UTC().Format(time.RFC3339)), true
	case left < window:
		return failed(ofCluster(c), "context %q: the certificate in Secret %s expires in %s", c.Context, cert.Secret, counted(int(left/day), "day")).
			as(Warning).seen(valid(cert)), true
	}
	return Finding{}, false
}

func valid(cert *mesh.Cert) string {
	return fmt.Sprintf("%s is valid until %s", cert.Subject, cert.NotAfter.UTC().Format(time.RFC3339))
}

func judgeCAKey() func(*View) []Finding {
	return eachCluster([]string{mesh.SectionCA}, func(_ *View, c *mesh.Facts) []Finding {
		if c.CA.KeyMatches {
			return nil
		}
		return one(failed(ofCluster(c), "context %q: the private key in Secret %s is missing or does not belong to its certificate", c.Context, c.CA.Secret).
			mend("bring the right ca.key back; if it is lost: %s --namespace kube-system delete secret %s, and then kubectl aksmesh join --context %s --context OTHER, which copies OTHER's authority", kubectl(c), c.CA.Secret, quote(c.Context)))
	})
}
