package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// namespace is where all services are.
const namespace = "default"

// fill makes the clusters look joined, and fills them with global services.
func fill(ctx context.Context, w *apienv.World, services int) error {
	const atOnce = 16
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, m := range w.Members {
		config := &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Name: "cilium-config"},
			Data:       map[string]string{"cluster-name": m.Context, "cluster-id": fmt.Sprint(i + 1)},
		}
		if _, err := m.Client.CoreV1().ConfigMaps("kube-system").Create(ctx, config, metav1.CreateOptions{}); err != nil {
			return err
		}
		if _, err := m.Client.CoreV1().Secrets("kube-system").Create(ctx, w.PeersSecret(m), metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	for n := range services {
		for i, m := range w.Members {
			group.Go(func() error { return makeService(ctx, m.Client, i+1, n) })
		}
	}
	return group.Wait()
}

// makeService makes the n-th service of a cluster with two endpoints.
func makeService(ctx context.Context, client kubernetes.Interface, cluster, n int) error {
	meta := metav1.ObjectMeta{Name: fmt.Sprintf("service-%04d", n), Annotations: map[string]string{"service.cilium.io/global": "true"}}
	service := &corev1.Service{ObjectMeta: meta, Spec: corev1.ServiceSpec{
		Selector: map[string]string{"app": meta.Name},
		Ports:    []corev1.ServicePort{{Name: "http", Port: 80, TargetPort: intstr.FromInt32(8080)}},
	}}
	if _, err := client.CoreV1().Services(namespace).Create(ctx, service, metav1.CreateOptions{}); err != nil {
		return err
	}
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{Name: meta.Name + "-abcde", Labels: map[string]string{
			discoveryv1.LabelServiceName: meta.Name, discoveryv1.LabelManagedBy: "endpointslice-controller.k8s.io",
		}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: new("http"), Port: new(int32(8080)), Protocol: new(corev1.ProtocolTCP)}},
	}
	for e := range 2 {
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{
			Addresses:  []string{fmt.Sprintf("10.%d.%d.%d", 100+cluster, n/100, 2*(n%100)+e+1)},
			Conditions: discoveryv1.EndpointConditions{Ready: new(true), Serving: new(true), Terminating: new(false)},
			NodeName:   new(fmt.Sprintf("node-%d", e)),
			TargetRef:  &corev1.ObjectReference{Kind: "Pod", Namespace: namespace, Name: fmt.Sprintf("%s-%d", meta.Name, e)},
		})
	}
	_, err := client.DiscoveryV1().EndpointSlices(namespace).Create(ctx, slice, metav1.CreateOptions{})
	return err
}

// floor is how long plain paged lists of Services and EndpointSlices take,
// both kinds and all members at once, in the form that is read fastest.
func floor(ctx context.Context, members []*apienv.Member) (time.Duration, error) {
	var clients []kubernetes.Interface
	for _, m := range members {
		token, err := m.Token("admin")
		if err != nil {
			return 0, err
		}
		client, err := kubernetes.NewForConfig(&rest.Config{
			Host: m.Proxy.URL, BearerToken: token, TLSClientConfig: rest.TLSClientConfig{CAData: m.Proxy.CA},
			ContentConfig: rest.ContentConfig{ContentType: runtime.ContentTypeProtobuf}, QPS: -1,
		})
		if err != nil {
			return 0, err
		}
		clients = append(clients, client)
	}
	started := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	for _, client := range clients {
		group.Go(func() error {
			return pages(func(o metav1.ListOptions) (string, error) {
				list, err := client.CoreV1().Services("").List(ctx, o)
				return next(list, err)
			})
		})
		group.Go(func() error {
			return pages(func(o metav1.ListOptions) (string, error) {
				list, err := client.DiscoveryV1().EndpointSlices("").List(ctx, o)
				return next(list, err)
			})
		})
	}
	err := group.Wait()
	return time.Since(started), err
}

func next(list metav1.ListInterface, err error) (string, error) {
	if err != nil {
		return "", err
	}
	return list.GetContinue(), nil
}

func pages(list func(metav1.ListOptions) (string, error)) error {
	const pageSize = 500 // kubectl's
	o := metav1.ListOptions{Limit: pageSize}
	for {
		next, err := list(o)
		if err != nil || next == "" {
			return err
		}
		o.Continue = next
	}
}
