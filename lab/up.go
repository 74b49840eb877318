package lab

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aksmesh/kubectl-aksmesh/lab/build"
	"github.com/aksmesh/kubectl-aksmesh/lab/cluster"
	"github.com/aksmesh/kubectl-aksmesh/lab/image"
	"github.com/aksmesh/kubectl-aksmesh/lab/node"
	"github.com/aksmesh/kubectl-aksmesh/lab/shape"
)

// Build builds programs and images that are missing or outdated.
func (l *Lab) Build(ctx context.Context, report func(build.Progress)) error {
	unlock, err := l.lock()
	if err != nil {
		return err
	}
	defer unlock()
	return l.build(ctx, report)
}

func (l *Lab) build(ctx context.Context, report func(build.Progress)) error {
	start := time.Now()
	b := build.Builder{Source: l.Source, Bin: l.Home.Bin(), Report: report}
	count, err := b.All(ctx)
	if err != nil {
		return err
	}
	if count > 0 {
		l.Say("%d programs built in %s", count, time.Since(start).Round(time.Second))
	}
	start = time.Now()
	in, err := l.imageInputs(ctx)
	if err != nil {
		return err
	}
	made, err := image.Ensure(ctx, in, l.Home.Images(), l.Home.ImageStore())
	if made && err == nil {
		l.Say("images made in %s", time.Since(start).Round(100*time.Millisecond))
	}
	return err
}

func (l *Lab) imageInputs(ctx context.Context) (image.Inputs, error) {
	versions, err := build.ReadVersions(l.Source)
	if err != nil {
		return image.Inputs{}, err
	}
	source, err := build.CiliumSource(ctx, l.Source)
	return image.Inputs{Bin: l.Home.Bin(), CiliumSource: source, Kubernetes: versions.Kubernetes, Cilium: versions.Cilium}, err
}

// Up brings the lab to at least this size: what is missing is added, what runs
// is left alone. Nodes stay "NotReady" until somebody installs a CNI.
func (l *Lab) Up(ctx context.Context, want Size, report func(build.Progress)) error {
	unlock, err := l.lock()
	if err != nil {
		return err
	}
	defer unlock()
	nodes := 0
	for _, count := range want {
		nodes += count
	}
	if err := l.raiseLimits(nodes); err != nil {
		return err
	}
	if err := l.build(ctx, report); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(l.Home.Run(), "nodes"), 0o755); err != nil {
		return err
	}
	size, err := l.grow(want)
	if err != nil {
		return err
	}
	return l.start(ctx, size)
}

// grow writes down the new size before anything starts, so that down finds all
// of it.
func (l *Lab) grow(want Size) (Size, error) {
	size, err := l.Size()
	if err != nil {
		return nil, err
	}
	for c, nodes := range want {
		size[c] = max(size[c], nodes)
	}
	return size, l.saveSize(size)
}

// start starts whatever of the lab does not run.
func (l *Lab) start(ctx context.Context, size Size) error {
	start := time.Now()
	if err := l.rememberPrograms(); err != nil {
		return err
	}
	clusters := size.Clusters()
	if err := l.Fabric().Up(clusters); err != nil {
		return err
	}
	if err := parallel(clusters, func(c shape.Cluster) error { return l.controlPlane(c).Up(ctx) }); err != nil {
		return err
	}
	l.Say("%d API servers ready after %s", len(clusters), time.Since(start).Round(100*time.Millisecond))
	if err := l.writeFilesForPeople(clusters); err != nil {
		return err
	}
	if err := l.ensureDaemon(ctx, size); err != nil {
		return err
	}
	if err := parallel(size.AllNodes(), func(n shape.Node) error { return l.startNode(ctx, n) }); err != nil {
		return err
	}
	if err := parallel(clusters, func(c shape.Cluster) error {
		return cluster.WaitRegistered(ctx, cluster.AdminKubeconfig(l.Home.Cluster(c)), size.Nodes(c))
	}); err != nil {
		return err
	}
	l.Say("%d nodes registered after %s", len(size.AllNodes()), time.Since(start).Round(100*time.Millisecond))
	return nil
}

func (l *Lab) startNode(ctx context.Context, n shape.Node) error {
	dir := l.Home.Node(n)
	if node.Running(dir) {
		return nil
	}
	identity, err := cluster.NodeIdentity(n, l.Home.Cluster(n.Cluster))
	if err != nil {
		return err
	}
	files, err := node.Files(n, identity, image.Pause)
	if err != nil {
		return err
	}
	return node.Start(ctx, node.Config{
		Node: n, Dir: dir, Bin: l.Home.Bin(), ImageStore: l.Home.ImageStore(), Program: l.Program, Files: files,
	}, l.Fabric())
}

// writeFilesForPeople writes the kubeconfig and the Helm values.
func (l *Lab) writeFilesForPeople(clusters []shape.Cluster) error {
	var dirs []string
	for _, c := range clusters {
		dirs = append(dirs, l.Home.Cluster(c))
	}
	if err := cluster.MergeKubeconfigs(l.Home.Kubeconfig(), dirs); err != nil {
		return err
	}
	values, err := machineValues()
	if err != nil {
		return err
	}
	return os.WriteFile(l.Home.Values(), []byte(values), 0o644)
}

// parallel calls f for each item at the same time and joins all errors.
func parallel[T any](items []T, f func(T) error) error {
	var group errgroup.Group
	errs := make([]error, len(items))
	for i, item := range items {
		group.Go(func() error { errs[i] = f(item); return nil })
	}
	_ = group.Wait()
	return errors.Join(errs...)
}
