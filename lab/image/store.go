package image

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// Ensure makes all images and unpacks them into store, a containerd root,
// unless that was done from the same inputs before. It says whether it did
// anything.
func Ensure(ctx context.Context, in Inputs, dir, store string) (bool, error) {
	images, err := Catalog(in)
	if err != nil {
		return false, err
	}
	key, err := catalogKey(images)
	if err != nil {
		return false, err
	}
	keyFile := store + ".key"
	if was, err := os.ReadFile(keyFile); err == nil && string(was) == key {
		return false, nil
	}
	for _, old := range []string{keyFile, store, dir} {
		if err := os.RemoveAll(old); err != nil {
			return true, err
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return true, err
	}
	var group errgroup.Group
	for _, i := range images {
		group.Go(func() error { return i.Save(dir) })
	}
	if err := group.Wait(); err != nil {
		return true, err
	}
	if err := unpack(ctx, in.Bin, dir, store, images); err != nil {
		return true, fmt.Errorf("cannot unpack the images: %w", err)
	}
	return true, os.WriteFile(keyFile, []byte(key), 0o644)
}

// catalogKey changes whenever an image would: with a name, or with the size or
// time of a file that goes into it.
func catalogKey(images []*Image) (string, error) {
	h := sha256.New()
	for _, i := range images {
		fmt.Fprintf(h, "%s %q %q\n", i.Ref, i.Entrypoint, i.Env)
		if err := i.Tree.addTo(h); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func (t Tree) addTo(h hash.Hash) error {
	for _, name := range t.names() {
		e := t[name]
		fmt.Fprintf(h, "%s %o %q %q %q", name, e.mode, e.link, e.content, e.from)
		if e.from != "" {
			info, err := os.Stat(e.from)
			if err != nil {
				return err
			}
			fmt.Fprintf(h, " %d %d", info.Size(), info.ModTime().UnixNano())
		}
		fmt.Fprintln(h)
	}
	return nil
}

// storeConfig is containerd's configuration while images are unpacked.
const storeConfig = `version = 3
root = %q
state = %q
disabled_plugins = ["io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime", "io.containerd.grpc.v1.cri", "io.containerd.nri.v1.nri", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]
[grpc]
  address = %q
`

// unpack runs a containerd for as long as it takes to import all archives. It
// has a mount namespace of its own, so its mounts go with it.
func unpack(ctx context.Context, bin, dir, store string, images []*Image) error {
	state, err := os.MkdirTemp("", "aksmesh-containerd-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(state)
	socket, config := filepath.Join(state, "containerd.sock"), filepath.Join(state, "config.toml")
	text := fmt.Sprintf(storeConfig, store, filepath.Join(state, "state"), socket)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var log strings.Builder
	containerd := exec.CommandContext(ctx, filepath.Join(bin, "containerd"), "--config", config)
	containerd.Cancel = func() error { return containerd.Process.Signal(syscall.SIGTERM) } // it closes its databases
	containerd.Stdout, containerd.Stderr = &log, &log
	containerd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if err := containerd.Start(); err != nil {
		cancel()
		return err
	}
	ended := make(chan struct{})
	var exit error // valid once ended is closed
	go func() { exit = containerd.Wait(); close(ended) }()
	err = importAll(ctx, filepath.Join(bin, "ctr"), socket, dir, images, ended)
	cancel()
	<-ended
	if errors.Is(exit, context.Canceled) {
		exit = nil // as it was told
	}
	if err := errors.Join(err, exit); err != nil {
		return fmt.Errorf("%w: containerd says: %s", err, log.String())
	}
	return nil
}

func importAll(ctx context.Context, ctr, socket, dir string, images []*Image, ended <-chan struct{}) error {
	for {
		_, err := os.Stat(socket)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		select {
		case <-ended:
			return errors.New("containerd has ended")
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	for _, i := range images {
		cmd := exec.CommandContext(ctx, ctr, "--address", socket, "--connect-timeout", "30s", "--namespace", "k8s.io",
			"images", "import", filepath.Join(dir, i.FileName()))
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", i.Ref, err, out)
		}
	}
	return nil
}
