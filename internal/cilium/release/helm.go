package release

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/kube"
	helmrelease "helm.sh/helm/v4/pkg/release"
	relcommon "helm.sh/helm/v4/pkg/release/common"
	releasev1 "helm.sh/helm/v4/pkg/release/v1"
	"helm.sh/helm/v4/pkg/storage"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
)

// helm is one use of Helm for one change of one cluster.
type helm struct {
	change  Change
	config  *action.Configuration
	history *history
	objects *objects
	last    *releasev1.Release // nil: no release
	cut     string             // the record of last, if this process has left it pending
}

// newHelm reads the newest revision, which must not be another's that is
// pending. recovered takes one that Recover would mark as failed for failed, and
// writes nothing.
func newHelm(ctx context.Context, config *rest.Config, change Change, recovered bool, say func(string)) (*helm, error) {
	get, err := newGetter(config, change.Namespace)
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(get.config)
	if err != nil {
		return nil, err
	}
	find, err := liveLookup(ctx, get)
	if err != nil {
		return nil, err
	}
	if change.Reissue {
		find = find.withoutHubbleCerts()
	}
	h := &helm{change: change, history: newHistory(ctx, client, change.Namespace)}
	h.config = action.NewConfiguration(action.ConfigurationSetLogger(slog.DiscardHandler))
	h.config.RESTClientGetter = get
	h.config.Releases = storage.Init(h.history)
	h.config.Releases.SetLogger(slog.DiscardHandler)
	if h.config.CustomTemplateFuncs, err = find.functions(); err != nil {
		return nil, err
	}
	if h.last, err = h.newest(recovered); err != nil {
		return nil, err
	}
	if h.config.Capabilities, err = capabilities(get); err != nil {
		return nil, err
	}
	h.objects = &objects{
		Client: newKubeClient(get.wrapped(newListings().wrap), change.Namespace),
		ctx:    ctx,
		say:    say,
	}
	h.config.KubeClient = h.objects
	if h.clientSide() {
		// The release was made by client-side apply, as Helm 3 and the cilium
		// command do. Going over to server-side apply would leave every field
		// that a later chart drops with its old owner, for ever: Helm's own
		// client goes on in the old way.
		h.config.KubeClient = newKubeClient(get, change.Namespace)
	}
	return h, nil
}

func newKubeClient(get *getter, namespace string) *kube.Client {
	client := kube.New(get)
	client.Namespace = namespace
	client.SetLogger(slog.DiscardHandler)
	return client
}

// newest returns the newest revision, nil if there is no release, [ErrPending]
// if a change of somebody else is under way, and [ErrChanged] if it is none that
// is known. One of this process that is pending has failed: the process makes
// one after another.
func (h *helm) newest(recovered bool) (*releasev1.Release, error) {
	meta, err := h.history.newest()
	if err != nil {
		return nil, err
	}
	if meta == nil {
		if h.change.Seen > 0 {
			return nil, fmt.Errorf("it is gone: %w", ErrChanged)
		}
		return nil, nil
	}
	status := meta.Labels["status"]
	if pending(status) && !ofThisRun(meta) && (!recovered || !ours(meta)) {
		return nil, fmt.Errorf("%w (revision %d is %s)", ErrPending, revision(meta), status)
	}
	if revision(meta) != h.change.Seen && !ofThisRun(meta) {
		return nil, fmt.Errorf("revision %d: %w", revision(meta), ErrChanged)
	}
	got, err := h.history.Get(meta.Name)
	if err != nil {
		return nil, err
	}
	last, err := asV1(got)
	if err == nil && pending(status) {
		last.SetStatus(relcommon.StatusFailed, cutOff)
		meta.Labels["status"] = string(relcommon.StatusFailed)
		if ofThisRun(meta) {
			h.cut = meta.Name
		}
	}
	return last, err
}

