package collect

import (
	"context"
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	ciliumio "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Labels and taints, as AKS and Cilium set them.
const (
	aksClusterLabel = "kubernetes.azure.com/cluster" // the node resource group's name
	azureProvider   = "azure://"
	ciliumTaint     = "node.cilium.io/agent-not-ready"
)

// version makes the first request to a cluster.
func (l *look) version(ctx context.Context) error {
	ctx, stop := firstContact(ctx, l.cluster.Config)
	defer stop()
	answer, err := l.cluster.Client.Discovery().ServerVersionWithContext(ctx)
	if cause := context.Cause(ctx); errors.Is(cause, errNoContact) || errors.Is(cause, errNoLogin) {
		return cause
	}
	if err != nil && !apierrors.IsForbidden(err) {
		return err
	}
	host, port := hostPort(l.cluster.Config.Host)
	l.facts.Kubernetes = &mesh.Kubernetes{Host: host, Port: port}
	if err == nil {
		l.facts.Kubernetes.Version = answer.GitVersion
	}
	return err
}

// aksHost says whether AKS gave the API server its name.
func aksHost(host string) bool { return strings.HasSuffix(host, ".azmk8s.io") }

// hostPort takes apart the kubeconfig's server, with the port that the scheme implies.
func hostPort(server string) (string, int) {
	parsed, err := url.Parse(server)
	if err != nil || parsed.Host == "" {
		parsed = &url.URL{Scheme: "https", Host: server}
	}
	if port, err := strconv.Atoi(parsed.Port()); err == nil {
		return parsed.Hostname(), port
	}
	if parsed.Scheme == "http" {
		return parsed.Hostname(), 80
	}
	return parsed.Hostname(), 443
}

// identity reads what tells the cluster from all others.
func (l *look) identity(ctx context.Context) error {
	namespace, err := l.cluster.Client.CoreV1().Namespaces().Get(ctx, metav1.NamespaceSystem, metav1.GetOptions{})
	if err != nil {
		return err
	}
	l.facts.Kubernetes.UID = string(namespace.UID)
	return nil
}

// apiService reads where the API server is among the services.
func (l *look) apiService(ctx context.Context) error {
	service, err := l.cluster.Client.CoreV1().Services(metav1.NamespaceDefault).Get(ctx, "kubernetes", metav1.GetOptions{})
	if err != nil {
		return err
	}
	l.facts.Kubernetes.ServiceIPs = service.Spec.ClusterIPs
	return nil
}

// serviceCIDRs reads the ServiceCIDR objects, which Kubernetes has from 1.33.
func (l *look) serviceCIDRs(ctx context.Context) error {
	list, err := l.cluster.Client.NetworkingV1().ServiceCIDRs().List(ctx, metav1.ListOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for i := range list.Items {
		l.facts.Kubernetes.ServiceCIDRs = append(l.facts.Kubernetes.ServiceCIDRs, list.Items[i].Spec.CIDRs...)
	}
	return nil
}

func (l *look) nodes(ctx context.Context) error {
	err := pages(metav1.ListOptions{}, func(o metav1.ListOptions) (string, error) {
		list, err := l.cluster.Client.CoreV1().Nodes().List(ctx, o)
		if err != nil {
			return "", err
		}
		for i := range list.Items {
			l.node(&list.Items[i])
		}
		return list.Continue, nil
	})
	if err != nil {
		l.facts.Nodes = nil // a part of them would be taken for all
		return err
	}
	// An AKS cluster whose pools are scaled to zero has no node to tell.
	if aksHost(l.facts.Kubernetes.Host) {
		l.facts.Kubernetes.AKS = true
	}
	return nil
}

// node reduces a Node to facts.
func (l *look) node(node *corev1.Node) {
	l.facts.Nodes = append(l.facts.Nodes, mesh.Node{
		Name: node.Name, InternalIPs: internalIPs(node), ProviderID: node.Spec.ProviderID,
		Ready: ready(node), CiliumTaint: tainted(node),
		AzureResourceGroup: node.Labels[aksClusterLabel],
	})
	if strings.HasPrefix(node.Spec.ProviderID, azureProvider) && node.Labels[aksClusterLabel] != "" {
		l.facts.Kubernetes.AKS = true
	}
}

func internalIPs(node *corev1.Node) []string {
	var ips []string
	for _, address := range node.Status.Addresses {
		if address.Type == corev1.NodeInternalIP {
			ips = append(ips, address.Address)
		}
	}
	return ips
}

func ready(node *corev1.Node) bool {
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

func tainted(node *corev1.Node) bool {
	for _, taint := range node.Spec.Taints {
		if taint.Key == ciliumTaint {
			return true
		}
	}
	return false
}

// ciliumGroup is the API group of resources that are read without Cilium's Go
// types, which would bring most of the agent's dependencies.
const ciliumGroup = ciliumio.CustomResourceDefinitionGroup

func (l *look) ciliumNodes(ctx context.Context) error {
	nodes := l.cluster.Dynamic.Resource(schema.GroupVersionResource{Group: ciliumGroup, Version: "v2", Resource: "ciliumnodes"})
	cidrs := map[string][]string{}
	err := pages(metav1.ListOptions{}, func(o metav1.ListOptions) (string, error) {
		list, err := nodes.List(ctx, o)
		if err != nil {
			return "", err
		}
		for i := range list.Items {
			cidrs[list.Items[i].GetName()] = podCIDRs(list.Items[i].Object)
		}
		return list.GetContinue(), nil
	})
	if apierrors.IsNotFound(err) {
		return nil // the operator has not made the CRDs yet
	}
	if err != nil {
		return err
	}
	for i := range l.facts.Nodes {
		l.facts.Nodes[i].PodCIDRs = cidrs[l.facts.Nodes[i].Name]
	}
	return nil
}

// podCIDRs reads spec.ipam.podCIDRs and leaves out what is no CIDR.
func podCIDRs(object map[string]any) []string {
	spec, _ := object["spec"].(map[string]any)
	ipam, _ := spec["ipam"].(map[string]any)
	list, _ := ipam["podCIDRs"].([]any)
	var cidrs []string
	for _, item := range list {
		text, _ := item.(string)
		if _, err := netip.ParsePrefix(text); err == nil {
			cidrs = append(cidrs, text)
		}
	}
	return cidrs
}

func (l *look) loadBalancerPools(ctx context.Context) error {
	var list []string
	var errs []error
	for _, version := range []string{"v2", "v2alpha1"} { // Cilium <= 1.17 has v2alpha1 only
		pools, err := l.cluster.Dynamic.Resource(schema.GroupVersionResource{Group: ciliumGroup, Version: version, Resource: "ciliumloadbalancerippools"}).List(ctx, metav1.ListOptions{})
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for i := range pools.Items {
			list = append(list, pools.Items[i].GetName())
		}
		break
	}
	l.facts.LBPools = list
	return errors.Join(errs...)
}
