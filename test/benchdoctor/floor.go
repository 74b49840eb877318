package main

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// lister lists one page.
type lister func(context.Context, metav1.ListOptions) (metav1.ListInterface, error)

// floor is how long plain paged lists of the kinds that doctor reads take, all
// at once, and nothing made of them.
func floor(ctx context.Context, m *apienv.Member) (time.Duration, error) {
	token, err := m.Token("admin")
	if err != nil {
		return 0, err
	}
	cfg := &rest.Config{Host: m.Proxy.URL, BearerToken: token, TLSClientConfig: rest.TLSClientConfig{CAData: m.Proxy.CA}, QPS: -1}
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return 0, err
	}
	custom, err := dynamic.NewForConfig(cfg)
	if err != nil {
		return 0, err
	}
	started := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	for _, list := range listers(client, custom) {
		group.Go(func() error { return pages(ctx, list) })
	}
	err = group.Wait()
	return time.Since(started), err
}

func listers(client kubernetes.Interface, custom dynamic.Interface) []lister {
	const system = metav1.NamespaceSystem
	core, apps := client.CoreV1(), client.AppsV1()
	return []lister{
		plain(core.Nodes().List),
		plain(custom.Resource(ciliumNodes()).List),
		plain(core.Secrets(system).List),
		plain(core.ConfigMaps(system).List),
		plain(core.Pods(system).List),
		plain(apps.DaemonSets(system).List),
		plain(apps.Deployments(system).List),
		plain(core.Services("").List),
		plain(client.DiscoveryV1().EndpointSlices("").List),
		plain(core.Namespaces().List),
		plain(client.NetworkingV1().NetworkPolicies("").List),
		plain(client.NetworkingV1().ServiceCIDRs().List),
	}
}

// plain forgets a list's own type.
func plain[T metav1.ListInterface](list func(context.Context, metav1.ListOptions) (T, error)) lister {
	return func(ctx context.Context, o metav1.ListOptions) (metav1.ListInterface, error) { return list(ctx, o) }
}

func pages(ctx context.Context, list lister) error {
	const pageSize = 500 // kubectl's
	o := metav1.ListOptions{Limit: pageSize}
	for {
		page, err := list(ctx, o)
		if err != nil || page.GetContinue() == "" {
			return err
		}
		o.Continue = page.GetContinue()
	}
}
