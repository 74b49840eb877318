package values

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func meshed(clusters any) Values {
	return Values{
		"cluster": Values{"name": "aks-3", "id": 3},
		"clustermesh": Values{
			"useAPIServer": true, "config": Values{"enabled": true, "clusters": clusters},
			"apiserver": Values{"service": Values{"type": "LoadBalancer"}},
		},
	}
}

func TestAlone(t *testing.T) {
	for name, clusters := range map[string]struct{ has, want any }{
		"map":  {Values{"aks-1": Values{"ips": []any{"10.1.0.1"}}}, Values{}},
		"list": {[]any{Values{"name": "aks-1", "enabled": false}}, []any{}},
	} {
		before := meshed(clusters.has)
		want := meshed(clusters.want)
		set(want, false, "clustermesh", "useAPIServer")
		set(want, false, "clustermesh", "config", "enabled")
		got := Alone(before)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if !MeshOn(before) || MeshOn(got) {
			t.Errorf("%s: a mesh is seen before: %t, and after: %t", name, MeshOn(before), MeshOn(got))
		}
		if diff := cmp.Diff(meshed(clusters.has), before); diff != "" {
			t.Errorf("%s: the argument was changed:\n%s", name, diff)
		}
	}
	lone := Values{"cluster": Values{"name": "aks-9"}, "hubble": Values{"enabled": true}}
	if diff := cmp.Diff(lone, Alone(lone)); diff != "" {
		t.Errorf("values without a mesh (-want +got):\n%s", diff)
	}
}

func TestWithKubeProxy(t *testing.T) {
	before := Values{"kubeProxyReplacement": true, "k8sServiceHost": "api.example.com"}
	want := Values{
		"kubeProxyReplacement": false, "k8sServiceHost": "api.example.com",
		"rollOutCiliumPods": true, "operator": Values{"rollOutPods": true},
	}
	if diff := cmp.Diff(want, WithKubeProxy(before)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, off := range []Values{{}, {"kubeProxyReplacement": false}, {"kubeProxyReplacement": "false"}} {
		if diff := cmp.Diff(off, WithKubeProxy(off)); diff != "" {
			t.Errorf("values that leave services to kube-proxy already (-want +got):\n%s", diff)
		}
	}
}

func TestPeersInTemplate(t *testing.T) {
	ips, address := Values{"ips": []any{"10.1.0.1"}}, Values{"address": "mesh.example.com"}
	for name, tc := range map[string]struct {
		clusters any
		version  string
		change   func(Values)
		want     string
	}{
		"told to leave them out":        {Values{"aks-1": ips}, "1.20.1", func(v Values) { set(v, true, "clustermesh", "disableKubernetesHostAliases") }, ""},
		"told, but too old":             {Values{"aks-1": ips}, "1.19.4", func(v Values) { set(v, true, "clustermesh", "disableKubernetesHostAliases") }, "clustermesh-apiserver"},
		"new, not told":                 {Values{"aks-1": ips}, "1.20.1", nil, "clustermesh-apiserver"},
		"a list":                        {[]any{Values{"name": "aks-1", "ips": []any{"10.1.0.1"}}}, "1.18.5", nil, "clustermesh-apiserver"},
		"without kvstoremesh":           {Values{"aks-1": ips}, "1.19.4", func(v Values) { set(v, false, "clustermesh", "apiserver", "kvstoremesh", "enabled") }, "cilium"},
		"a name in DNS":                 {Values{"aks-1": address}, "1.19.4", nil, ""},
		"another peer":                  {Values{"aks-2": ips}, "1.19.4", nil, ""},
		"a peer that is off":            {Values{"aks-1": Values{"ips": []any{"10.1.0.1"}, "enabled": false}}, "1.19.4", nil, ""},
		"only dials, and is not dialed": {Values{"aks-1": ips}, "1.19.4", func(v Values) { set(v, false, "clustermesh", "useAPIServer") }, "cilium"},
	} {
		v := meshed(tc.clusters)
		if tc.change != nil {
			tc.change(v)
		}
		if got := PeersInTemplate(v, tc.version, []string{"aks-1"}); got != tc.want {
			t.Errorf("%s: restarts %q, want %q", name, got, tc.want)
		}
	}
}

func TestMakesCA(t *testing.T) {
	for name, tc := range map[string]struct {
		values Values
		want   bool
	}{
		"Hubble's default":            {Values{}, true},
		"no Hubble, no mesh":          {Values{"hubble": Values{"enabled": false}}, false},
		"no Hubble, a mesh":           {Values{"hubble": Values{"enabled": false}, "clustermesh": Values{"useAPIServer": true}}, true},
		"Hubble's certs by cronJob":   {Values{"hubble": Values{"tls": Values{"auto": Values{"method": "cronJob"}}}}, false},
		"the CA is among the values":  {Values{"hubble": Values{"enabled": false}, "tls": Values{"ca": Values{"cert": "c", "key": "k"}}}, true},
		"the mesh's certs by cronJob": {Values{"hubble": Values{"enabled": false}, "clustermesh": Values{"useAPIServer": true, "apiserver": Values{"tls": Values{"auto": Values{"method": "cronJob"}}}}}, false},
	} {
		if got := MakesCA(tc.values); got != tc.want {
			t.Errorf("%s: %t, want %t", name, got, tc.want)
		}
	}
}

// cert is something that looks like a certificate, and its fingerprint.
func cert(text string) (asPEM, fingerprint string) {
	sum := sha256.Sum256([]byte(text))
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte(text)})), hex.EncodeToString(sum[:])
}

