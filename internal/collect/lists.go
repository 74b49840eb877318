package collect

import (
	"context"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// kubeProxyName is the DaemonSet; windows-kube-proxy-initializer is not it.
const kubeProxyName = "kube-proxy"

// objects are what one list per kind brought from kube-system. Several
// sections are read from each, so that no object is asked for by itself.
type objects struct {
	secrets     []corev1.Secret
	configMaps  []corev1.ConfigMap
	daemonSets  []appsv1.DaemonSet
	deployments []appsv1.Deployment
}

func (l *look) listSecrets(ctx context.Context) error {
	list, err := l.cluster.Client.CoreV1().Secrets(mesh.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	l.objects.secrets = list.Items
	return nil
}

func (l *look) listConfigMaps(ctx context.Context) error {
	list, err := l.cluster.Client.CoreV1().ConfigMaps(mesh.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	l.objects.configMaps = list.Items
	return nil
}

func (l *look) listDaemonSets(ctx context.Context) error {
	list, err := l.cluster.Client.AppsV1().DaemonSets(mesh.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	l.objects.daemonSets = list.Items
	l.facts.KubeProxy = &mesh.KubeProxy{}
	for i := range list.Items {
		if list.Items[i].Name == kubeProxyName {
			status := list.Items[i].Status
			l.facts.KubeProxy = &mesh.KubeProxy{Present: true, Desired: status.DesiredNumberScheduled, Ready: status.NumberReady}
		}
	}
	return nil
}

func (l *look) listDeployments(ctx context.Context) error {
	list, err := l.cluster.Client.AppsV1().Deployments(mesh.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	l.objects.deployments = list.Items
	return nil
}

func (l *look) meshService(ctx context.Context) error {
	service, err := l.cluster.Client.CoreV1().Services(mesh.Namespace).Get(ctx, cilium.MeshService, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	l.facts.Service = ServiceState(service)
	return nil
}

// azureAnnotations are those that Azure reads. Others may hold anything.
func azureAnnotations(all map[string]string) map[string]string {
	kept := map[string]string{}
	for key, value := range all {
		if strings.HasPrefix(key, "service.beta.kubernetes.io/azure-") {
			kept[key] = value
		}
	}
	return kept
}

// ServiceState reduces Service clustermesh-apiserver to facts.
func ServiceState(service *corev1.Service) *mesh.Service {
	facts := &mesh.Service{
		Type: string(service.Spec.Type), ClusterIP: service.Spec.ClusterIP, Annotations: azureAnnotations(service.Annotations),
		Port: cilium.MeshPort, HelmOwned: cilium.HelmOwned(service.Labels, service.Annotations, mesh.Namespace),
		PublishNotReady: service.Spec.PublishNotReadyAddresses,
	}
	for _, ingress := range service.Status.LoadBalancer.Ingress {
		if ingress.IP != "" {
			facts.Addresses = append(facts.Addresses, ingress.IP)
		} else if ingress.Hostname != "" {
			facts.Addresses = append(facts.Addresses, ingress.Hostname)
		}
	}
	return facts
}
