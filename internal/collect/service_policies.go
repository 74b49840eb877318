package collect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	ciliumio "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Kinds of network policies.
const (
	kindNetworkPolicy     = "NetworkPolicy"
	kindCiliumPolicy      = "CiliumNetworkPolicy"
	kindClusterwidePolicy = "CiliumClusterwideNetworkPolicy"
)

func (l *serviceLook) listNamespaces(ctx context.Context) error {
	if name := l.options.Namespace; name != "" {
		found, err := l.cluster.Client.CoreV1().Namespaces().Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		if err == nil {
			l.addNamespace(&found.ObjectMeta)
		}
		return err
	}
	return pages(metav1.ListOptions{}, func(o metav1.ListOptions) (string, error) {
		list, err := l.cluster.Client.CoreV1().Namespaces().List(ctx, o)
		if err != nil {
			return "", err
		}
		for i := range list.Items {
			l.addNamespace(&list.Items[i].ObjectMeta)
		}
		return list.Continue, nil
	})
}

func (l *serviceLook) addNamespace(m *metav1.ObjectMeta) {
	global, ok := m.Annotations[mesh.AnnotationNamespaceGlobal]
	if ok && global == "" {
		global = "false" // as Cilium reads it
	}
	l.facts.Services.Namespaces[m.Name] = mesh.NamespaceFacts{Labels: m.Labels, Global: global}
}

// listPolicies reads Kubernetes' and Cilium's network policies, one after
// another: most clusters have few.
func (l *serviceLook) listPolicies(ctx context.Context) error {
	err := pages(metav1.ListOptions{}, func(o metav1.ListOptions) (string, error) {
		list, err := l.cluster.Client.NetworkingV1().NetworkPolicies(l.options.Namespace).List(ctx, o)
		if err != nil {
			return "", err
		}
		for i := range list.Items {
			if err := l.addNetworkPolicy(&list.Items[i]); err != nil {
				return "", err
			}
		}
		return list.Continue, nil
	})
	if l.bare {
		return err // without Cilium there is none of its kinds
	}
	resource := schema.GroupVersionResource{Group: ciliumio.CustomResourceDefinitionGroup, Version: "v2", Resource: "ciliumnetworkpolicies"}
	clusterwide := resource
	clusterwide.Resource = "ciliumclusterwidenetworkpolicies"
	return errors.Join(err,
		l.listCiliumPolicies(ctx, kindCiliumPolicy, l.cluster.Dynamic.Resource(resource).Namespace(l.options.Namespace)),
		l.listCiliumPolicies(ctx, kindClusterwidePolicy, l.cluster.Dynamic.Resource(clusterwide)))
}

func (l *serviceLook) addNetworkPolicy(p *networkingv1.NetworkPolicy) error {
	rule, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&p.Spec)
	if err != nil {
		return fmt.Errorf("NetworkPolicy %s/%s: %w", p.Namespace, p.Name, err)
	}
	l.addPolicy(mesh.Policy{Kind: kindNetworkPolicy, Namespace: p.Namespace, Name: p.Name, Rules: []map[string]any{rule}})
	return nil
}

func (l *serviceLook) listCiliumPolicies(ctx context.Context, kind string, client dynamic.ResourceInterface) error {
	err := pages(metav1.ListOptions{}, func(o metav1.ListOptions) (string, error) {
		list, err := client.List(ctx, o)
		if err != nil {
			return "", err
		}
		for i := range list.Items {
			object := &list.Items[i]
			policy := mesh.Policy{Kind: kind, Namespace: object.GetNamespace(), Name: object.GetName()}
			if spec, ok := object.Object["spec"].(map[string]any); ok {
				policy.Rules = append(policy.Rules, spec)
			}
			specs, _ := object.Object["specs"].([]any)
			for _, spec := range specs {
				if rule, ok := spec.(map[string]any); ok {
					policy.Rules = append(policy.Rules, rule)
				}
			}
			l.addPolicy(policy)
		}
		return list.GetContinue(), nil
	})
	if apierrors.IsNotFound(err) {
		return nil // the operator has not made its kinds yet
	}
	return err
}

func (l *serviceLook) addPolicy(p mesh.Policy) {
	for _, rule := range p.Rules {
		for _, section := range []string{"ingress", "egress", "ingressDeny", "egressDeny"} {
			hideContents(rule[section])
		}
	}
	l.facts.Services.Policies = append(l.facts.Services.Policies, p)
}

// podLabels reads the labels of the pods behind the services: only the pods'
// metadata.
func (l *serviceLook) podLabels(ctx context.Context) error {
	s := l.facts.Services
	found := map[string]map[string]string{} // by "namespace/name" of the pod
	err := pages(metav1.ListOptions{}, func(o metav1.ListOptions) (string, error) {
		data, err := l.cluster.Client.CoreV1().RESTClient().Get().Namespace(l.options.Namespace).Resource("pods").
			Param("limit", "500").Param("continue", o.Continue).
			SetHeader("Accept", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1").DoRaw(ctx)
		if err != nil {
			return "", err
		}
		var list metav1.PartialObjectMetadataList
		if err := json.Unmarshal(data, &list); err != nil {
			return "", fmt.Errorf("list of pods: %w", err)
		}
		for i := range list.Items {
			m := &list.Items[i].ObjectMeta
			found[m.Namespace+"/"+m.Name] = m.Labels
		}
		return list.Continue, nil
	})
	for i := range s.Items {
		for j := range s.Items[i].Endpoints {
			e := &s.Items[i].Endpoints[j]
			if e.Labels = found[s.Items[i].Namespace+"/"+e.Pod]; e.Labels == nil && err == nil {
				e.Labels = map[string]string{} // read, and there are none
			}
		}
	}
	return err
}

// hideContents takes out of a policy's ports what looks into requests: headers
// there may be secrets, and whether there is such a rule is all that matters.
func hideContents(section any) {
	rules, _ := section.([]any)
	for _, rule := range rules {
		fields, _ := rule.(map[string]any)
		ports, _ := fields["toPorts"].([]any)
		for _, port := range ports {
			entry, _ := port.(map[string]any)
			for _, name := range []string{"rules", "terminatingTLS", "originatingTLS", "listener"} {
				if _, ok := entry[name]; ok {
					entry[name] = map[string]any{}
				}
			}
		}
	}
}

func podReady(p *pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == "Ready" {
			return c.Status == "True" && p.DeletionTimestamp == nil
		}
	}
	return false
}
