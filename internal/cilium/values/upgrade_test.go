package values_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
)

type v = values.Values

// chart118 and chart120 are the defaults of charts, as far as they matter here.
func chart118() v {
	return v{
		"image":       v{"override": nil, "tag": "v1.18.5", "digest": "sha256:old", "useDigest": true},
		"operator":    v{"image": v{"override": nil, "tag": "v1.18.5", "genericDigest": "sha256:old", "useDigest": true}},
		"gone":        v{"switch": false, "other": 1},
		"clustermesh": v{"enableMCSAPISupport": false, "config": v{"clusters": []any{}}},
		"podLabels":   v{},
	}
}

func chart120() v {
	return v{
		"image":       v{"override": nil, "tag": "v1.20.2", "digest": "sha256:new", "useDigest": true},
		"operator":    v{"image": v{"override": nil, "tag": "v1.20.2", "genericDigest": "sha256:new", "useDigest": true}},
		"gone":        v{"other": 1},
		"clustermesh": v{"mcsapi": v{"enabled": false}, "config": v{"clusters": []any{}}},
		"podLabels":   v{},
	}
}

func upgrade(to string, release, user v) *values.Upgrade {
	return &values.Upgrade{Release: release, User: user, To: to, Before: chart118(), After: chart120()}
}

func TestUpgradeKeepsValues(t *testing.T) {
	peers := []any{v{"name": "b", "port": 2379.0}, v{"name": "a", "port": 2379.0}}
	for name, test := range map[string]struct {
		to                  string
		release, user, want v
	}{
		"exactly":             {"1.20.2", v{"MTU": 1400.0, "debug": v{"enabled": true}}, nil, v{"MTU": 1400.0, "debug": v{"enabled": true}}},
		"the user's over it":  {"1.20.2", v{"debug": v{"enabled": true, "verbose": "x"}}, v{"debug": v{"enabled": false}}, v{"debug": v{"enabled": false, "verbose": "x"}}},
		"compatibility stays": {"1.20.2", v{"upgradeCompatibility": "1.14"}, nil, v{"upgradeCompatibility": "1.14"}},
		"peers by name":       {"v1.20.2", v{"clustermesh": v{"config": v{"clusters": peers}}}, nil, v{"clustermesh": v{"config": v{"clusters": v{"a": v{"port": 2379.0}, "b": v{"port": 2379.0}}}}}},
		"peers in their order, as long as the chart reads lists": {"1.19.4", v{"clustermesh": v{"config": v{"clusters": peers}}}, nil, v{"clustermesh": v{"config": v{"clusters": peers}}}},
		"a new name":                         {"1.20.2", v{"clustermesh": v{"enableMCSAPISupport": true}}, nil, v{"clustermesh": v{"mcsapi": v{"enabled": true}}}},
		"a new name that is used already":    {"1.20.2", v{"clustermesh": v{"enableMCSAPISupport": true, "mcsapi": v{"enabled": false}}}, nil, v{"clustermesh": v{"mcsapi": v{"enabled": false}}}},
		"null takes an image's pin out":      {"1.20.2", v{"image": v{"tag": "v1.18.5", "useDigest": false}}, v{"image": v{"tag": nil}}, v{"image": v{"useDigest": false}}},
		"null elsewhere is for Helm to read": {"1.20.2", v{"MTU": 1400.0}, v{"MTU": nil}, v{"MTU": nil}},
	} {
		t.Run(name, func(t *testing.T) {
			before := values.Merge(nil, test.release, nil)
			got := upgrade(test.to, test.release, test.user).Values()
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("values (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, values.Merge(nil, test.release, nil)); diff != "" {
				t.Errorf("the release's values were changed:\n%s", diff)
			}
		})
	}
}

