package rotate

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/rollout"
)

// possible says why a cluster's CA cannot be rotated. What would stop a
// rotation half way is found here: half way, the CA is replaced already.
func possible(f *mesh.Facts) error {
	switch {
	case f.Config == nil || f.Release == nil:
		return fmt.Errorf("context %q has no Cilium: only members of a mesh have an authority to rotate", f.Context)
	case f.Release.Owner != "":
		return fmt.Errorf("context %q: %s owns Cilium and would take the changes back: suspend it for the time of the rotation, or rotate through Git", f.Context, f.Release.Owner)
	case f.CA == nil:
		return fmt.Errorf("context %q has no Secret %s/%s to rotate: kubectl aksmesh join with the contexts of all members gives it the mesh's", f.Context, cilium.Namespace, cilium.CASecret)
	}
	if err := cmp.Or(rollout.FixedCA(f), rollout.NamedBundle(f)); err != nil {
		return err
	}
	switch method := method(f); method {
	case values.MethodHelm:
	case values.MethodCronJob:
		if values.CertSchedule(f.Release.Values, cilium.ServerCertSecret) == "" {
			return noCronJob(f, "the mesh's", "clustermesh.apiserver.tls.auto")
		}
	case values.MethodProvided:
		return fmt.Errorf("context %q has certificates that its user keeps, and Cilium makes none: replace them where they come from, or set clustermesh.apiserver.tls.auto.enabled=true first", f.Context)
	default:
		return fmt.Errorf("context %q has its certificates made by %s, which has an authority of its own: rotate it there", f.Context, method)
	}
	return hubbleAllows(f)
}

// hubbleAllows is [possible] for Hubble's certificates, which are made in a way
// of their own. Those that nobody here can make anew must not be of the CA that
// goes. With relay, they must also be trusted while the mesh trusts a bundle:
// that replaces what Hubble trusts, and relay is not ready until an agent lets
// it in.
func hubbleAllows(f *mesh.Facts) error {
	switch values.HubbleTLSMethod(f.Release.Values) {
	case "", values.MethodHelm:
		return nil
	case values.MethodCronJob:
		if values.CertSchedule(f.Release.Values, hubbleCert) == "" {
			return noCronJob(f, "Hubble's", "hubble.tls.auto")
		}
		return nil
	}
	for i := range f.Certs {
		cert := &f.Certs[i]
		method := values.CertMethod(f.Release.Values, cert.Secret)
		if method == "" || !slices.Contains(hubbleCerts(), cert.Secret) {
			continue
		}
		switch {
		case cert.AuthorityID != "" && cert.AuthorityID == f.CA.SubjectKey:
			return fmt.Errorf("context %q: Hubble's Secret %s is of the authority that shall go, and neither Cilium's chart nor its CronJob makes it (hubble.tls.auto: %s): have it made for the time of the rotation with hubble.tls.auto.enabled=true and hubble.tls.auto.method=helm, or by another authority that tls.caBundle.content has", f.Context, cert.Secret, method)
		case !cert.SignedByCA && values.HubbleRelay(f.Release.Values):
			return fmt.Errorf("context %q: Hubble's Secret %s is of an authority of its own, which nothing would trust while the mesh trusts two: put that authority into tls.caBundle.content beside the mesh's, with tls.caBundle.enabled=true", f.Context, cert.Secret)
		}
	}
	return nil
}

// hubbleCert stands for all of Hubble's Secrets.
const hubbleCert = "hubble-server-certs"

func hubbleCerts() []string {
	return []string{hubbleCert, "hubble-relay-client-certs", "hubble-relay-server-certs"}
}

func noCronJob(f *mesh.Facts, whose, path string) error {
	return fmt.Errorf("context %q has %s certificates made by a CronJob, and its values have none run: set %s.schedule, or %s.method=helm, first", f.Context, whose, path, path)
}

func method(f *mesh.Facts) string {
	return cmp.Or(values.TLSMethod(f.Release.Values), values.MethodHelm)
}
