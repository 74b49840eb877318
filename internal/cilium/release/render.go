package release

import (
	"context"
	"fmt"
	"log/slog"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/common"
	chartv2 "helm.sh/helm/v4/pkg/chart/v2"
	corev1 "k8s.io/api/core/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
)

// RenderOptions are what a chart is told of the cluster that it is not on.
type RenderOptions struct {
	Namespace string
	// KubeVersion is the API server's, as "v1.37.1". Required: some of what
	// the chart makes depends on it.
	KubeVersion string
	// Secrets exist, for the chart's lookups: cilium-ca above all, without
	// which the chart makes a CA of its own.
	Secrets []*corev1.Secret
}

// Render renders the chart without a cluster: it tells whether chart and
// values go together, and what would be made. Chart is used up. The manifest
// may hold private keys.
func Render(ctx context.Context, chart *chartv2.Chart, values map[string]any, options RenderOptions) (manifest string, err error) {
	config := action.NewConfiguration(action.ConfigurationSetLogger(slog.DiscardHandler))
	if config.CustomTemplateFuncs, err = givenLookup(options.Secrets).functions(); err != nil {
		return "", err
	}
	install := action.NewInstall(config)
	install.ReleaseName = cilium.ReleaseName
	install.Namespace = options.Namespace
	install.DryRunStrategy = action.DryRunClient
	if install.KubeVersion, err = common.ParseKubeVersion(options.KubeVersion); err != nil {
		return "", fmt.Errorf("kubernetes version %q: %w", options.KubeVersion, err)
	}
	if givesClusterMap(values) {
		acceptClusterMap(chart)
	}
	got, err := install.RunWithContext(ctx, chart, values)
	if err != nil {
		return "", fmt.Errorf("chart cilium %s cannot be rendered: %w", chart.Metadata.Version, err)
	}
	made, err := asV1(got)
	if err != nil {
		return "", err
	}
	return made.Manifest, nil
}
