package release

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"helm.sh/helm/v4/pkg/release"
	"helm.sh/helm/v4/pkg/release/common"
	releasev1 "helm.sh/helm/v4/pkg/release/v1"
	"helm.sh/helm/v4/pkg/storage/driver"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
)

// history is Helm's storage in Secrets, read sparingly: the labels of all
// revisions once, and in full only the revisions that Helm works with, the
// newest and the deployed one. Helm's own driver reads and unpacks every
// revision, each with its whole chart, several times per change.
type history struct {
	*driver.Secrets // reads one revision
	ctx             context.Context
	secrets         typedcorev1.SecretInterface
	listing         func(context.Context) ([]metav1.ObjectMeta, error)

	listed    bool
	revisions []metav1.ObjectMeta // newest first
	full      map[string]*releasev1.Release
}

func newHistory(ctx context.Context, client kubernetes.Interface, namespace string) *history {
	secrets := client.CoreV1().Secrets(namespace)
	// Writes go on when the run is interrupted, so that the outcome is recorded.
	return &history{
		Secrets: driver.NewSecrets(secrets),
		ctx:     context.WithoutCancel(ctx),
		secrets: secrets,
		full:    map[string]*releasev1.Release{},
		listing: func(ctx context.Context) ([]metav1.ObjectMeta, error) {
			return listMetadata(ctx, client, namespace)
		},
	}
}

// Query implements Helm's interface. A revision that is neither the newest nor
// deployed has its number, status and labels alone.
func (h *history) Query(query map[string]string) ([]release.Releaser, error) {
	if err := h.read(); err != nil {
		return nil, fmt.Errorf("reading helm's history: %w", err)
	}
	wanted := labels.SelectorFromSet(query)
	var found []release.Releaser
	for i := range h.revisions {
		meta := &h.revisions[i]
		if !wanted.Matches(labels.Set(meta.Labels)) {
			continue
		}
		if i > 0 && meta.Labels["status"] != string(common.StatusDeployed) {
			found = append(found, summary(meta))
			continue
		}
		full, err := h.Get(meta.Name)
		if err != nil {
			return nil, err
		}
		found = append(found, full)
	}
	if len(found) == 0 {
		return nil, driver.ErrReleaseNotFound
	}
	return found, nil
}

func (h *history) read() error {
	if h.listed {
		return nil
	}
	revisions, err := h.listing(h.ctx)
	if err != nil {
		return err
	}
	slices.SortFunc(revisions, func(a, b metav1.ObjectMeta) int { return cmp.Compare(revision(&b), revision(&a)) })
	h.revisions, h.listed = revisions, true
	return nil
}

// newest returns the newest revision's metadata; nil if there is no release.
func (h *history) newest() (*metav1.ObjectMeta, error) {
	if err := h.read(); err != nil {
		return nil, fmt.Errorf("reading helm's history: %w", err)
	}
	if len(h.revisions) == 0 {
		return nil, nil
	}
	return &h.revisions[0], nil
}

// Get implements Helm's interface.
func (h *history) Get(key string) (release.Releaser, error) {
	if known, ok := h.full[key]; ok {
		return known, nil
	}
	got, err := h.Secrets.Get(key)
	if err != nil {
		return nil, err
	}
	if full, ok := got.(*releasev1.Release); ok {
		h.full[key] = full
	}
	return got, nil
}

// Create implements Helm's interface. An API server can fail to answer after
// it has done what was asked, so a failed create is looked at before it counts.
func (h *history) Create(key string, rel release.Releaser) error {
	full, ok := rel.(*releasev1.Release)
	if !ok {
		return fmt.Errorf("release has type %T", rel)
	}
	secret, err := record(key, full, createdAt)
	if err != nil {
		return err
	}
	_, err = h.secrets.Create(h.ctx, secret, metav1.CreateOptions{})
	for tries := 1; err != nil && tries < createTries; tries++ {
		if h.created(key, full) {
			err = nil
			break
		}
		if apierrors.IsAlreadyExists(err) {
			return driver.ErrReleaseExists
		}
		if apierrors.IsForbidden(err) {
			break
		}
		_, err = h.secrets.Create(h.ctx, secret, metav1.CreateOptions{})
	}
	if err != nil {
		return fmt.Errorf("helm's record %s cannot be created: %w", key, err)
	}
	h.full[key] = full
	h.revisions = slices.Insert(h.revisions, 0, metav1.ObjectMeta{Name: key, Labels: revisionLabels(full)})
	return nil
}

// createTries is how often a revision is created. Between two tries lies the
// look whether it is there, which waits and repeats by itself.
const createTries = 3

// created says whether the stored revision is the very one that was sent.
func (h *history) created(key string, sent *releasev1.Release) bool {
	got, err := h.Secrets.Get(key)
	if err != nil {
		return false
	}
	stored, ok := got.(*releasev1.Release)
	return ok && stored.Info != nil && stored.Info.LastDeployed.Equal(sent.Info.LastDeployed)
}

// Update implements Helm's interface.
func (h *history) Update(key string, rel release.Releaser) error {
	full, ok := rel.(*releasev1.Release)
	if !ok {
		return fmt.Errorf("release has type %T", rel)
	}
	secret, err := record(key, full, modifiedAt)
	if err != nil {
		return err
	}
	if _, err := h.secrets.Update(h.ctx, secret, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("helm's record %s cannot be updated: %w", key, err)
	}
	if at := slices.IndexFunc(h.revisions, func(m metav1.ObjectMeta) bool { return m.Name == key }); at >= 0 {
		h.revisions[at].Labels = revisionLabels(full)
		h.full[key] = full
	}
	return nil
}

// Delete implements Helm's interface. Helm does not use what was deleted.
func (h *history) Delete(key string) (release.Releaser, error) {
	err := h.secrets.Delete(h.ctx, key, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return nil, err
	}
	delete(h.full, key)
	h.revisions = slices.DeleteFunc(h.revisions, func(m metav1.ObjectMeta) bool { return m.Name == key })
	return nil, nil
}
