package values

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
)

// usualSchedule is the chart's for CronJobs that make certificates.
const usualSchedule = "0 0 1 */4 *"

// CertMethod tells how a release's values have the certificate in a Secret of
// the mesh or of Hubble made: helm, cronJob, certmanager or [MethodProvided].
// It is empty if they have none made of that name: one that is there is left
// over from before, and nobody uses it.
func CertMethod(release Values, secret string) string {
	switch secret {
	case "clustermesh-apiserver-admin-cert", cilium.RemoteCertSecret, cilium.ServerCertSecret:
	case cilium.LocalCertSecret:
		if !isOn(release, true, "clustermesh", "apiserver", "kvstoremesh", "enabled") {
			return ""
		}
	case "hubble-server-certs":
		if !isOn(release, true, "agent") {
			return ""
		}
	case "hubble-relay-client-certs", "hubble-relay-server-certs":
		own := secret == "hubble-relay-server-certs"
		if !HubbleRelay(release) || own && !isOn(release, false, "hubble", "relay", "tls", "server", "enabled") {
			return ""
		}
	default:
		return ""
	}
	if ofHubble(secret) {
		return HubbleTLSMethod(release)
	}
	if !isOn(release, false, "clustermesh", "useAPIServer") {
		return ""
	}
	return cmp.Or(TLSMethod(release), MethodHelm)
}

// SignsCert says whether the certificate in a Secret is made of cilium-ca: by
// the chart itself, or by certgen.
func SignsCert(release Values, secret string) bool {
	return slices.Contains([]string{MethodHelm, MethodCronJob}, CertMethod(release, secret))
}

// HubbleTLSMethod tells how Hubble's certificates are made, as [TLSMethod] does
// for the mesh's; empty if Hubble has none.
func HubbleTLSMethod(release Values) string {
	switch {
	case !isOn(release, true, "hubble", "enabled"), !isOn(release, true, "hubble", "tls", "enabled"):
		return ""
	case !isOn(release, true, "hubble", "tls", "auto", "enabled"):
		return MethodProvided
	}
	method, _ := get(release, "hubble", "tls", "auto", "method")
	name, _ := method.(string)
	return cmp.Or(name, MethodHelm)
}

// HubbleRelay says whether a release has Hubble relay run.
func HubbleRelay(release Values) bool { return isOn(release, false, "hubble", "relay", "enabled") }

// HubbleUI says whether a release has Hubble UI run.
func HubbleUI(release Values) bool { return isOn(release, false, "hubble", "ui", "enabled") }

// CertSchedule is when the CronJob for the certificate in a Secret runs, in
// cron's form; empty if the values have none made.
func CertSchedule(release Values, secret string) string {
	path := []string{"clustermesh", "apiserver", "tls", "auto", "schedule"}
	if ofHubble(secret) {
		path = []string{"hubble", "tls", "auto", "schedule"}
	}
	given, said := get(release, path...)
	if !said {
		return usualSchedule
	}
	text, _ := given.(string)
	return text
}

// GivesCA says whether a release's values hold the CA with its key. The chart
// prefers it to Secret cilium-ca.
func GivesCA(release Values) bool {
	for _, part := range []string{"cert", "key"} {
		given, _ := get(release, "tls", "ca", part)
		if text, _ := given.(string); text == "" {
			return false
		}
	}
	return true
}

func ofHubble(secret string) bool { return strings.HasPrefix(secret, "hubble-") }

// isOn reads a flag, which a release may have as text; usual is the chart's
// default.
func isOn(release Values, usual bool, path ...string) bool {
	at, said := get(release, path...)
	if !said {
		return usual
	}
	return fmt.Sprint(at) == "true"
}
