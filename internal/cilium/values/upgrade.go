package values

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// Upgrade is a release on its way to a chart of another version.
type Upgrade struct {
	Release Values // what the release was given
	User    Values // what is given now; wins
	// To is the new chart's version, semver with or without "v".
	To string
	// Before and After are the defaults of the release's chart (nil if it is not
	// known) and of the new one.
	Before, After Values
}

// Values are what the new chart is given: all that the release was given, in
// the new chart's spelling, and the user's over it. Nothing else is added. A
// null for a part of an image takes the release's out, so that the chart's own
// counts; elsewhere it has Helm's meaning. No field is changed.
func (u *Upgrade) Values() Values {
	release, user := clone(u.Release), u.User
	if v, err := semver.NewVersion(u.To); err == nil && takesClusterMap(v) {
		release, user = withClusterMap(release), withClusterMap(user)
	}
	for _, name := range renamed() {
		u.rename(release, name.from, name.to)
	}
	out := merge(release, user)
	for _, i := range images() {
		for _, key := range i.keys() {
			if given, ok := get(user, i.at(key)...); ok && given == nil {
				remove(out, i.at(key)...)
			}
		}
	}
	return out
}

// takesClusterMap: from 1.20 on Cilium's own command writes peers as a map, and
// the list is about to go. (The map is known since 1.19.)
func takesClusterMap(chart *semver.Version) bool { return atLeast(chart, 1, 20) }

// rename is a value that got another name.
type rename struct{ from, to []string }

func renamed() []rename {
	return []rename{
		// 1.18 has the first alone, 1.20 the second alone.
		{[]string{"clustermesh", "enableMCSAPISupport"}, []string{"clustermesh", "mcsapi", "enabled"}},
	}
}

// rename moves a value that only the old chart knows by its name.
func (u *Upgrade) rename(release Values, from, to []string) {
	value, ok := get(release, from...)
	if !ok || Has(u.After, from...) || !Has(u.After, to...) {
		return
	}
	remove(release, from...)
	if !Has(release, to...) {
		set(release, value, to...)
	}
}

// Removed are the paths that the release gives, that its own chart knew and
// the new one does not: they do nothing any more. Renamed ones are not among
// them, nor what no chart's defaults name.
func (u *Upgrade) Removed() []string {
	if u.Before == nil {
		return nil
	}
	var paths []string
	leaves(u.Values(), nil, func(path []string) {
		if Has(u.Release, path...) && known(u.Before, path) && !known(u.After, path) {
			paths = append(paths, strings.Join(path, "."))
		}
	})
	slices.Sort(paths)
	return paths
}

// leaves calls f with the path of every value that is not a map with entries.
func leaves(v Values, above []string, f func(path []string)) {
	for _, key := range slices.Sorted(maps.Keys(v)) {
		path := append(slices.Clone(above), key)
		if inner, ok := v[key].(Values); ok && len(inner) > 0 {
			leaves(inner, path, f)
			continue
		}
		f(path)
	}
}

// known says whether defaults name the path, or the maps above it are free to
// have any keys: those whose default is empty.
func known(defaults Values, path []string) bool {
	var at any = defaults
	for _, key := range path {
		m, ok := at.(Values)
		if !ok || len(m) == 0 {
			return true
		}
		if at, ok = m[key]; !ok {
			return false
		}
	}
	return true
}

// ProvidedCerts are the paths of mesh certificates that the release gives as
// values; charts from 1.20 on refuse them.
func (u *Upgrade) ProvidedCerts() []string {
	v, err := semver.NewVersion(u.To)
	all := u.Values()
	if err != nil || !atLeast(v, 1, 20) || TLSMethod(all) != MethodProvided {
		return nil
	}
	var paths []string
	for _, name := range []string{"admin", "remote", "server"} {
		path := []string{"clustermesh", "apiserver", "tls", name, "cert"}
		if cert, _ := get(all, path...); cert != nil && cert != "" {
			paths = append(paths, strings.Join(path, "."))
		}
	}
	return paths
}

// ChangesPolicies says whether network policies whose peers name no cluster
// mean something else with the new chart: from 1.19 on they mean the own
// cluster only, unless clustermesh.policyDefaultLocalCluster says otherwise.
// from is the version that runs.
func (u *Upgrade) ChangesPolicies(from string) bool {
	was, err := semver.NewVersion(from)
	is, err2 := semver.NewVersion(u.To)
	if err != nil || err2 != nil || atLeast(was, 1, 19) || !atLeast(is, 1, 19) {
		return false
	}
	return !Has(u.Values(), "clustermesh", "policyDefaultLocalCluster")
}

// image is one of Cilium's own images in the chart's values.
type image struct {
	path    []string
	digests []string
}

func (i image) at(key string) []string { return append(slices.Clone(i.path), key) }

// keys are those that say which image it is, the one that wins first.
func (i image) keys() []string { return append([]string{"override", "tag"}, i.digests...) }

// images are those that have Cilium's own version. Envoy, certgen and Hubble's
// UI have versions of their own.
func images() []image {
	return []image{
		{[]string{"image"}, []string{"digest"}},
		{[]string{"operator", "image"}, []string{"genericDigest", "azureDigest", "awsDigest", "alibabacloudDigest"}},
		{[]string{"clustermesh", "apiserver", "image"}, []string{"digest"}},
		{[]string{"hubble", "relay", "image"}, []string{"digest"}},
	}
}

// Pin is a value that keeps one of Cilium's images at what it was.
type Pin struct {
	Path  string // as "image.tag"
	Value string
}

func (p Pin) String() string { return p.Path + "=" + p.Value }

// Pins are the values of the release that would keep Cilium's images where
// they are whatever the chart says. What the user gives now is no pin, and
// neither is what the chart itself says.
func (u *Upgrade) Pins() []Pin {
	all := u.Values()
	var pins []Pin
	for _, i := range images() {
		useDigest, ok := get(all, i.at("useDigest")...)
		if !ok {
			useDigest, _ = get(u.After, i.at("useDigest")...)
		}
		for _, key := range i.keys() {
			given, _ := get(all, i.at(key)...)
			own, _ := get(u.After, i.at(key)...)
			digest := slices.Contains(i.digests, key)
			if given == nil || given == "" || reflect.DeepEqual(given, own) || Has(u.User, i.at(key)...) || digest && useDigest != true {
				continue
			}
			pins = append(pins, Pin{strings.Join(i.at(key), "."), fmt.Sprint(given)})
		}
	}
	return pins
}

// AgentTag is the tag of the agents' image; empty if it has none.
func (u *Upgrade) AgentTag() string {
	all := merge(u.After, u.Values())
	if override, _ := get(all, "image", "override"); override != nil && override != "" {
		name, _, _ := strings.Cut(fmt.Sprint(override), "@")
		if at := strings.LastIndexByte(name, ':'); at > strings.LastIndexByte(name, '/') {
			return name[at+1:]
		}
		return ""
	}
	tag, _ := get(all, "image", "tag")
	if tag == nil {
		return ""
	}
	return fmt.Sprint(tag)
}
