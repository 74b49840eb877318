# How all is built that needs no race detector: sourced, so that the linter, the
# plugin and the tests compile each package once.
#
# Dependencies are most of the plugin. That nothing is inlined, except in Go's own
# runtime, keeps it under the 60 MB that it may have on any system. It takes half
# as long again to reckon for it (to judge 100 clusters of 1,000 nodes: half a
# second more), and most of its time it waits for API servers. .goreleaser.yaml
# says the same for releases.
export CGO_ENABLED=0
export GOFLAGS="${GOFLAGS:-} -trimpath -gcflags=all=-l -gcflags=runtime/...= -gcflags=internal/...="
