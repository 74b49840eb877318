package lab

import (
	"context"
	"errors"
	"fmt"

	"github.com/aksmesh/kubectl-aksmesh/lab/azure"
	"github.com/aksmesh/kubectl-aksmesh/lab/node"
	"github.com/aksmesh/kubectl-aksmesh/lab/shape"
)

// Reset makes clusters bare again: new certificates, an empty etcd, new nodes.
func (l *Lab) Reset(ctx context.Context, clusters []shape.Cluster) error {
	unlock, err := l.lock()
	if err != nil {
		return err
	}
	defer unlock()
	size, err := l.Size()
	if err != nil {
		return err
	}
	for _, c := range clusters {
		if size[c] == 0 {
			return fmt.Errorf("cluster %s is not up", c.Name())
		}
	}
	// The simulated Azure can forget a cluster only while it does not run.
	if err := l.stopDaemon(ctx); err != nil {
		return err
	}
	err = parallel(clusters, func(c shape.Cluster) error {
		return errors.Join(
			parallel(size.Nodes(c), func(n shape.Node) error { return node.Stop(ctx, n, l.Home.Node(n), l.Fabric()) }),
			l.controlPlane(c).Down(ctx), l.Fabric().RemoveCluster(c))
	})
	if err != nil {
		return err
	}
	for _, c := range clusters {
		if err := azure.Forget(l.Home.Azure(), c.SubscriptionID()); err != nil {
			return err
		}
	}
	return l.start(ctx, size)
}
