package release

import (
	"context"
	"errors"
	"strings"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/kube"
	"k8s.io/cli-runtime/pkg/resource"
)

// dryRun lets Helm render and check ownership, and then does what Helm leaves
// out: it sends the objects, not to be stored.
func (h *helm) dryRun(ctx context.Context) error {
	rendered, err := h.run(ctx, action.DryRunServer)
	if err != nil {
		return err
	}
	list, err := h.objects.Build(strings.NewReader(rendered.Manifest), false)
	if err != nil {
		return err
	}
	// Ownership does not matter to a dry run, so the metadata that Helm adds
	// is left out.
	made := map[string]bool{}
	for _, info := range list {
		if info.Mapping.GroupVersionKind.Kind == "Namespace" {
			made[info.Name] = true
		}
	}
	h.objects.dryRun = true
	var refused []error
	for _, info := range list.Filter(func(info *resource.Info) bool { return !made[info.Namespace] }) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := h.objects.patch(info); err != nil {
			refused = append(refused, err)
		}
	}
	return errors.Join(refused...)
}

var _ kube.Interface = (*objects)(nil)
