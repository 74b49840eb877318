package globalsvc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/collect"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
)

// IDs of steps, behind the cluster's context and a slash.
const (
	stepNamespace = "namespace"
	stepExpose    = "expose"
	stepUnexpose  = "unexpose"
)

func id(context, step string) string { return context + "/" + step }

// Plan binds the draft to live clusters, by context.
func (d *Draft) Plan(live map[string]*mesh.Cluster) plan.Plan {
	var p plan.Plan
	for i := range d.Targets {
		t := &d.Targets[i]
		if len(t.Diff) == 0 {
			continue
		}
		c := live[t.Context]
		step := plan.Step{
			ID: id(t.Context, stepExpose), Cluster: t.Context, Action: plan.Update, Object: d.object(),
			Summary: "annotate the Service", Diff: t.Diff,
			Check: func(ctx context.Context) error { return d.expose(ctx, c, t, true) },
			Do:    func(ctx context.Context, _ func(string)) error { return d.expose(ctx, c, t, false) },
		}
		if t.Create != nil {
			step.Action, step.Summary = plan.Create, "make the Service like that of another cluster"
		}
		if t.CreateNamespace {
			p.Steps = append(p.Steps, plan.Step{
				ID: id(t.Context, stepNamespace), Cluster: t.Context, Action: plan.Create,
				Object: "Namespace " + d.wish.Namespace, Summary: "make the namespace",
				Check: func(ctx context.Context) error { return d.makeNamespace(ctx, c, true) },
				Do:    func(ctx context.Context, _ func(string)) error { return d.makeNamespace(ctx, c, false) },
			})
			step.Needs = []string{id(t.Context, stepNamespace)}
			step.Check = nil // there is no namespace yet to ask in
		}
		p.Steps = append(p.Steps, step)
	}
	return p
}

func (d *Draft) object() string { return "Service " + d.wish.Namespace + "/" + d.wish.Name }

func (d *Draft) makeNamespace(ctx context.Context, c *mesh.Cluster, dryRun bool) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: d.wish.Namespace, Labels: ourLabels()}}
	_, err := c.Client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{DryRun: dry(dryRun), FieldManager: cilium.FieldManager})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// labelManagedBy marks what kubectl aksmesh has made itself.
const labelManagedBy = "app.kubernetes.io/managed-by"

func ourLabels() map[string]string {
	return map[string]string{labelManagedBy: cilium.FieldManager}
}

func dry(run bool) []string {
	if run {
		return []string{metav1.DryRunAll}
	}
	return nil
}

// expose brings the Service to the wish as it is now, not as it was when the
// plan was made: what is done already, by whomever, is left alone.
func (d *Draft) expose(ctx context.Context, c *mesh.Cluster, t *Target, dryRun bool) error {
	services := c.Client.CoreV1().Services(d.wish.Namespace)
	live, err := services.Get(ctx, d.wish.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) && t.Create != nil {
		if err := d.apply(ctx, c, configOf(t.Create, t.edit.set), dryRun); err != nil || dryRun {
			return err
		}
		return d.verify(ctx, c)
	}
	if err != nil {
		return err
	}
	now := collect.GlobalService(live)
	e := d.wish.edit(&now)
	if len(e.set)+len(e.remove) == 0 {
		return nil
	}
	if err := d.apply(ctx, c, configOf(&now, withAnnotations(owned(&now), e.set, e.remove)), dryRun); err != nil {
		return err
	}
	if err := d.remove(ctx, c, &now, e.remove, dryRun); err != nil || dryRun {
		return err
	}
	return d.verify(ctx, c)
}

// owned are the annotations that kubectl aksmesh owns. Server-side apply takes
// away what its manager no longer says, so they are said each time.
func owned(now *mesh.GlobalService) map[string]string {
	ours := map[string]string{}
	for name, managers := range now.Managers {
		if value, ok := now.Annotations[name]; ok && slices.Contains(managers, cilium.FieldManager) {
			ours[name] = value
		}
	}
	return ours
}