func TestUpgradeFindsPins(t *testing.T) {
	for name, test := range map[string]struct {
		release, user v
		want          []string
	}{
		"none":                                {v{"image": v{"useDigest": false, "pullPolicy": "Always"}}, nil, nil},
		"a tag":                               {v{"image": v{"tag": "v1.18.5"}}, nil, []string{"image.tag=v1.18.5"}},
		"the chart's own tag":                 {v{"image": v{"tag": "v1.20.2"}}, nil, nil},
		"a tag that is changed":               {v{"image": v{"tag": "v1.18.5"}}, v{"image": v{"tag": "v1.20.2-ours"}}, nil},
		"a tag that is taken out":             {v{"image": v{"tag": "v1.18.5"}}, v{"image": v{"tag": nil}}, nil},
		"a digest":                            {v{"image": v{"digest": "sha256:old"}}, nil, []string{"image.digest=sha256:old"}},
		"a digest that is not used":           {v{"image": v{"digest": "sha256:old", "useDigest": false}}, nil, nil},
		"a digest behind a tag that changes":  {v{"image": v{"tag": "a", "digest": "sha256:old"}}, v{"image": v{"tag": "b"}}, []string{"image.digest=sha256:old"}},
		"another image, by its own digest":    {v{"operator": v{"image": v{"genericDigest": "sha256:old"}}}, nil, []string{"operator.image.genericDigest=sha256:old"}},
		"an override, whatever the tag is":    {v{"image": v{"override": "acr.example/cilium:v1.18.5"}}, v{"image": v{"tag": "v1.20.2"}}, []string{"image.override=acr.example/cilium:v1.18.5"}},
		"a mirror is none":                    {v{"image": v{"repository": "acr.example/cilium"}}, nil, nil},
		"an image that has its own version":   {v{"envoy": v{"image": v{"tag": "v1.2.3"}}}, nil, nil},
		"the mesh's API server and the relay": {v{"clustermesh": v{"apiserver": v{"image": v{"tag": "x"}}}, "hubble": v{"relay": v{"image": v{"tag": "y"}}}}, nil, []string{"clustermesh.apiserver.image.tag=x", "hubble.relay.image.tag=y"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, pin := range upgrade("1.20.2", test.release, test.user).Pins() {
				got = append(got, pin.String())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("pins (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUpgradeTellsTheAgentsTag(t *testing.T) {
	for want, release := range map[string]v{
		"v1.20.2":      nil,
		"v1.20.2-ours": {"image": v{"tag": "v1.20.2-ours"}},
		"v7":           {"image": v{"override": "acr.example:5000/cilium:v7@sha256:x"}},
		"":             {"image": v{"override": "acr.example:5000/cilium@sha256:x"}},
	} {
		if got := upgrade("1.20.2", release, nil).AgentTag(); got != want {
			t.Errorf("AgentTag of %v is %q, want %q", release, got, want)
		}
	}
}

func TestUpgradeNamesWhatIsGone(t *testing.T) {
	release := v{
		"gone":        v{"switch": true, "other": 2},
		"podLabels":   v{"team": "net"},
		"clustermesh": v{"enableMCSAPISupport": true, "disableKubernetesHostAliases": true},
	}
	if diff := cmp.Diff([]string{"gone.switch"}, upgrade("1.20.2", release, nil).Removed()); diff != "" {
		t.Errorf("removed values (-want +got):\n%s", diff)
	}
}

func TestUpgradeNamesProvidedCerts(t *testing.T) {
	tls := v{"auto": v{"enabled": false}, "server": v{"cert": "PEM", "key": "PEM"}, "admin": v{"cert": ""}}
	release := v{"clustermesh": v{"apiserver": v{"tls": tls}}}
	want := []string{"clustermesh.apiserver.tls.server.cert"}
	if diff := cmp.Diff(want, upgrade("1.20.2", release, nil).ProvidedCerts()); diff != "" {
		t.Errorf("for 1.20 (-want +got):\n%s", diff)
	}
	if got := upgrade("1.19.4", release, nil).ProvidedCerts(); got != nil {
		t.Errorf("for 1.19, which takes them: %v", got)
	}
}

func TestUpgradeChangesPolicies(t *testing.T) {
	set := v{"clustermesh": v{"policyDefaultLocalCluster": false}}
	for _, test := range []struct {
		from, to      string
		release, user v
		want          bool
	}{
		{"1.18.5", "1.19.4", nil, nil, true},
		{"1.18.5", "1.18.6", nil, nil, false},
		{"1.19.4", "1.20.2", nil, nil, false},
		{"1.18.5", "1.19.4", set, nil, false},
		{"1.18.5", "1.19.4", nil, set, false},
	} {
		if got := upgrade(test.to, test.release, test.user).ChangesPolicies(test.from); got != test.want {
			t.Errorf("from %s to %s, release %v, user %v: %v, want %v", test.from, test.to, test.release, test.user, got, test.want)
		}
	}
}
