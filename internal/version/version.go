// Package version says which build this is.
package version

import (
	"runtime"
	"runtime/debug"
)

// Info is what a build knows of itself.
type Info struct {
	Version string `json:"version"`          // as "v0.1.0", or "dev"
	Commit  string `json:"commit,omitempty"` // full hash
	Date    string `json:"date,omitempty"`   // of the commit, RFC 3339
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

// Set by the linker in released builds; see .goreleaser.yaml.
var version, commit, date string //nolint:gochecknoglobals // -ldflags -X needs variables

// Get returns the build's own description. A build without linker flags tells
// what the Go toolchain stamped.
func Get() Info {
	info := Info{Version: version, Commit: commit, Date: date, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return info
	}
	if info.Version == "" {
		info.Version = "dev"
		if build.Main.Version != "" && build.Main.Version != "(devel)" {
			info.Version = build.Main.Version
		}
	}
	for _, setting := range build.Settings {
		switch {
		case setting.Key == "vcs.revision" && info.Commit == "":
			info.Commit = setting.Value
		case setting.Key == "vcs.time" && info.Date == "":
			info.Date = setting.Value
		}
	}
	return info
}

// UserAgent is what API servers see, and their audit logs tell.
func UserAgent() string {
	info := Get()
	return "kubectl-aksmesh/" + info.Version + " (" + info.OS + "/" + info.Arch + ")"
}
