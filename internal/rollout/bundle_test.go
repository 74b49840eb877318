package rollout

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

const bundleName = "cilium-root-ca.crt"

func ofRelease(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name: name, Namespace: cilium.Namespace, UID: "uid",
		Labels: cilium.HelmLabels(), Annotations: cilium.HelmAnnotations(cilium.Namespace),
	}
}

// agentsWith are agents that mount a bundle from where a source says.
func agentsWith(source corev1.VolumeProjection) *appsv1.DaemonSet {
	volume := corev1.Volume{VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{source}}}}
	return &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Name: cilium.AgentDaemonSet, Namespace: cilium.Namespace},
		Spec:       appsv1.DaemonSetSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{Volumes: []corev1.Volume{volume}}}},
	}
}

func fromConfigMap(name string) corev1.VolumeProjection {
	return corev1.VolumeProjection{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: corev1.LocalObjectReference{Name: name}}}
}

func fromSecret(name string) corev1.VolumeProjection {
	return corev1.VolumeProjection{Secret: &corev1.SecretProjection{LocalObjectReference: corev1.LocalObjectReference{Name: name}}}
}

// TestBundleGoesLast: a bundle that was kept from Helm is deleted, unless it is
// somebody else's, or agents mount it.
func TestBundleGoesLast(t *testing.T) {
	configMap, secret := values.Bundle{Name: bundleName, Key: "ca.crt"}, values.Bundle{Name: bundleName, Key: "ca.crt", Secret: true}
	foreign := ofRelease(bundleName)
	foreign.Labels, foreign.Annotations = nil, nil
	for name, test := range map[string]struct {
		bundle  values.Bundle
		objects []runtime.Object
		kept    bool
		stays   bool
	}{
		"a ConfigMap":              {configMap, []runtime.Object{&corev1.ConfigMap{ObjectMeta: ofRelease(bundleName)}, agentsWith(fromConfigMap("other"))}, true, false},
		"a Secret":                 {secret, []runtime.Object{&corev1.Secret{ObjectMeta: ofRelease(bundleName)}, agentsWith(fromConfigMap(bundleName))}, true, false},
		"none":                     {configMap, nil, true, false},
		"no agents":                {configMap, []runtime.Object{&corev1.ConfigMap{ObjectMeta: ofRelease(bundleName)}}, true, false},
		"agents mount it":          {configMap, []runtime.Object{&corev1.ConfigMap{ObjectMeta: ofRelease(bundleName)}, agentsWith(fromConfigMap(bundleName))}, true, true},
		"agents mount the Secret":  {secret, []runtime.Object{&corev1.Secret{ObjectMeta: ofRelease(bundleName)}, agentsWith(fromSecret(bundleName))}, true, true},
		"somebody else's":          {configMap, []runtime.Object{&corev1.ConfigMap{ObjectMeta: foreign}}, true, true},
		"Helm's, and not kept":     {configMap, []runtime.Object{&corev1.ConfigMap{ObjectMeta: ofRelease(bundleName)}}, false, true},
		"another bundle of Helm's": {configMap, []runtime.Object{&corev1.ConfigMap{ObjectMeta: ofRelease("other")}}, true, false},
	} {
		c := &mesh.Cluster{Context: "aks-1", Client: fake.NewClientset(test.objects...)}
		if test.kept {
			if err := KeepBundle(t.Context(), c, test.bundle); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := DropBundle(t.Context(), c, test.bundle); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		configMaps, err := c.Client.CoreV1().ConfigMaps("").List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		secrets, err := c.Client.CoreV1().Secrets("").List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		stays := false
		for i := range configMaps.Items {
			stays = stays || configMaps.Items[i].Name == bundleName
		}
		for i := range secrets.Items {
			stays = stays || secrets.Items[i].Name == bundleName
		}
		if diff := cmp.Diff(test.stays, stays); diff != "" {
			t.Errorf("%s: it stays (-want +got):\n%s", name, diff)
		}
	}
}

// TestKeptBundleIsHelmsToLeave: Helm reads its own annotation, and a look ours.
func TestKeptBundleIsHelmsToLeave(t *testing.T) {
	c := &mesh.Cluster{Context: "aks-1", Client: fake.NewClientset(&corev1.ConfigMap{ObjectMeta: ofRelease(bundleName)})}
	if err := KeepBundle(t.Context(), c, values.BundleOf(nil)); err != nil {
		t.Fatal(err)
	}
	kept, err := c.Client.CoreV1().ConfigMaps(cilium.Namespace).Get(t.Context(), bundleName, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if kept.Annotations["helm.sh/resource-policy"] != "keep" || !cilium.Kept(kept.Annotations) || !cilium.HelmOwned(kept.Labels, kept.Annotations, cilium.Namespace) {
		t.Errorf("annotations %v", kept.Annotations)
	}
}
