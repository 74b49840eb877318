package release

import (
	"maps"

	chartv2 "helm.sh/helm/v4/pkg/chart/v2"
)

// acceptClusterMap makes the chart's default for clustermesh.config.clusters
// an empty map instead of an empty list; the templates take both. Otherwise
// Helm finds that a map replaces a list and writes so to standard error,
// through the log package, at every rendering. No map that another copy of the
// chart may share is changed.
func acceptClusterMap(chart *chartv2.Chart) {
	mesh, _ := chart.Values["clustermesh"].(map[string]any)
	config, _ := mesh["config"].(map[string]any)
	if list, ok := config["clusters"].([]any); !ok || len(list) > 0 {
		return
	}
	config = maps.Clone(config)
	config["clusters"] = map[string]any{}
	mesh = maps.Clone(mesh)
	mesh["config"] = config
	chart.Values = maps.Clone(chart.Values)
	chart.Values["clustermesh"] = mesh
}

// givesClusterMap says whether values spell the mesh's peers as a map.
func givesClusterMap(values map[string]any) bool {
	mesh, _ := values["clustermesh"].(map[string]any)
	config, _ := mesh["config"].(map[string]any)
	_, isMap := config["clusters"].(map[string]any)
	return isMap
}
