package apienv

import (
	"context"
	"fmt"
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// Names of what AKS has in kube-system for kube-proxy.
const (
	kubeProxy            = "kube-proxy"
	kubeProxyInitializer = "windows-kube-proxy-initializer" // on every cluster, for no node of Linux
)

// SimulatedNodes makes what AKS would have in a new cluster without a CNI:
// Node objects with its labels and provider IDs, not ready for want of a CNI,
// and kube-proxy's DaemonSets. No kubelet is behind them.
func SimulatedNodes(ctx context.Context, client kubernetes.Interface, site Site, count int) error {
	for i := range count {
		node := site.node(i)
		made, err := client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{})
		if err != nil {
			return fmt.Errorf("make simulated node %s: %w", node.Name, err)
		}
		made.Status = node.Status
		if _, err := client.CoreV1().Nodes().UpdateStatus(ctx, made, metav1.UpdateOptions{}); err != nil {
			return fmt.Errorf("set status of simulated node %s: %w", node.Name, err)
		}
	}
	for name, pods := range map[string]int{kubeProxy: count, kubeProxyInitializer: 0} {
		if err := makeDaemonSet(ctx, client, name, int32(pods)); err != nil {
			return fmt.Errorf("make simulated DaemonSet %s: %w", name, err)
		}
	}
	return nil
}

func (s Site) node(i int) *corev1.Node {
	name := fmt.Sprintf("aks-nodepool1-1000000%d-vmss%06d", s.number, i)
	scaleSet := groupID(s.NodeResourceGroup()) + "/providers/Microsoft.Compute/virtualMachineScaleSets/" + name[:len(name)-6]
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
			"kubernetes.azure.com/cluster":    s.NodeResourceGroup(),
			"kubernetes.azure.com/managedby":  "aks",
			"kubernetes.azure.com/agentpool":  "nodepool1",
			"kubernetes.azure.com/mode":       "system",
			corev1.LabelHostname:              name,
			corev1.LabelOSStable:              "linux",
			corev1.LabelArchStable:            "amd64",
			corev1.LabelTopologyRegion:        Location,
			corev1.LabelInstanceTypeStable:    "Standard_D2s_v5",
			"kubernetes.azure.com/os-sku":     "Ubuntu",
			"kubernetes.azure.com/node-image": "simulated",
		}},
		Spec: corev1.NodeSpec{ProviderID: fmt.Sprintf("azure://%s/virtualMachines/%d", scaleSet, i)},
		Status: corev1.NodeStatus{
			Addresses: []corev1.NodeAddress{
				{Type: corev1.NodeInternalIP, Address: s.address(4 + i)}, // Azure keeps the first four
				{Type: corev1.NodeHostName, Address: name},
			},
			Conditions: []corev1.NodeCondition{{
				Type: corev1.NodeReady, Status: corev1.ConditionFalse, Reason: "KubeletNotReady",
				Message: "container runtime network not ready: cni plugin not initialized",
			}},
			NodeInfo: corev1.NodeSystemInfo{OperatingSystem: "linux", Architecture: "amd64", KubeletVersion: "v1.37.1"},
		},
	}
}

func makeDaemonSet(ctx context.Context, client kubernetes.Interface, name string, pods int32) error {
	selector := map[string]string{"component": name}
	labels := maps.Clone(selector)
	labels["tier"] = "node"
	labels["addonmanager.kubernetes.io/mode"] = "Reconcile"
	labels["kubernetes.azure.com/managedby"] = "aks"
	sets := client.AppsV1().DaemonSets(metav1.NamespaceSystem)
	made, err := sets.Create(ctx, &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Spec: appsv1.DaemonSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: selector},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					HostNetwork: true,
					Containers:  []corev1.Container{{Name: name, Image: "example.invalid/simulated"}},
				},
			},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	made.Status = appsv1.DaemonSetStatus{
		DesiredNumberScheduled: pods, CurrentNumberScheduled: pods, UpdatedNumberScheduled: pods,
		NumberReady: pods, NumberAvailable: pods, ObservedGeneration: made.Generation,
	}
	_, err = sets.UpdateStatus(ctx, made, metav1.UpdateOptions{})
	return err
}
