package rotate

import (
	"fmt"
	"slices"
	"time"

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
	Secret    string     `json:"secret"`
	Subject   string     `json:"subject"`
	SignedBy  string     `json:"signedBy"` // this authority, a trusted one, or another
	NotAfter  *time.Time `json:"notAfter,omitempty"`
	RenewedBy string     `json:"renewedBy"`
}

// StatusOf reads a snapshot as of now.
func StatusOf(s mesh.Snapshot, now time.Time) Status {
	status := Status{Clusters: make([]Authority, 0, len(s.Clusters))}
	first, resumable := "", ""
	for i := range s.Clusters {
		f := &s.Clusters[i]
		authority := authorityOf(f)
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

func authorityOf(f *mesh.Facts) Authority {
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
		a.Certificates = append(a.Certificates, Certificate{
			Secret: cert.Secret, Subject: cert.Subject, SignedBy: signer(f.CA, cert), NotAfter: end(cert), RenewedBy: renewal(f),
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

// renewal says what makes a certificate anew, and when: the chart's methods as
// its values clustermesh.apiserver.tls.auto describe them.
func renewal(f *mesh.Facts) string {
	if f.Release == nil {
		return "unknown"
	}
	switch method(f) {
	case values.MethodHelm:
		return "each Helm revision of Cilium; nothing by itself"
	case values.MethodCronJob:
		if schedule := values.TLSSchedule(f.Release.Values); schedule != "" {
			return "CronJob, at " + schedule
		}
		return "CronJob, at the chart's schedule"
	case values.MethodCertManager:
		return "cert-manager, before the end"
	default:
		return method(f)
	}
}

func problems(f *mesh.Facts, a *Authority, now time.Time) []string {
	var lines []string
	for _, problem := range f.Problems {
		if slices.Contains([]string{mesh.SectionAPI, mesh.SectionSecrets, mesh.SectionCA, mesh.SectionCerts}, problem.Section) {
			lines = append(lines, fmt.Sprintf("context %q: %s", f.Context, problem.Message))
		}
	}
	if a.NotAfter != nil && !a.NotAfter.After(now) {
		lines = append(lines, fmt.Sprintf("context %q: the authority has ended", f.Context))
	}
	for i := range a.Certificates {
		cert := &a.Certificates[i]
		switch {
		case cert.SignedBy == byOther:
			lines = append(lines, fmt.Sprintf("context %q: Secret %s was signed by another authority", f.Context, cert.Secret))
		case cert.NotAfter != nil && !cert.NotAfter.After(now):
			lines = append(lines, fmt.Sprintf("context %q: Secret %s has ended", f.Context, cert.Secret))
		}
	}
	return lines
}
