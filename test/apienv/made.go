package apienv

import (
	"context"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
)

// Made returns every object that is in the cluster and was not when it
// started, but events, sorted by kind, namespace and name.
func (c *Cluster) Made(ctx context.Context) ([]unstructured.Unstructured, error) {
	r, err := newResetter(c)
	if err != nil {
		return nil, err
	}
	cfg, err := c.Config()
	if err != nil {
		return nil, err
	}
	client, err := dynamic.NewForConfig(cfg)
	if err != nil {
		return nil, err
	}
	objects, _, err := r.list(ctx)
	if err != nil {
		return nil, fmt.Errorf("list everything in %s: %w", c.Context, err)
	}
	var made []unstructured.Unstructured
	for _, o := range objects {
		if c.bare[o] || o.resource.Resource == "events" {
			continue
		}
		got, err := client.Resource(o.resource).Namespace(o.namespace).Get(ctx, o.name, metav1.GetOptions{})
		if err != nil {
			return nil, fmt.Errorf("read %s %s/%s of %s: %w", o.resource.Resource, o.namespace, o.name, c.Context, err)
		}
		made = append(made, *got)
	}
	slices.SortFunc(made, func(a, b unstructured.Unstructured) int { return strings.Compare(Name(a), Name(b)) })
	return made, nil
}

// Name is an object's kind, namespace and name, as "Secret kube-system/cilium-ca".
func Name(o unstructured.Unstructured) string {
	if o.GetNamespace() == "" {
		return o.GetKind() + " " + o.GetName()
	}
	return o.GetKind() + " " + o.GetNamespace() + "/" + o.GetName()
}
