package azure

import (
	"context"
	"strings"
	"sync"
)

// maxReads is how many network resources are read at once, for all clusters:
// ARM answers a login 429 that asks for too much in a short time.
const maxReads = 16

// Networks reads networks: each resource once, however many clusters share it.
// It is for one look at all clusters, since it never reads anything again, and
// safe for concurrent use.
type Networks struct {
	client *Client
	slots  chan struct{} // one for each read under way

	mu    sync.Mutex
	reads map[string]func() ([]object, error) // by lower-case path
}

// Networks starts a look at networks.
func (c *Client) Networks() *Networks {
	return &Networks{client: c, slots: make(chan struct{}, maxReads), reads: map[string]func() ([]object, error){}}
}

// ManagedCluster is [Client.ManagedCluster], with virtual networks read once.
func (n *Networks) ManagedCluster(ctx context.Context, id ID) (*ManagedCluster, error) {
	return n.client.managedCluster(ctx, id, n)
}

func (n *Networks) get(ctx context.Context, path, version string) (object, error) {
	found, err := n.once(ctx, path, func() ([]object, error) {
		o, err := n.client.get(ctx, path, version)
		return []object{o}, err
	})
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

func (n *Networks) list(ctx context.Context, path, version string) ([]object, error) {
	return n.once(ctx, path, func() ([]object, error) { return n.client.list(ctx, path, version) })
}

// once runs read for the first who asks for the path, and has the others wait
// for what it brings, errors included.
func (n *Networks) once(ctx context.Context, path string, read func() ([]object, error)) ([]object, error) {
	key := strings.ToLower(path)
	n.mu.Lock()
	shared, ok := n.reads[key]
	if !ok {
		shared = sync.OnceValues(func() ([]object, error) {
			select {
			case n.slots <- struct{}{}:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			defer func() { <-n.slots }()
			return read()
		})
		n.reads[key] = shared
	}
	n.mu.Unlock()
	return shared()
}
