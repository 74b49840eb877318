package version

import "regexp"

// releases are the versions that hack/release.sh publishes: no distance from a
// tag, no mark of a changed tree, and nothing that a container registry takes
// for no tag.
var releases = regexp.MustCompile(`^v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(alpha|beta|rc)(\.?\d+)?)?$`)

// Released says whether builds of a version are published, and with them all
// that has its name, as the prober's image.
func Released(version string) bool { return releases.MatchString(version) }
