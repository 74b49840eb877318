package main

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"

	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// ciliumNodes is the resource that each node has one of.
func ciliumNodes() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "cilium.io", Version: "v2", Resource: "ciliumnodes"}
}

// fill gives the cluster as many nodes as it is to have, each with what kubelet
// and Cilium would write of it.
func fill(ctx context.Context, m *apienv.Member, nodes int) error {
	cfg, err := m.Config()
	if err != nil {
		return err
	}
	client, err := dynamic.NewForConfig(cfg)
	if err != nil {
		return err
	}
	if err := define(ctx, client); err != nil {
		return err
	}
	list, err := m.Client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil || len(list.Items) == 0 {
		return fmt.Errorf("no node to make others like: %w", err)
	}
	const atOnce = 16
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i := range nodes {
		group.Go(func() error {
			node := likeNode(&list.Items[0], i)
			if i > 0 { // the first is there
				made, err := m.Client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{})
				if err != nil {
					return err
				}
				made.Status = node.Status
				if _, err := m.Client.CoreV1().Nodes().UpdateStatus(ctx, made, metav1.UpdateOptions{}); err != nil {
					return err
				}
			}
			_, err := client.Resource(ciliumNodes()).Create(ctx, ciliumNode(node, i), metav1.CreateOptions{})
			return err
		})
	}
	return group.Wait()
}

// likeNode is the i-th node after the first one's likeness, with the images
// that kubelet lists, which are most of a Node.
func likeNode(first *corev1.Node, i int) *corev1.Node {
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: first.Name, Labels: first.Labels}, Spec: *first.Spec.DeepCopy(), Status: *first.Status.DeepCopy()}
	if i == 0 {
		return node
	}
	node.Name = fmt.Sprintf("%s%06d", strings.TrimSuffix(first.Name, "000000"), i)
	node.Spec.ProviderID = fmt.Sprintf("%s%d", strings.TrimSuffix(first.Spec.ProviderID, "0"), i)
	for j := range node.Status.Addresses {
		a := &node.Status.Addresses[j]
		a.Address = node.Name
		if a.Type == corev1.NodeInternalIP {
			a.Address = later(first.Status.Addresses[j].Address, i)
		}
	}
	for image := range 50 { // kubelet's --node-status-max-images
		digest := strings.Repeat(fmt.Sprintf("%02x", image), 32)
		node.Status.Images = append(node.Status.Images, corev1.ContainerImage{SizeBytes: 1e8, Names: []string{
			fmt.Sprintf("mcr.example.invalid/component-%d@sha256:%s", image, digest), fmt.Sprintf("mcr.example.invalid/component-%d:v1.2.3", image),
		}})
	}
	return node
}

// later is the n-th address after one.
func later(address string, n int) string {
	a := netip.MustParseAddr(address).As4()
	sum := int(a[2])<<8 + int(a[3]) + n
	a[2], a[3] = byte(sum>>8), byte(sum)
	return netip.AddrFrom4(a).String()
}

func ciliumNode(node *corev1.Node, i int) *unstructured.Unstructured {
	address := node.Name
	for _, a := range node.Status.Addresses {
		if a.Type == corev1.NodeInternalIP {
			address = a.Address
		}
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "cilium.io/v2", "kind": "CiliumNode",
		"metadata": map[string]any{"name": node.Name},
		"spec": map[string]any{
			"addresses": []any{map[string]any{"type": "InternalIP", "ip": address}},
			"ipam":      map[string]any{"podCIDRs": []any{fmt.Sprintf("100.64.%d.%d/26", i/4, i%4*64)}},
		},
	}}
}

// define makes the kinds of Cilium's that doctor lists, as Cilium's operator
// would, from the definitions in its Go module.
func define(ctx context.Context, client dynamic.Interface) error {
	list := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/cilium/cilium")
	dir, err := list.Output()
	if err != nil {
		return fmt.Errorf("find Cilium's definitions: go list -m: %w", err)
	}
	definitions := schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
	for _, kind := range []string{"ciliumnodes", "ciliumloadbalancerippools"} {
		text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "pkg/k8s/apis/cilium.io/client/crds/v2", kind+".yaml"))
		if err != nil {
			return fmt.Errorf("read Cilium's definition: %w", err)
		}
		definition := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(text, &definition.Object); err != nil {
			return fmt.Errorf("definition of %s: %w", kind, err)
		}
		if _, err := client.Resource(definitions).Create(ctx, definition, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("define %s: %w", kind, err)
		}
		resource := schema.GroupVersionResource{Group: "cilium.io", Version: "v2", Resource: kind}
		err = wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
			_, err := client.Resource(resource).List(ctx, metav1.ListOptions{Limit: 1})
			if apierrors.IsNotFound(err) {
				return false, nil
			}
			return err == nil, err
		})
		if err != nil {
			return fmt.Errorf("%s cannot be listed: %w", kind, err)
		}
	}
	return nil
}
