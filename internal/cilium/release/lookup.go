package release

import (
	"context"
	"slices"
	"text/template"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

// lookup is the chart's template function of that name: one object, or all of
// a kind if name is empty; an empty map if there is none.
type lookup func(apiVersion, kind, namespace, name string) (map[string]any, error)

// functions are all template functions that are replaced.
func (l lookup) functions() (template.FuncMap, error) {
	all, err := certFunctions()
	if err != nil {
		return nil, err
	}
	all["lookup"] = l
	return all, nil
}

// liveLookup asks the API server. Helm's own reads the list of a group's kinds
// before each object; this one has them from the getter's discovery.
func liveLookup(ctx context.Context, g *getter) (lookup, error) {
	client, err := dynamic.NewForConfig(g.config)
	if err != nil {
		return nil, err
	}
	return func(apiVersion, kind, namespace, name string) (map[string]any, error) {
		gvk := schema.FromAPIVersionAndKind(apiVersion, kind)
		mapping, err := g.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
		if err != nil {
			return nil, err
		}
		objects := client.Resource(mapping.Resource).Namespace(namespace)
		if name == "" {
			list, err := objects.List(ctx, metav1.ListOptions{})
			if err != nil {
				return map[string]any{}, ignoreNotFound(err)
			}
			return list.UnstructuredContent(), nil
		}
		object, err := objects.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return map[string]any{}, ignoreNotFound(err)
		}
		return object.UnstructuredContent(), nil
	}, nil
}

// givenLookup knows these Secrets and nothing else.
func givenLookup(secrets []*corev1.Secret) lookup {
	return func(apiVersion, kind, namespace, name string) (map[string]any, error) {
		for _, secret := range secrets {
			if apiVersion == "v1" && kind == "Secret" && secret.Namespace == namespace && secret.Name == name {
				return runtime.DefaultUnstructuredConverter.ToUnstructured(secret)
			}
		}
		return map[string]any{}, nil
	}
}

// ReusesCert says whether the chart, where it makes the certificate in a Secret
// itself, takes the one that is there instead, for as long as it is there: it
// makes the mesh's certificates anew at every revision, but not these.
func ReusesCert(secret string) bool {
	return slices.Contains([]string{"hubble-server-certs", "hubble-relay-client-certs"}, secret)
}

// withoutHubbleCerts hides the certificates that the chart would use again
// although they were signed by another CA, name another cluster, or are old.
func (l lookup) withoutHubbleCerts() lookup {
	return func(apiVersion, kind, namespace, name string) (map[string]any, error) {
		if kind == "Secret" && ReusesCert(name) {
			return map[string]any{}, nil
		}
		return l(apiVersion, kind, namespace, name)
	}
}

func ignoreNotFound(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
