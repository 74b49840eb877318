# How all is built that needs no race detector: sourced, so that the linter, the
# plugin and the tests compile each package once.
#
# Dependencies are most of the plugin. That nothing is inlined, except in Go's own
# runtime, makes it 10 % smaller (60 MB are what it may have, on any system) and
# costs nothing that can be felt; .goreleaser.yaml says the same for releases.
export CGO_ENABLED=0
export GOFLAGS="${GOFLAGS:-} -trimpath -gcflags=all=-l -gcflags=runtime/...= -gcflags=internal/...="
