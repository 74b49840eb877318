package values

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/test/golden"
)

func bare() Wish {
	return Wish{
		ChartVersion: "1.20.1", ClusterName: "aks-1", ClusterID: 1, MaxConnectedClusters: 255, AKS: true,
		PodCIDRs: []string{"10.161.0.0/16"}, PodCIDRMaskSize: 24,
		APIServerHost: "aks-1.example.azmk8s.io", APIServerPort: 443, KubeProxyReplacement: true,
		Encapsulation: VXLAN, Encryption: NoEncryption,
		Peers: []mesh.Peer{
			{Name: "aks-3", Addresses: []string{"mesh.aks-3.example"}, Port: 2379},
			{Name: "aks-2", Addresses: []string{"10.2.0.10"}, Port: 2379},
		},
	}
}

func TestForGolden(t *testing.T) {
	for name, change := range map[string]func(*Wish){
		"bare": func(*Wish) {},
		"chart-1.18": func(w *Wish) {
			w.ChartVersion = "v1.18.5"
		},
		"chart-1.19": func(w *Wish) { w.ChartVersion = "1.19.4" },
		"native-wireguard": func(w *Wish) {
			w.Encapsulation, w.NativeRoutingCIDR, w.Encryption = Native, "10.160.0.0/11", WireGuard
		},
		"everything": func(w *Wish) {
			w.Encapsulation, w.Encryption, w.MTU, w.MaxConnectedClusters = Geneve, IPsec, 1400, 511
			w.PodCIDRs, w.PodCIDRMaskSizeV6 = []string{"10.161.0.0/16", "fd00:161::/104"}, 112
			w.Service = Service{IPv4: "10.1.0.10", Subnet: "mesh"}
			w.TLSMethod, w.TrustBundle = "cronJob", []byte("-----BEGIN CERTIFICATE-----\n")
			w.LBIPAM, w.HubbleUI, w.OperatorReplicas = true, true, 1
		},
		"own-certificates": func(w *Wish) { w.TLSMethod, w.Service.Public = MethodProvided, true },
	} {
		t.Run(name, func(t *testing.T) {
			w := bare()
			change(&w)
			got, err := For(w)
			if err != nil {
				t.Fatal(err)
			}
			goldenValues(t, name+".yaml", got)
		})
	}
}

func goldenValues(t *testing.T, name string, v Values) {
	t.Helper()
	got, err := yaml.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", name)
	golden.Compare(t, file, string(got))
}

func TestForRefuses(t *testing.T) {
	for want, change := range map[string]func(*Wish){
		"is not a version":               func(w *Wish) { w.ChartVersion = "new" },
		"cluster name is empty":          func(w *Wish) { w.ClusterName = "" },
		"cluster id 256":                 func(w *Wish) { w.ClusterID = 256 },
		"pod CIDR \"10.0.0.0\"":          func(w *Wish) { w.PodCIDRs = []string{"10.0.0.0"} },
		"encapsulation \"ipip\"":         func(w *Wish) { w.Encapsulation = "ipip" },
		"encryption \"rot13\"":           func(w *Wish) { w.Encryption = "rot13" },
		"native routing needs the range": func(w *Wish) { w.Encapsulation = Native },
	} {
		w := bare()
		change(&w)
		if _, err := For(w); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, error %v", want, err)
		}
	}
}