func TestDistrustCAs(t *testing.T) {
	own, _ := cert("own")
	foreign, fingerprint := cert("foreign")
	for name, tc := range map[string]struct {
		content, want string
		dropped       bool
	}{
		"a user's":                 {"# roots\n" + foreign + own, "# roots\n" + own, true},
		"ours, beside a user's":    {trustMark + own + foreign + userMark + own, trustMark + own + userMark + own, true},
		"none of it":               {own, own, false},
		"nothing else":             {foreign, "", true},
		"twice, without a newline": {foreign + own + strings.TrimSuffix(foreign, "\n"), own, true},
		"no certificate":           {"not PEM", "not PEM", false},
	} {
		before := Values{"tls": Values{"caBundle": Values{"enabled": true, "content": tc.content}}}
		got, dropped := DistrustCAs(before, []string{fingerprint})
		content, _ := get(got, "tls", "caBundle", "content")
		text, _ := content.(string)
		if dropped != tc.dropped || text != tc.want {
			t.Errorf("%s: dropped %t, want %t (-want +got):\n%s", name, dropped, tc.dropped, cmp.Diff(tc.want, text))
		}
		if Has(got, "tls", "caBundle", "enabled") != (tc.want != "") {
			t.Errorf("%s: the bundle is on: %v", name, got)
		}
		restarts := tc.dropped && tc.want != ""
		if Has(got, "clustermesh", "apiserver", "podAnnotations", trustAnnotation) != restarts {
			t.Errorf("%s: clustermesh-apiserver should restart: %t; values %v", name, restarts, got)
		}
	}
}

func FuzzCertParts(f *testing.F) {
	one, _ := cert("one")
	for _, seed := range []string{"", one, trustMark + one + userMark + one, "-----END CERTIFICATE-----" + one, "-----BEGIN CERTIFICATE-----"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, bundle string) {
		var joined strings.Builder
		for _, part := range certParts(bundle) {
			if part.text == "" {
				t.Errorf("an empty part of %q", bundle)
			}
			joined.WriteString(part.text)
		}
		if joined.String() != bundle {
			t.Errorf("the parts of %q are %q", bundle, joined.String())
		}
	})
}
