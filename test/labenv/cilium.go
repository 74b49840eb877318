package labenv

import (
	"context"
	"fmt"
	"os"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/yaml"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/chart"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/release"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// InstallCilium installs Cilium without a mesh, as someone would who needs no
// mesh yet: default cluster name, no id, a CA of its own for Hubble. It does
// not wait.
func (l *Lab) InstallCilium(ctx context.Context, c *mesh.Cluster, pods string) error {
	file, err := l.Values(ctx)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var machine values.Values
	if err := yaml.Unmarshal(text, &machine); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	own := values.Values{
		"aksbyocni":            values.Values{"enabled": true},
		"kubeProxyReplacement": true,
		"k8sServiceHost":       APIServer(c.Context), "k8sServicePort": 443,
		"ipam": values.Values{"operator": values.Values{"clusterPoolIPv4PodCIDRList": []any{pods}}},
	}
	found, err := chart.Load(ctx, chart.Source{Version: chart.DefaultVersion})
	if err != nil {
		return err
	}
	_, err = release.Apply(ctx, c.Config, release.Change{
		Namespace: mesh.Namespace, Chart: found.Chart, Values: values.Merge(nil, own, machine), Description: "Cilium alone",
	}, func(string) {})
	return err
}

// APIServer is the API server's name as the lab's nodes resolve it.
func APIServer(context string) string { return context + "-lab.hcp.westeurope.azmk8s.io" }

// WaitAgents waits until every node of a cluster has a ready agent.
func WaitAgents(ctx context.Context, c *mesh.Cluster) error {
	const every, most = 250 * time.Millisecond, 5 * time.Minute
	err := wait.PollUntilContextTimeout(ctx, every, most, true, func(ctx context.Context) (bool, error) {
		set, err := c.Client.AppsV1().DaemonSets(mesh.Namespace).Get(ctx, "cilium", metav1.GetOptions{})
		if err != nil {
			return false, nil //nolint:nilerr // not there yet
		}
		status := set.Status
		return status.DesiredNumberScheduled > 0 && status.NumberReady == status.DesiredNumberScheduled, nil
	})
	if err != nil {
		return fmt.Errorf("%s: agents do not become ready: %w", c.Context, err)
	}
	return nil
}
