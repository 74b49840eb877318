package rotate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/release"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Status is who signs and who trusts whom in a mesh.
type Status struct {
	Clusters []Authority `json:"clusters"`
	// Problems are what keeps the members from being of one authority, a plain
	// line each.
	Problems []string `json:"problems,omitempty"`
}

// Authority is the CA of one member, and what it signed. Fingerprints are
// SHA-256 over DER, hex.
type Authority struct {
	Context       string        `json:"context"`
	Authority     string        `json:"authority,omitempty"` // fingerprint
	Subject       string        `json:"subject,omitempty"`
	Algorithm     string        `json:"algorithm,omitempty"` // as "ECDSA P-256"
	NotAfter      *time.Time    `json:"notAfter,omitempty"`
	TrustsBesides []string      `json:"trustsBesides,omitempty"` // fingerprints
	Next          string        `json:"next,omitempty"`          // fingerprint of an unfinished rotation's CA
	Certificates  []Certificate `json:"certificates,omitempty"`
}

// Certificate is one of the mesh or of Hubble.
type Certificate struct {
	Secret   string `json:"secret"`
	Subject  string `json:"subject"`
	SignedBy string `json:"signedBy"` // this authority, a trusted one, or another
	// Issuer is the common name of the authority that signed it, and
	// IssuerFingerprint its fingerprint, if it is the member's own or next one.
	Issuer            string     `json:"issuer,omitempty"`
	IssuerFingerprint string     `json:"issuerFingerprint,omitempty"`
	NotAfter          *time.Time `json:"notAfter,omitempty"`
	RenewedBy         string     `json:"renewedBy"`
	// RenewedAt is when that will be; absent if nobody can know.
	RenewedAt *time.Time `json:"renewedAt,omitempty"`
}

// StatusOf reads a snapshot as of now.
func StatusOf(s mesh.Snapshot, now time.Time) Status {
	status := Status{Clusters: make([]Authority, 0, len(s.Clusters))}
	first, resumable := "", ""
	for i := range s.Clusters {
		f := &s.Clusters[i]
		authority := authorityOf(f, now)
		status.Clusters = append(status.Clusters, authority)
		status.Problems = append(status.Problems, problems(f, &authority, now)...)
		switch {
		case authority.Authority == "":
		case first == "":
			first = authority.Authority
		case first != authority.Authority && !slices.Contains(status.Problems, differ):
			status.Problems = append(status.Problems, differ)
		}
		if authority.Next != "" {
			resumable = f.Context
		}
	}
	if resumable != "" {
		status.Problems = append(status.Problems, fmt.Sprintf("a rotation has begun and is not finished (context %q): kubectl aksmesh ca rotate --context %s goes on with it", resumable, resumable))
	}
	return status
}

const differ = "the members have different authorities"

func authorityOf(f *mesh.Facts, now time.Time) Authority {
	a := Authority{Context: f.Context}
	if f.NextCA != nil {
		a.Next = f.NextCA.Fingerprint
	}
	if f.CA == nil {
		return a
	}
	a.Authority, a.Subject, a.Algorithm, a.NotAfter = f.CA.Fingerprint, f.CA.Subject, f.CA.Algorithm, end(&f.CA.Cert)
	for _, trusted := range f.CA.Trusted {
		if trusted != a.Authority {
			a.TrustsBesides = append(a.TrustsBesides, trusted)
		}
	}
	for i := range f.Certs {
		cert := &f.Certs[i]
		by, at := renewal(f, cert, now)
		a.Certificates = append(a.Certificates, Certificate{
			Secret: cert.Secret, Subject: cert.Subject, SignedBy: signer(f.CA, cert),
			Issuer: commonName(cert.Issuer), IssuerFingerprint: issuer(f, cert),
			NotAfter: end(cert), RenewedBy: by, RenewedAt: at,
		})
	}
	return a
}

func end(cert *mesh.Cert) *time.Time {
	if cert.NotAfter.IsZero() {
		return nil
	}
	return &cert.NotAfter
}

// Words for who signed a certificate.
const (
	byOwn     = "this authority"
	byTrusted = "a trusted one"
	byOther   = "another one"
)

