package values

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/chart/charttest"
)

// Who makes a certificate depends on its Secret: Hubble's have a method of
// their own, and values without a mesh, relay or kvstoremesh have none made.
func TestCertMethod(t *testing.T) {
	inMesh := Values{"clustermesh": Values{"useAPIServer": true}}
	auto := func(v any) Values { return Values{"tls": Values{"auto": v}} }
	both := func(mesh, hubble any) Values {
		return merge(inMesh, Values{"clustermesh": Values{"apiserver": auto(mesh)}, "hubble": auto(hubble)})
	}
	const mesh, kvstoreMesh = "clustermesh-apiserver-server-cert", "clustermesh-apiserver-local-cert"
	const hubble, relay, relayServer = "hubble-server-certs", "hubble-relay-client-certs", "hubble-relay-server-certs"
	for name, tc := range map[string]struct {
		values Values
		want   map[string]string // by secret
	}{
		"the chart's defaults": {Values{}, map[string]string{mesh: "", kvstoreMesh: "", hubble: "helm", relay: "", relayServer: ""}},
		"a mesh":               {inMesh, map[string]string{mesh: "helm", kvstoreMesh: "helm", hubble: "helm"}},
		"methods that differ": {both(Values{"method": "helm"}, Values{"method": "cronJob"}),
			map[string]string{mesh: "helm", hubble: "cronJob"}},
		"the user's own": {both(Values{"enabled": false}, Values{"enabled": false, "method": "helm"}),
			map[string]string{mesh: "provided", hubble: "provided"}},
		"with relay": {merge(inMesh, Values{"hubble": Values{"relay": Values{"enabled": true}}}),
			map[string]string{relay: "helm", relayServer: ""}},
		"with relay's server": {merge(inMesh, Values{"hubble": Values{"relay": Values{"enabled": true, "tls": Values{"server": Values{"enabled": true}}}}}),
			map[string]string{relay: "helm", relayServer: "helm"}},
		"without kvstoremesh": {merge(inMesh, Values{"clustermesh": Values{"apiserver": Values{"kvstoremesh": Values{"enabled": false}}}}),
			map[string]string{mesh: "helm", kvstoreMesh: ""}},
		"without Hubble":       {merge(inMesh, Values{"hubble": Values{"enabled": false}}), map[string]string{hubble: ""}},
		"Hubble without TLS":   {merge(inMesh, Values{"hubble": Values{"tls": Values{"enabled": "false"}}}), map[string]string{hubble: ""}},
		"a Secret of no chart": {inMesh, map[string]string{"web-tls": ""}},
	} {
		got := map[string]string{}
		for secret := range tc.want {
			got[secret] = CertMethod(tc.values, secret)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestCertSchedule(t *testing.T) {
	mesh := func(auto Values) Values {
		return Values{"clustermesh": Values{"apiserver": Values{"tls": Values{"auto": auto}}}}
	}
	hubble := func(auto Values) Values { return Values{"hubble": Values{"tls": Values{"auto": auto}}} }
	for name, tc := range map[string]struct {
		values Values
		secret string
		want   string
	}{
		"the mesh's":                 {mesh(Values{"schedule": "0 0 * * 0"}), "clustermesh-apiserver-admin-cert", "0 0 * * 0"},
		"the mesh's is not Hubble's": {mesh(Values{"schedule": "0 0 * * 0"}), "hubble-server-certs", usualSchedule},
		"Hubble's":                   {hubble(Values{"schedule": "@weekly"}), "hubble-relay-client-certs", "@weekly"},
		"none":                       {mesh(Values{"schedule": ""}), "clustermesh-apiserver-admin-cert", ""},
		"null":                       {hubble(Values{"schedule": nil}), "hubble-server-certs", ""},
	} {
		if got := CertSchedule(tc.values, tc.secret); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

// What the chart does when values say nothing is written down here, too.
func TestCertDefaultsAreTheCharts(t *testing.T) {
	defaults := charttest.Cilium(t).Values
	for path, want := range map[string]any{
		"clustermesh.apiserver.tls.auto.method": MethodHelm, "hubble.tls.auto.method": MethodHelm,
		"clustermesh.apiserver.tls.auto.enabled": true, "hubble.tls.auto.enabled": true,
		"clustermesh.apiserver.tls.auto.schedule": usualSchedule, "hubble.tls.auto.schedule": usualSchedule,
		"hubble.enabled": true, "hubble.tls.enabled": true, "hubble.relay.enabled": false, "hubble.relay.tls.server.enabled": false,
		"clustermesh.useAPIServer": false, "clustermesh.apiserver.kvstoremesh.enabled": true, "agent": true,
	} {
		if got, _ := get(defaults, strings.Split(path, ".")...); got != want {
			t.Errorf("the chart has %s: %v, want %v", path, got, want)
		}
	}
}

func TestGivesCA(t *testing.T) {
	for name, tc := range map[string]struct {
		ca   Values
		want bool
	}{
		"both": {Values{"cert": "PEM", "key": "PEM"}, true}, "no key": {Values{"cert": "PEM"}, false}, "empty": {Values{"cert": "", "key": ""}, false},
	} {
		if got := GivesCA(Values{"tls": Values{"ca": tc.ca}}); got != tc.want {
			t.Errorf("%s: %t, want %t", name, got, tc.want)
		}
	}
}