// settle records that a revision of this process has failed, if that could not
// be recorded at the time: the outage in which it failed went on. Helm tells
// nobody of that.
func (h *helm) settle() error {
	if h.cut == "" {
		return nil
	}
	return h.history.Update(h.cut, h.last)
}

func (h *helm) clientSide() bool {
	return h.last != nil && h.last.ApplyMethod != string(releasev1.ApplyMethodServerSideApply)
}

// run makes the revision: an install where there is no release or an
// uninstalled one whose history was kept, an upgrade otherwise. Helm runs to
// its end even if ctx is cancelled, so that it records how things stand; the
// writing of objects is what stops.
func (h *helm) run(ctx context.Context, dryRun action.DryRunStrategy) (*releasev1.Release, error) {
	ctx = context.WithoutCancel(ctx)
	if givesClusterMap(h.change.Values) {
		acceptClusterMap(h.change.Chart)
	}
	if h.last == nil || h.last.Info.Status == relcommon.StatusUninstalled {
		return h.install(ctx, dryRun)
	}
	return h.upgrade(ctx, dryRun)
}

func (h *helm) install(ctx context.Context, dryRun action.DryRunStrategy) (*releasev1.Release, error) {
	install := action.NewInstall(h.config)
	install.ReleaseName = cilium.ReleaseName
	install.Namespace = h.change.Namespace
	install.Description = h.change.Description
	install.Labels = h.labels()
	install.DryRunStrategy = dryRun
	install.WaitStrategy = kube.HookOnlyStrategy
	install.Timeout = hookTimeout
	install.Replace = h.last != nil
	install.DisableOpenAPIValidation = true // the API server validates what it is sent
	got, err := install.RunWithContext(ctx, h.change.Chart, h.change.Values)
	if err != nil {
		return nil, err
	}
	return asV1(got)
}

func (h *helm) upgrade(ctx context.Context, dryRun action.DryRunStrategy) (*releasev1.Release, error) {
	upgrade := action.NewUpgrade(h.config)
	upgrade.Namespace = h.change.Namespace
	upgrade.Description = h.change.Description
	upgrade.Labels = h.labels()
	upgrade.DryRunStrategy = dryRun
	upgrade.WaitStrategy = kube.HookOnlyStrategy
	upgrade.Timeout = hookTimeout
	upgrade.MaxHistory = maxHistory
	upgrade.ResetValues = true
	upgrade.ServerSideApply = strconv.FormatBool(!h.clientSide())
	upgrade.DisableOpenAPIValidation = true
	got, err := upgrade.RunWithContext(ctx, cilium.ReleaseName, h.change.Chart, h.change.Values)
	if err != nil {
		return nil, err
	}
	return asV1(got)
}

// labels marks the next revision as ours; see [labelRevision], [labelRun] and
// [labelBack].
func (h *helm) labels() map[string]string {
	next := 1
	if h.last != nil {
		next = h.last.Version + 1
	}
	all := map[string]string{labelRevision: strconv.Itoa(next), labelRun: runMark(next)}
	if h.change.Back > 0 {
		all[labelBack] = fmt.Sprintf("%d-%d", next, h.change.Back)
	}
	return all
}

// capabilities are what the chart's templates may ask of the cluster.
func capabilities(get *getter) (*common.Capabilities, error) {
	version, err := get.discovery.ServerVersion()
	if err != nil {
		return nil, err
	}
	apis, err := action.GetVersionSet(get.discovery)
	if err != nil {
		return nil, err
	}
	return &common.Capabilities{
		KubeVersion: common.KubeVersion{Version: version.GitVersion, Major: version.Major, Minor: version.Minor},
		APIVersions: apis,
		HelmVersion: common.DefaultCapabilities.HelmVersion,
	}, nil
}

func asV1(got helmrelease.Releaser) (*releasev1.Release, error) {
	made, ok := got.(*releasev1.Release)
	if !ok || made == nil {
		return nil, fmt.Errorf("release has type %T", got)
	}
	return made, nil
}
