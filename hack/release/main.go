// Command release does what goreleaser does not: it checks the tag, fetches the
// pinned chart, writes bills of materials, makes the prober's image and fills in
// Krew's manifest. See hack/dist.sh and hack/release.sh, which call it.
//
//	release check TAG                    its form, and that CHANGELOG.md has a section
//	release chart [--show]               into internal/cilium/chart, for the next build
//	release sbom ARCHIVE DOCUMENT        SOURCE_DATE_EPOCH is the document's time
//	release image [--push REPOSITORY]    from dist to dist/aksmesh-probe.tar
//	release krew [--partial]             from dist/checksums.txt to dist/krew/aksmesh.yaml
//
// All but sbom run in the repository's root.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	commands := map[string]func(context.Context, []string) error{
		"check": runCheck, "chart": runChart, "sbom": runSBOM, "image": runImage, "krew": runKrew,
	}
	if len(args) > 0 {
		if command, ok := commands[args[0]]; ok {
			return command(ctx, args[1:])
		}
	}
	return fmt.Errorf("say what to do: check, chart, sbom, image or krew; see hack/release/main.go")
}
