package lab

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aksmesh/kubectl-aksmesh/lab/azure"
	"github.com/aksmesh/kubectl-aksmesh/lab/build"
	"github.com/aksmesh/kubectl-aksmesh/lab/cluster"
	"github.com/aksmesh/kubectl-aksmesh/lab/image"
	"github.com/aksmesh/kubectl-aksmesh/lab/network"
	"github.com/aksmesh/kubectl-aksmesh/lab/patience"
	"github.com/aksmesh/kubectl-aksmesh/lab/proc"
	"github.com/aksmesh/kubectl-aksmesh/lab/shape"
)

// daemonName is the name of the daemon's pid and log files.
const daemonName = "daemon"

// azureListen is where the simulated Azure Resource Manager is reached.
const azureListen = "127.0.0.1:6400"

// ensureDaemon runs one daemon for this size of the lab. One that serves
// another size is replaced: nothing but connections is lost, its state is in
// files.
func (l *Lab) ensureDaemon(ctx context.Context, size Size) error {
	want := "daemon"
	for _, c := range size.Clusters() {
		want += " " + c.Name() + "=" + strconv.Itoa(size[c])
	}
	running := proc.Pid(l.Home.Run(), daemonName) != 0
	if was, err := os.ReadFile(l.daemonSizeFile()); running && err == nil && string(was) == want {
		return nil
	}
	if err := l.stopDaemon(ctx); err != nil {
		return err
	}
	err := proc.Start(proc.Spec{
		Dir: l.Home.Run(), Name: daemonName, Path: l.Program,
		Args: []string{"daemon"}, Env: []string{"AKSMESH_LAB_HOME=" + string(l.Home), "AKSMESH_LAB_SOURCE=" + l.Source},
	})
	if err != nil {
		return err
	}
	if err := l.waitDaemon(ctx, size); err != nil {
		return err
	}
	return os.WriteFile(l.daemonSizeFile(), []byte(want), 0o600)
}

func (l *Lab) daemonSizeFile() string { return filepath.Join(l.Home.Run(), "daemon.size") }

func (l *Lab) stopDaemon(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience.Of(10*time.Second))
	defer cancel()
	return proc.Stop(ctx, l.Home.Run(), daemonName, syscall.SIGTERM)
}

// waitDaemon returns when the daemon listens everywhere.
func (l *Lab) waitDaemon(ctx context.Context, size Size) error {
	ctx, cancel := context.WithTimeout(ctx, patience.Of(20*time.Second))
	defer cancel()
	addresses := []string{azureListen}
	for _, c := range size.Clusters() {
		addresses = append(addresses, loopback(c))
	}
	for _, a := range addresses {
		for {
			conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", a)
			if err == nil {
				conn.Close()
				break
			}
			log := proc.LogFile(l.Home.Run(), daemonName)
			if proc.Pid(l.Home.Run(), daemonName) == 0 {
				return fmt.Errorf("the lab's daemon has ended: see %s", log)
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("the lab's daemon does not listen on %s: see %s", a, log)
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
	return nil
}

func loopback(c shape.Cluster) string { return fmt.Sprintf("127.0.0.1:%d", c.LoopbackPort()) }

// Daemon forwards connections to API servers and plays Azure until ctx ends.
func (l *Lab) Daemon(ctx context.Context, log *slog.Logger) error {
	size, err := l.Size()
	if err != nil {
		return err
	}
	versions, err := build.ReadVersions(l.Source)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	config := azure.Config{Dir: l.Home.Azure(), Listen: azureListen, Log: log}
	for _, c := range size.Clusters() {
		config.Clusters = append(config.Clusters, l.azureCluster(c, size, image.KubeProxy(versions.Kubernetes)))
		outside, err := (&net.ListenConfig{}).Listen(ctx, "tcp", loopback(c))
		if err != nil {
			return fmt.Errorf("cluster %s: %w", c.Name(), err)
		}
		// The simulated Azure tells kube-proxy the port of its own kubeconfig.
		inside, err := network.Listen(ctx, netip.AddrPortFrom(c.API(), uint16(c.LoopbackPort())))
		if err != nil {
			return fmt.Errorf("cluster %s: %w", c.Name(), err)
		}
		for _, listener := range []net.Listener{outside, inside} {
			group.Go(func() error { return forward(ctx, listener, c.APIEndpoint()) })
		}
	}
	group.Go(func() error { return azure.Run(ctx, config) })
	return group.Wait()
}

func (l *Lab) azureCluster(c shape.Cluster, size Size, kubeProxy string) azure.Cluster {
	var via []netip.Addr
	for _, n := range size.Nodes(c) {
		via = append(via, n.Addr())
	}
	return azure.Cluster{
		Name: c.Name(), SubscriptionID: c.SubscriptionID(), ResourceGroup: c.ResourceGroup(),
		NodeResourceGroup: c.NodeResourceGroup(), Location: shape.Location,
		Kubeconfig: cluster.AzureKubeconfig(l.Home.Cluster(c)), FQDN: c.FQDN(),
		VNet: c.VNetName(), Subnet: c.SubnetName(), VNetPrefix: c.VNet(), SubnetPrefix: c.VNet(),
		ServiceCIDR: shape.ServiceCIDR(), KubeProxyImage: kubeProxy, KubeProxyCIDR: aksPodCIDR,
		FirstFrontend: c.FirstFrontend(),
		Route: func(_ context.Context, frontend netip.Addr) error {
			return l.Fabric().AddRoute(network.Route{To: netip.PrefixFrom(frontend, 32), Via: via})
		},
	}
}

// aksPodCIDR is what AKS has on record for pods, whatever the CNI does.
const aksPodCIDR = "10.244.0.0/16"

// forward takes connections until ctx ends and copies them to an address in
// the fabric.
func forward(ctx context.Context, listener net.Listener, to netip.AddrPort) error {
	defer context.AfterFunc(ctx, func() { listener.Close() })()
	for {
		conn, err := listener.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("forwarder on %s: %w", listener.Addr(), err)
		}
		go func() {
			defer conn.Close()
			inside, err := network.Dial(ctx, to)
			if err != nil {
				return // the client sees a closed connection, as with a dead server
			}
			defer inside.Close()
			defer context.AfterFunc(ctx, func() { conn.Close(); inside.Close() })()
			join(conn, inside)
		}()
	}
}

// join copies both ways until both directions have ended.
func join(a, b net.Conn) {
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{a, b}, {b, a}} {
		both.Go(func() {
			_, _ = io.Copy(way[1], way[0])
			if half, ok := way[1].(interface{ CloseWrite() error }); ok {
				_ = half.CloseWrite()
			}
		})
	}
	both.Wait()
}
