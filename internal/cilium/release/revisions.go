package release

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"helm.sh/helm/v4/pkg/release/common"
	releasev1 "helm.sh/helm/v4/pkg/release/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
)

// listMetadata lists the release's Secrets without their content.
func listMetadata(ctx context.Context, client kubernetes.Interface, namespace string) ([]metav1.ObjectMeta, error) {
	data, err := client.CoreV1().RESTClient().Get().Namespace(namespace).Resource("secrets").
		Param("labelSelector", selector().String()).
		SetHeader("Accept", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1").
		DoRaw(ctx)
	if err != nil {
		return nil, err
	}
	var list metav1.PartialObjectMetadataList
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("list of secrets: %w", err)
	}
	all := make([]metav1.ObjectMeta, len(list.Items))
	for i := range list.Items {
		all[i] = list.Items[i].ObjectMeta
	}
	return all, nil
}

// selector picks the release's Secrets.
func selector() labels.Selector { return labels.SelectorFromSet(revisionLabels(nil)) }

// summary is a revision as far as its labels tell.
func summary(meta *metav1.ObjectMeta) *releasev1.Release {
	return &releasev1.Release{
		Name:    cilium.ReleaseName,
		Version: revision(meta),
		Info:    &releasev1.Info{Status: common.Status(meta.Labels["status"])},
		Labels:  meta.Labels,
	}
}

// revisionLabels are those that Helm gives to a revision's Secret, without
// times; of nil, those that all revisions share.
func revisionLabels(rel *releasev1.Release) map[string]string {
	all := map[string]string{"owner": "helm", "name": cilium.ReleaseName}
	if rel != nil {
		all["status"] = rel.Info.Status.String()
		all["version"] = strconv.Itoa(rel.Version)
	}
	return all
}
