// Package release reads, renders and changes the Helm release of Cilium.
//
// Changes go through Helm's SDK with three parts of its machinery replaced,
// each behind Helm's own interface and with its reason beside it: how objects
// are written ([objects]), how Helm learns which of them exist ([listings]),
// and how the history is read ([history]).
package release

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	chartv2 "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/release/common"
	releasev1 "helm.sh/helm/v4/pkg/release/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// SecretType is the type of the Secrets in which Helm keeps revisions.
const SecretType corev1.SecretType = "helm.sh/release.v1"

// labelRevision marks a revision as kubectl-aksmesh's. Its value is the
// revision's own number: Helm hands labels on from one revision to the next,
// so that a plain flag would also mark what a user does later.
const labelRevision = "aksmesh.io/revision"

// Found is the newest revision of the release.
type Found struct {
	mesh.Release
	// Chart is the chart that the revision was made from, to be changed by
	// nobody; nil if it could not be decoded.
	Chart *chartv2.Chart
}

// Latest reads the newest revision of Cilium's release, with one request that
// leaves out what newer revisions have superseded. It returns nil if there is
// no release. A revision that cannot be decoded comes with an error and with
// what its labels say.
func Latest(ctx context.Context, client kubernetes.Interface, namespace string) (*Found, error) {
	list, err := client.CoreV1().Secrets(namespace).List(ctx, metav1.ListOptions{
		LabelSelector: "owner=helm,name=" + cilium.ReleaseName + ",status!=" + string(common.StatusSuperseded),
	})
	if err != nil {
		return nil, fmt.Errorf("reading helm release %s: %w", cilium.ReleaseName, err)
	}
	return FromSecrets(list.Items)
}

// FromSecrets finds the newest revision of Cilium's release among secrets of
// any kind, as [Latest] does, and decodes no other.
func FromSecrets(secrets []corev1.Secret) (*Found, error) {
	newest := -1
	for i := range secrets {
		if !isRevision(&secrets[i]) {
			continue
		}
		if newest < 0 || revision(&secrets[i].ObjectMeta) > revision(&secrets[newest].ObjectMeta) {
			newest = i
		}
	}
	if newest < 0 {
		return nil, nil
	}
	secret := &secrets[newest]
	found := &Found{Release: mesh.Release{
		Name:      cilium.ReleaseName,
		Namespace: secret.Namespace,
		Revision:  revision(&secret.ObjectMeta),
		Status:    secret.Labels["status"],
		Ours:      ours(&secret.ObjectMeta),
	}}
	decoded, err := decode(secret.Data["release"])
	if err != nil {
		return found, fmt.Errorf("helm release %s, revision %d: %w", found.Name, found.Revision, err)
	}
	found.Values = decoded.Config
	found.Chart = decoded.Chart
	if decoded.Chart != nil && decoded.Chart.Metadata != nil {
		found.ChartVersion = strings.TrimPrefix(decoded.Chart.Metadata.Version, "v")
	}
	return found, nil
}

func isRevision(secret *corev1.Secret) bool {
	return secret.Labels["owner"] == "helm" && secret.Labels["name"] == cilium.ReleaseName
}

// revision is the number of a revision; 0 if its label makes no sense.
func revision(meta *metav1.ObjectMeta) int {
	n, err := strconv.Atoi(meta.Labels["version"])
	if err != nil {
		return 0
	}
	return n
}

// ours says whether kubectl-aksmesh wrote this very revision.
func ours(meta *metav1.ObjectMeta) bool {
	mark := meta.Labels[labelRevision]
	return mark != "" && mark == meta.Labels["version"]
}

// maxDecoded bounds what a revision may unfold to, in bytes. Cilium's are
// about 2 MB; an API server stores 1.5 MB at most, packed.
const maxDecoded = 64 << 20

// decode unpacks a revision: JSON, gzipped (not so in Helm 2's days), base64.
func decode(data []byte) (*releasev1.Release, error) {
	raw, err := base64.StdEncoding.DecodeString(string(data))
	if err != nil {
		return nil, errors.New("not base64")
	}
	if bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) {
		zipped, err := gzip.NewReader(bytes.NewReader(raw))
		if err != nil {
			return nil, fmt.Errorf("not gzip: %w", err)
		}
		raw, err = io.ReadAll(io.LimitReader(zipped, maxDecoded))
		if err != nil {
			return nil, fmt.Errorf("damaged gzip: %w", err)
		}
	}
	var decoded releasev1.Release
	if err := json.Unmarshal(raw, &decoded); err != nil {
		return nil, errors.New("not a release in JSON") // the words could quote a value
	}
	return &decoded, nil
}

// Owner names the GitOps controller that keeps an object, by the object's
// labels and annotations: pass those of DaemonSet cilium. Empty if none does.
func Owner(labels, annotations map[string]string) string {
	if id := annotations["argocd.argoproj.io/tracking-id"]; id != "" {
		application, _, _ := strings.Cut(id, ":")
		return "Argo CD application " + application
	}
	if name := labels["argocd.argoproj.io/instance"]; name != "" {
		return "Argo CD application " + name
	}
	for _, kind := range []struct{ label, name string }{
		{"helm.toolkit.fluxcd.io", "Flux HelmRelease "},
		{"kustomize.toolkit.fluxcd.io", "Flux Kustomization "},
	} {
		if name := labels[kind.label+"/name"]; name != "" {
			return kind.name + cmp.Or(labels[kind.label+"/namespace"], "?") + "/" + name
		}
	}
	// Argo CD's older way of tracking. The chart does not set this label, and
	// Argo CD renders charts without Helm's own annotations.
	if name := labels["app.kubernetes.io/instance"]; name != "" && annotations["meta.helm.sh/release-name"] == "" {
		return "Argo CD application " + name
	}
	return ""
}

// pending says whether a status means that some Helm is, or was, in the middle
// of a change.
func pending(status string) bool {
	return slices.Contains([]string{
		string(common.StatusPendingInstall),
		string(common.StatusPendingUpgrade),
		string(common.StatusPendingRollback),
	}, status)
}
