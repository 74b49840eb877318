package probe

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/probe/wire"
)

// MeshOptions say how the ways between clusters are measured.
type MeshOptions struct {
	Namespace string // of the pods
	Image     string
	// StartWithin bounds the time until a pod runs, the pull of its image included.
	StartWithin time.Duration
	// Parallel bounds the clusters that are worked on at once; 0 is 16.
	Parallel int
	// Say hears what is waited for in a cluster; it is called concurrently.
	Say func(context, text string)
}

// podName is what names of the mesh's probers begin with.
const podName = "aksmesh-probe-"

// Mesh measures the ways between clusters, each pair of them both ways, between
// one node of each: node to node, through the tunnel's port, pod to pod, and to
// the other's mesh address. seen is what was read of the clusters before, and
// has at least their configuration and Services of the mesh.
//
// In each cluster two pods listen, one on the node's network and one in the pod
// network, and then two send, on the same node: four short-lived pods, however
// many clusters there are. They are gone before Mesh returns, also when ctx
// ends. What cannot be measured is said where it is missing.
func Mesh(ctx context.Context, clusters []*mesh.Cluster, seen []mesh.Facts, o MeshOptions) *mesh.Probes {
	p := &probing{options: o, key: make([]byte, wire.KeySize)}
	_, _ = rand.Read(p.key) // does not fail
	for _, c := range clusters {
		i := slices.IndexFunc(seen, func(f mesh.Facts) bool { return f.Context == c.Context })
		s := &site{probing: p, cluster: c, facts: &mesh.Facts{Context: c.Context}}
		if i >= 0 {
			s.facts = &seen[i]
		}
		s.seen.Context = c.Context
		p.sites = append(p.sites, s)
	}
	p.each(func(s *site) { s.listen(ctx) })
	p.assign()
	p.each(func(s *site) { s.send(ctx) })
	p.each(func(s *site) { s.settle(ctx) })
	result := p.result()
	p.each(func(s *site) { s.end(ctx) })
	for _, s := range p.sites {
		result.Sites = append(result.Sites, s.seen)
	}
	return result
}

// probing is one measurement of a mesh under way.
type probing struct {
	options MeshOptions
	key     []byte
	sites   []*site
	ways    []*way
	dials   []*dial
	streams uint32
}

// stream numbers a stream of packets.
func (p *probing) stream() uint32 {
	p.streams++
	return p.streams
}

// each calls f for all sites, some at a time.
func (p *probing) each(f func(*site)) {
	var group errgroup.Group
	group.SetLimit(p.atOnce())
	for _, s := range p.sites {
		group.Go(func() error {
			f(s)
			return nil
		})
	}
	_ = group.Wait() // errors are part of the result
}

// runWithin bounds a sender's work on so many tasks, of which it does four at
// a time: none takes longer than its own deadlines, 15 seconds.
func runWithin(tasks int) time.Duration {
	return 30*time.Second + time.Duration(tasks)*4*time.Second
}

// job is one of a site's pods.
func (s *site) job(host bool, run time.Duration, args ...string) Job {
	o := &s.options
	return Job{
		Namespace: o.Namespace, Image: o.Image, Args: args, Name: podName, Node: s.seen.Node, HostNetwork: host, Unit: "measurements",
		StartWithin: o.StartWithin, RunWithin: run,
	}
}

// listenWithin bounds a listener's life: until others' listeners have started
// and been heard, and their senders have started and measured all. Where there
// are more clusters than are worked on at once, the first listen until the last
// have had their turn.
func (p *probing) listenWithin() time.Duration {
	const kinds = 5 // of tasks from one site to another, at most, on one network
	turns := time.Duration((len(p.sites) + p.atOnce() - 1) / p.atOnce())
	listening := 2*turns - 1 // its own start is bounded by itself
	const removals = time.Minute
	return (listening+turns)*p.options.StartWithin + turns*(runWithin(kinds*len(p.sites))+removals)
}

// atOnce is how many sites are worked on at once.
func (p *probing) atOnce() int { return cmp.Or(p.options.Parallel, 16) }

// pickNode chooses a node of the cluster: the first by name that takes pods.
func pickNode(ctx context.Context, c *mesh.Cluster) (string, error) {
	list, err := c.Client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return "", fmt.Errorf("nodes cannot be listed: %w", err)
	}
	nodes := slices.DeleteFunc(list.Items, func(n corev1.Node) bool { return !ready(&n) })
	if len(nodes) == 0 {
		return "", errors.New("no node is ready and takes pods")
	}
	return slices.MinFunc(nodes, func(a, b corev1.Node) int { return cmp.Compare(a.Name, b.Name) }).Name, nil
}

func (p *probing) hexKey() string { return hex.EncodeToString(p.key) }
