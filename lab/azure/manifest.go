package azure

import (
	"bytes"
	_ "embed"
	"fmt"
	"strings"
	"text/template"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	appsv1 "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1 "k8s.io/client-go/applyconfigurations/core/v1"
	rbacv1 "k8s.io/client-go/applyconfigurations/rbac/v1"
	"sigs.k8s.io/yaml"
)

//go:embed kubeproxy.yaml
var kubeProxyYAML string

// manifest is what the addon manager applies.
type manifest struct {
	account   *corev1.ServiceAccountApplyConfiguration
	binding   *rbacv1.ClusterRoleBindingApplyConfiguration
	config    *corev1.ConfigMapApplyConfiguration
	kubeProxy *appsv1.DaemonSetApplyConfiguration
	windows   *appsv1.DaemonSetApplyConfiguration
}

// newManifest fills the manifest in for one cluster. server is the API server's
// URL as nodes see it.
func newManifest(c *Cluster, server string) (*manifest, error) {
	t, err := template.New("kubeproxy.yaml").Option("missingkey=error").Parse(kubeProxyYAML)
	if err != nil {
		return nil, fmt.Errorf("parse kube-proxy's manifest: %w", err)
	}
	var filled bytes.Buffer
	err = t.Execute(&filled, map[string]string{"Image": c.KubeProxyImage, "CIDR": c.KubeProxyCIDR, "Server": server})
	if err != nil {
		return nil, fmt.Errorf("fill in kube-proxy's manifest: %w", err)
	}
	m := &manifest{}
	for _, doc := range strings.Split(filled.String(), "\n---\n") {
		if err := m.add([]byte(doc)); err != nil {
			return nil, fmt.Errorf("read kube-proxy's manifest: %w", err)
		}
	}
	return m, nil
}

func (m *manifest) add(doc []byte) error {
	var meta metav1.PartialObjectMetadata
	if err := yaml.Unmarshal(doc, &meta); err != nil {
		return err
	}
	var into any
	switch meta.Kind + "/" + meta.Name {
	case "ServiceAccount/kube-proxy":
		into = &m.account
	case "ClusterRoleBinding/kube-proxy":
		into = &m.binding
	case "ConfigMap/kube-proxy":
		into = &m.config
	case "DaemonSet/kube-proxy":
		into = &m.kubeProxy
	case "DaemonSet/windows-kube-proxy-initializer":
		into = &m.windows
	default:
		return fmt.Errorf("unexpected %s %s", meta.Kind, meta.Name)
	}
	return yaml.UnmarshalStrict(doc, into)
}