func signer(ca *mesh.CA, cert *mesh.Cert) string {
	switch {
	case cert.SignedByCA && (cert.AuthorityID == "" || cert.AuthorityID == ca.SubjectKey):
		return byOwn
	case cert.SignedByCA:
		return byTrusted
	default:
		return byOther
	}
}

// issuer is the fingerprint of the authority that signed a certificate; empty
// if it is neither the member's own nor its next one.
func issuer(f *mesh.Facts, cert *mesh.Cert) string {
	switch {
	case cert.AuthorityID == "":
		return ""
	case cert.AuthorityID == f.CA.SubjectKey:
		return f.CA.Fingerprint
	case f.NextCA != nil && cert.AuthorityID == f.NextCA.SubjectKey:
		return f.NextCA.Fingerprint
	}
	return ""
}

// commonName is the CN of a name like "CN=Cilium CA,O=Example", or all of it.
func commonName(name string) string {
	for part := range strings.SplitSeq(name, ",") {
		if cn, ok := strings.CutPrefix(part, "CN="); ok {
			return cn
		}
	}
	return name
}

// renewal says what makes a certificate anew, and when, as the release's values
// have it, and as cert-manager says of its own.
func renewal(f *mesh.Facts, cert *mesh.Cert, now time.Time) (by string, at *time.Time) {
	secret := cert.Secret
	if !known(f) {
		return "unknown", nil
	}
	switch method := values.CertMethod(f.Release.Values, secret); method {
	case "":
		return "nothing: it is left over, the release makes none", nil
	case values.MethodHelm:
		if release.ReusesCert(secret) {
			return "only ca rotate, and upgrade once half of its life is over", nil
		}
		return "each Helm revision of Cilium; nothing by itself", nil
	case values.MethodCronJob:
		schedule := values.CertSchedule(f.Release.Values, secret)
		if schedule == "" {
			return "nothing: there is no CronJob, as the values have no schedule", nil
		}
		return "CronJob, at " + schedule, next(schedule, now)
	case values.MethodCertManager:
		return "cert-manager, before it expires", cert.RenewalTime
	case values.MethodProvided:
		return "its user", nil
	default:
		return method, nil
	}
}

// next is when a CronJob runs next; nil if its schedule cannot be read.
// Controllers go by UTC, on AKS at least.
func next(schedule string, now time.Time) *time.Time {
	parsed, err := cron.ParseStandard(schedule)
	if err != nil {
		return nil
	}
	at := parsed.Next(now.UTC())
	return &at
}

// known says whether the values of a member's release can be read: a GitOps
// controller may keep them to itself.
func known(f *mesh.Facts) bool { return f.Release != nil && f.Release.Values != nil }

// leftOver says whether nobody uses the certificate in a Secret any more.
func leftOver(f *mesh.Facts, secret string) bool {
	return known(f) && values.CertMethod(f.Release.Values, secret) == ""
}

// ofOthers says whether Hubble has its certificate from where it may have
// another authority than the mesh.
func ofOthers(f *mesh.Facts, secret string) bool {
	return known(f) && slices.Contains(hubbleCerts(), secret) && !values.SignsCert(f.Release.Values, secret)
}

func problems(f *mesh.Facts, a *Authority, now time.Time) []string {
	var lines []string
	for _, problem := range f.Problems {
		if slices.Contains([]string{mesh.SectionAPI, mesh.SectionSecrets, mesh.SectionCA, mesh.SectionCerts}, problem.Section) {
			lines = append(lines, fmt.Sprintf("context %q: %s", f.Context, problem.Message))
		}
	}
	if a.NotAfter != nil && !a.NotAfter.After(now) {
		lines = append(lines, fmt.Sprintf("context %q: the authority has expired", f.Context))
	}
	for i := range a.Certificates {
		cert := &a.Certificates[i]
		switch {
		case leftOver(f, cert.Secret):
		case cert.SignedBy == byOther && !ofOthers(f, cert.Secret):
			lines = append(lines, fmt.Sprintf("context %q: Secret %s was signed by another authority", f.Context, cert.Secret))
		case cert.NotAfter != nil && !cert.NotAfter.After(now):
			lines = append(lines, fmt.Sprintf("context %q: Secret %s has expired", f.Context, cert.Secret))
		}
	}
	return lines
}