func parse(t *testing.T, text string) Values {
	t.Helper()
	v := Values{}
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestMerge(t *testing.T) {
	for name, test := range map[string]struct{ release, ours, user, want string }{
		"the release's own values stay": {
			release: "{bpf: {masquerade: true}, routingMode: native}",
			ours:    "{routingMode: tunnel}",
			want:    "{bpf: {masquerade: true}, routingMode: tunnel}",
		},
		"the user wins": {
			release: "{MTU: 1}", ours: "{MTU: 2}", user: "{MTU: 3}", want: "{MTU: 3}",
		},
		"lists are replaced": {
			release: "{a: [1, 2]}", ours: "{a: [3]}", want: "{a: [3]}",
		},
		"a flag as text stays text": {
			release: `{kubeProxyReplacement: "true", k8sServicePort: "443"}`,
			ours:    "{kubeProxyReplacement: true, k8sServicePort: 443}",
			want:    `{kubeProxyReplacement: "true", k8sServicePort: "443"}`,
		},
		"peers of a list join those of a map": {
			release: "{clustermesh: {config: {clusters: [{name: old, ips: [10.0.0.1], port: 2379}, {name: dark, enabled: false}]}}}",
			ours:    "{clustermesh: {config: {clusters: {new: {ips: [10.0.0.2], port: 2379}}}}}",
			want: "{clustermesh: {config: {clusters: {old: {ips: [10.0.0.1], port: 2379}, dark: {enabled: false}, " +
				"new: {ips: [10.0.0.2], port: 2379}}}}}",
		},
		"peers of a map join those of a list": {
			release: "{clustermesh: {config: {clusters: {b: {ips: [10.0.0.1], port: 2379}}}}}",
			ours:    "{clustermesh: {config: {clusters: [{name: a, ips: [10.0.0.2], port: 2379}]}}}",
			want:    "{clustermesh: {config: {clusters: [{name: a, ips: [10.0.0.2], port: 2379}, {name: b, ips: [10.0.0.1], port: 2379}]}}}",
		},
		"a peer that moved, or was off, is where we say": {
			release: "{clustermesh: {config: {clusters: {a: {ips: [10.0.0.1], port: 1, tls: {x: 1}}, b: {enabled: false, address: old}}}}}",
			ours:    "{clustermesh: {config: {clusters: {a: {address: new, port: 2}, b: {ips: [10.0.0.2], port: 2}}}}}",
			want:    "{clustermesh: {config: {clusters: {a: {address: new, port: 2, tls: {x: 1}}, b: {ips: [10.0.0.2], port: 2}}}}}",
		},
		"a user's null takes a peer out of a list": {
			ours: "{clustermesh: {config: {clusters: [{name: a, port: 1}]}}}",
			user: "{clustermesh: {config: {clusters: {a: null}}}}",
			want: "{clustermesh: {config: {clusters: []}}}",
		},
	} {
		t.Run(name, func(t *testing.T) {
			release, ours, user := parse(t, test.release), parse(t, test.ours), parse(t, test.user)
			got := Merge(release, ours, user)
			if !Equal(got, parse(t, test.want)) {
				t.Errorf("(-want +got):\n%s", strings.Join(Diff(parse(t, test.want), got), "\n"))
			}
			if diff := cmp.Diff(parse(t, test.release), release); diff != "" {
				t.Errorf("the release's values were changed:\n%s", diff)
			}
			if again := Merge(got, ours, user); !Equal(again, got) {
				t.Errorf("merging again changes:\n%s", strings.Join(Diff(got, again), "\n"))
			}
		})
	}
}

func TestRemovePeers(t *testing.T) {
	for before, want := range map[string]string{
		"{clustermesh: {config: {clusters: {a: {}, b: {}}}}}":         "{clustermesh: {config: {clusters: {b: {}}}}}",
		"{clustermesh: {config: {clusters: [{name: a}, {name: b}]}}}": "{clustermesh: {config: {clusters: [{name: b}]}}}",
		"{cluster: {name: a}}": "{cluster: {name: a}}",
	} {
		v := parse(t, before)
		if got := RemovePeers(v, "a"); !Equal(got, parse(t, want)) {
			t.Errorf("%s becomes %v", before, got)
		}
		if !Equal(v, parse(t, before)) {
			t.Errorf("%s was changed", before)
		}
	}
}

func TestPeers(t *testing.T) {
	want := []mesh.Peer{{Name: "a", Addresses: []string{"10.0.0.1", "10.0.0.2"}}, {Name: "b", Addresses: []string{"b.example.com"}}}
	for spelling, text := range map[string]string{
		"map":  "clustermesh: {config: {clusters: {b: {address: b.example.com, port: 2379}, a: {ips: [10.0.0.1, 10.0.0.2]}, gone: null}}}",
		"list": "clustermesh: {config: {clusters: [{name: b, address: b.example.com}, {name: a, ips: [10.0.0.1, 10.0.0.2]}]}}",
	} {
		if diff := cmp.Diff(want, Peers(parse(t, text))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", spelling, diff)
		}
	}
	if got := Peers(nil); got != nil {
		t.Errorf("no values have peers %v", got)
	}
}

func TestTLSMethod(t *testing.T) {
	for text, want := range map[string]string{
		"{}": "",
		"{clustermesh: {apiserver: {tls: {auto: {method: cronJob}}}}}":                     "cronJob",
		"{clustermesh: {apiserver: {tls: {auto: {enabled: false, method: certmanager}}}}}": MethodProvided,
	} {
		if got := TLSMethod(parse(t, text)); got != want {
			t.Errorf("%s: %q", text, got)
		}
	}
}

func TestDiff(t *testing.T) {
	before := parse(t, `
MTU: 1400
cluster: {id: 0, name: default}
list: [1, 2]
same: {a: 1.0}
tls: {ca: {key: old-secret}}
gone: {}
annotations: {a.example/b: "1"}
`)
	after := parse(t, `
cluster: {id: 1, name: aks-1}
list: [1, 2, 3]
same: {a: 1}
tls: {ca: {key: new-secret}, caBundle: {content: "-----BEGIN\nx\n-----END\n", useSecret: true, name: ""}}
annotations: {a.example/b: "2"}
extraEnv: [{name: HTTP_PASSWORD, value: hush}, {name: PROXY, value: "http://me:hush@proxy:1"}, {name: PEM, value: "BEGIN PRIVATE KEY hush"}]
`)
	want := []string{
		`- MTU: 1400`,
		`- annotations."a.example/b": 1`,
		`+ annotations."a.example/b": 2`,
		`- cluster.id: 0`,
		`+ cluster.id: 1`,
		`- cluster.name: default`,
		`+ cluster.name: aks-1`,
		`+ extraEnv: [{"name":"HTTP_PASSWORD","value":"<hidden>"},{"name":"PROXY","value":"http://<hidden>@proxy:1"},{"name":"PEM","value":"<hidden>"}]`,
		`- gone: {}`,
		`- list: [1,2]`,
		`+ list: [1,2,3]`,
		`- tls.ca.key: <hidden>`,
		`+ tls.ca.key: <hidden>`,
		`+ tls.caBundle.content: (3 lines, sha256 1f1a0c1fc6fb…)`,
		`+ tls.caBundle.name: ""`,
		`+ tls.caBundle.useSecret: true`,
	}
	got := Diff(before, after)
	for i, line := range got {
		if cut, _, ok := strings.Cut(line, "sha256 "); ok {
			got[i] = cut + "sha256 1f1a0c1fc6fb…)"
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if lines := Diff(after, after); lines != nil {
		t.Errorf("nothing changed, and the difference is %q", lines)
	}
}

func TestMask(t *testing.T) {
	secrets := parse(t, `
tls: {ca: {key: hush, cert: public}}
clustermesh: {config: {clusters: {a: {tls: {key: hush}}}}}
someToken: hush
auth: {clientSecret: hush, credentials: {user: hush, list: [hush]}}
apiKeys: [hush, hush]
encryption: {ipsec: {keyFile: keys, secretName: cilium-ipsec-keys}, psk: hush}
`)
	masked := Mask(secrets)
	text, err := yaml.Marshal(masked)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "hush") {
		t.Errorf("shows a secret:\n%s", text)
	}
	for _, path := range [][]string{{"tls", "ca", "cert"}, {"encryption", "ipsec", "keyFile"}, {"encryption", "ipsec", "secretName"}} {
		if v, _ := get(masked, path...); v == Masked {
			t.Errorf("%s is hidden needlessly", strings.Join(path, "."))
		}
	}
}

func TestParse(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	first := write("first.yaml", "a: 1\nb: {c: 2, d: 3}\n")
	got, err := Parse([]string{first, "-"}, []string{"b.d=5,e=x", "f[0]=z"}, strings.NewReader("b: {c: 4}"))
	if err != nil {
		t.Fatal(err)
	}
	if want := parse(t, "{a: 1, b: {c: 4, d: 5}, e: x, f: [z]}"); !Equal(got, want) {
		t.Errorf("(-want +got):\n%s", strings.Join(Diff(want, got), "\n"))
	}
	for want, input := range map[string][2][]string{
		"no such file":                    {{filepath.Join(dir, "none.yaml")}, nil},
		"bad.yaml: ":                      {{write("bad.yaml", "a: [\nb: {")}, nil},
		"list.yaml: ":                     {{write("list.yaml", "- a\n- b\n")}, nil},
		"--set a.key[b]: not of the form": {nil, []string{"a.key[b]=hush"}},
		"--set novalue: not of the form":  {nil, []string{"novalue"}},
	} {
		_, err := Parse(input[0], input[1], strings.NewReader(""))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "hush") {
			t.Errorf("want %q, error %v", want, err)
		}
	}
}