// configOf is all that kubectl aksmesh says of a Service: the annotations and,
// of one that it made, the rest.
func configOf(g *mesh.GlobalService, annotations map[string]string) *applycorev1.ServiceApplyConfiguration {
	config := applycorev1.Service(g.Name, g.Namespace)
	if len(annotations) > 0 {
		config.WithAnnotations(annotations)
	}
	if !g.Created {
		return config
	}
	spec := applycorev1.ServiceSpec().WithType(corev1.ServiceType(g.Type))
	if g.Headless {
		spec.WithClusterIP(corev1.ClusterIPNone)
	}
	if len(g.Selector) > 0 {
		spec.WithSelector(g.Selector)
	}
	for _, p := range g.Ports {
		port := applycorev1.ServicePort().WithPort(p.Port).WithProtocol(corev1.Protocol(p.Protocol)).WithTargetPort(intstr.Parse(p.TargetPort))
		if p.Name != "" {
			port.WithName(p.Name)
		}
		if p.AppProtocol != "" {
			port.WithAppProtocol(p.AppProtocol)
		}
		spec.WithPorts(port)
	}
	if g.SessionSeconds > 0 {
		spec.WithSessionAffinity(corev1.ServiceAffinityClientIP).WithSessionAffinityConfig(
			applycorev1.SessionAffinityConfig().WithClientIP(applycorev1.ClientIPConfig().WithTimeoutSeconds(g.SessionSeconds)))
	}
	if g.PublishNotReady {
		spec.WithPublishNotReadyAddresses(true)
	}
	return config.WithLabels(ourLabels()).WithSpec(spec)
}

func (d *Draft) apply(ctx context.Context, c *mesh.Cluster, config *applycorev1.ServiceApplyConfiguration, dryRun bool) error {
	options := metav1.ApplyOptions{FieldManager: cilium.FieldManager, Force: d.wish.Force, DryRun: dry(dryRun)}
	_, err := c.Client.CoreV1().Services(d.wish.Namespace).Apply(ctx, config, options)
	if apierrors.IsConflict(err) {
		return fmt.Errorf("somebody else owns what is to be changed (%s): --force-conflicts takes it over", conflictText(err))
	}
	return err
}

// conflictText is what the API server says of each conflict, in one line.
func conflictText(err error) string {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil {
		return err.Error()
	}
	var causes []string
	for _, cause := range status.Status().Details.Causes {
		if cause.Type == metav1.CauseTypeFieldManagerConflict {
			causes = append(causes, cause.Message+": "+cause.Field)
		}
	}
	if len(causes) == 0 {
		return err.Error()
	}
	return strings.Join(causes, ", ")
}

// remove takes annotations away that others own, which apply cannot.
func (d *Draft) remove(ctx context.Context, c *mesh.Cluster, now *mesh.GlobalService, names []string, dryRun bool) error {
	gone := map[string]any{}
	for _, name := range names {
		if len(others(now.Managers[name])) > 0 {
			gone[name] = nil
		}
	}
	if len(gone) == 0 {
		return nil
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": gone}})
	if err != nil {
		return err
	}
	_, err = c.Client.CoreV1().Services(d.wish.Namespace).Patch(ctx, d.wish.Name, types.MergePatchType, patch,
		metav1.PatchOptions{FieldManager: cilium.FieldManager, DryRun: dry(dryRun)})
	return err
}

// verify reads back what was written: an admission webhook or a controller may
// have changed it at once.
func (d *Draft) verify(ctx context.Context, c *mesh.Cluster) error {
	live, err := c.Client.CoreV1().Services(d.wish.Namespace).Get(ctx, d.wish.Name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("written, but it could not be read back: %w", err)
	}
	now := collect.GlobalService(live)
	e := d.wish.edit(&now)
	left := append(slices.Sorted(maps.Keys(e.set)), e.remove...)
	if len(left) == 0 {
		return nil
	}
	return fmt.Errorf("written, but something has put %s back: look who owns it with kubectl --context %s -n %s get service %s --show-managed-fields -o yaml",
		strings.Join(left, ", "), c.Context, d.wish.Namespace, d.wish.Name)
}
