package azure

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// controller runs what AKS runs for one cluster.
type controller struct {
	cluster *Cluster
	store   *store
	log     *slog.Logger
	settled *settled
}

// controllers are those of all clusters.
type controllers []*controller

func newControllers(s *server, clusters []Cluster) controllers {
	var out controllers
	for i := range clusters {
		if clusters[i].Kubeconfig == "" {
			continue
		}
		out = append(out, &controller{
			cluster: &clusters[i], store: s.store, settled: newSettled(),
			log: s.log.With("cluster", clusters[i].Name),
		})
	}
	return out
}

// settle waits until a cluster's kube-proxy is what ARM says. A cluster without
// a controller is always settled.
func (cs controllers) settle(ctx context.Context, clusterID string) error {
	for _, c := range cs {
		if strings.EqualFold(c.cluster.id(), clusterID) {
			return c.settled.wait(ctx, kubeProxyEnabled(c.store.get(clusterID)))
		}
	}
	return nil
}

// run runs the controllers until ctx ends, from the moment when the cluster's
// API server answers.
func (c *controller) run(ctx context.Context) error {
	client, server, err := c.connect(ctx)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return fmt.Errorf("simulated azure: cluster %s: %w", c.cluster.Name, err)
	}
	addons, err := newAddonManager(c, client, server)
	if err != nil {
		return fmt.Errorf("simulated azure: cluster %s: %w", c.cluster.Name, err)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return addons.run(ctx) })
	group.Go(func() error { return newCloud(c, client).run(ctx) })
	return group.Wait()
}

// connect waits for the kubeconfig and the API server. The second result is the
// API server's URL as nodes see it: its FQDN with the kubeconfig's port.
func (c *controller) connect(ctx context.Context) (kubernetes.Interface, string, error) {
	var client kubernetes.Interface
	var server string
	// A file and a server that may not exist yet: there is nothing to watch.
	err := wait.PollUntilContextCancel(ctx, 500*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		config, err := c.restConfig()
		if err != nil {
			c.log.Debug("wait for the kubeconfig", "error", err)
			return false, nil
		}
		at, err := url.Parse(config.Host)
		if err != nil {
			return false, fmt.Errorf("read the kubeconfig's server: %w", err)
		}
		server = (&url.URL{Scheme: "https", Host: hostPort(c.cluster.FQDN, at.Port())}).String()
		if client, err = kubernetes.NewForConfig(config); err != nil {
			return false, fmt.Errorf("make a client from %s: %w", c.cluster.Kubeconfig, err)
		}
		if err := client.CoreV1().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error(); err != nil {
			c.log.Debug("wait for the API server", "error", err)
			return false, nil
		}
		return true, c.noteVersion(client)
	})
	return client, server, err
}

func (c *controller) restConfig() (*rest.Config, error) {
	if _, err := os.Stat(c.cluster.Kubeconfig); err != nil {
		return nil, err
	}
	config, err := clientcmd.BuildConfigFromFlags("", c.cluster.Kubeconfig)
	if err != nil {
		return nil, err
	}
	// Audit logs of the lab count what kubectl-aksmesh asks, not what Azure asks.
	config.UserAgent = "simulated-azure"
	return config, nil
}

// noteVersion writes the cluster's Kubernetes version into ARM.
func (c *controller) noteVersion(client kubernetes.Interface) error {
	info, err := client.Discovery().ServerVersion()
	if err != nil {
		return nil // not ready after all; ARM goes without a version
	}
	version := strings.TrimPrefix(info.GitVersion, "v")
	return c.store.update(func(d *data) error {
		cluster := d.Resources[strings.ToLower(c.cluster.id())]
		properties := ensure(cluster, "properties")
		properties["kubernetesVersion"], properties["currentKubernetesVersion"] = version, version
		for _, pool := range objects(properties["agentPoolProfiles"]) {
			pool["orchestratorVersion"], pool["currentOrchestratorVersion"] = version, version
		}
		return nil
	})
}

func hostPort(host, port string) string {
	if port == "" || port == "443" {
		return host
	}
	return host + ":" + port
}
