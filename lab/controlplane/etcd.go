package controlplane

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"

	"go.etcd.io/etcd/server/v3/embed"
)

// etcdServer is the one etcd that all clusters share, each below its own prefix.
type etcdServer struct {
	*embed.Etcd
	endpoint string // URL
}

// startEtcd starts etcd on free loopback ports and returns when it serves. It
// does not sync to disk: its data does not outlive the process.
func startEtcd(ctx context.Context, dir string) (*etcdServer, error) {
	anyPort := url.URL{Scheme: "http", Host: "127.0.0.1:0"}
	cfg := embed.NewConfig()
	cfg.Dir = dir
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls = []url.URL{anyPort}, []url.URL{anyPort}
	cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = []url.URL{anyPort}, []url.URL{anyPort}
	cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
	cfg.UnsafeNoFsync = true
	cfg.LogLevel = "warn"
	cfg.LogOutputs = []string{filepath.Join(filepath.Dir(dir), "etcd.log")}

	server, err := embed.StartEtcd(cfg)
	if err != nil {
		return nil, fmt.Errorf("start etcd: %w", err)
	}
	select {
	case <-server.Server.ReadyNotify():
	case err := <-server.Err():
		server.Close()
		return nil, fmt.Errorf("etcd ended while starting: %w", err)
	case <-ctx.Done():
		server.Close()
		return nil, fmt.Errorf("waiting for etcd: %w", context.Cause(ctx))
	}
	return &etcdServer{Etcd: server, endpoint: "http://" + server.Clients[0].Addr().String()}, nil
}
