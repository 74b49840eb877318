package globalsvc

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Labels of an identity that do not come from the pod. Source: Cilium's
// pkg/k8s/apis/cilium.io.
const (
	labelNamespace       = "io.kubernetes.pod.namespace"
	labelCluster         = "io.cilium.k8s.policy.cluster"
	labelNamespaceLabels = "io.cilium.k8s.namespace.labels."
	labelServiceAccount  = "io.cilium.k8s.policy.serviceaccount"
)

// pod is a pod as network policies know it.
type pod struct {
	facts     *mesh.Facts
	namespace string
	identity  labels.Set
	// labels and namespaceLabels are false if the pod's own labels, or those
	// of its namespace, are not known.
	labels, namespaceLabels bool
}

func newPod(facts *mesh.Facts, namespace string, own map[string]string, known bool) pod {
	p := pod{facts: facts, namespace: namespace, identity: labels.Set{}, labels: known}
	maps.Copy(p.identity, own)
	p.identity[labelNamespace] = namespace
	if facts.Config != nil {
		p.identity[labelCluster] = facts.Config.ClusterName
	}
	about, ok := facts.Services.Namespaces[namespace]
	p.namespaceLabels = ok
	for key, value := range about.Labels {
		p.identity[labelNamespaceLabels+key] = value
	}
	return p
}

// lookup returns a label; known is false if it cannot be told from here
// whether the pod's identity has it.
func (p *pod) lookup(key string) (value string, has, known bool) {
	value, has = p.identity[key]
	switch {
	case key == labelNamespace || key == labelCluster:
		return value, has, true
	case strings.HasPrefix(key, labelNamespaceLabels):
		return value, has, p.namespaceLabels
	case key == labelServiceAccount:
		return "", false, false
	case leftOut(key):
		return "", false, setting(p.facts, "labels") == ""
	}
	return value, has, p.labels
}

// leftOut says whether Cilium leaves a pod's label out of its identity unless
// its setting "labels" says otherwise (pkg/labelsfilter).
func leftOut(key string) bool {
	prefixes := []string{
		"io.kubernetes", "kubernetes.io", "k8s.io", "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index",
		"batch.kubernetes.io/job-completion-index", "batch.kubernetes.io/controller-uid", "topology.kubernetes.io",
		"pod-template-generation", "pod-template-hash", "controller-revision-hash", "controller-uid", "annotation", "etcd_node",
	}
	return strings.Contains(key, "beta.kubernetes.io") ||
		slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
}

// requirement is one of a selector. source is what is before the colon of
// Cilium's labels, empty or "any" for any.
type requirement struct {
	source, key, operator string
	values                []string
}

// requirements are a label selector's. None select all.
type requirements []requirement

// newSelector reads a label selector; false if there is none.
func newSelector(value any) (requirements, bool) {
	object, ok := value.(map[string]any)
	if !ok {
		return nil, false
	}
	var all requirements
	add := func(key, operator string, values []string) {
		source, rest, cut := strings.Cut(key, ":")
		if !cut {
			source, rest = "", key
		}
		all = append(all, requirement{source, rest, operator, values})
	}
	equal, _ := object["matchLabels"].(map[string]any)
	for key, value := range equal {
		text, _ := value.(string)
		add(key, "In", []string{text})
	}
	for _, expression := range objects(object["matchExpressions"]) {
		key, _ := expression["key"].(string)
		operator, _ := expression["operator"].(string)
		list, _ := expression["values"].([]any)
		var values []string
		for _, value := range list {
			text, _ := value.(string)
			values = append(values, text)
		}
		add(key, operator, values)
	}
	return all, true
}

// matches is the least that one of the requirements says.
func (r requirements) matches(p *pod) outcome {
	least := yes
	for i := range r {
		least = min(least, r[i].matches(p))
	}
	return least
}

func (r *requirement) matches(p *pod) outcome {
	value, has, known := "", false, true // labels of other sources are not on pods
	if r.ofPods() {
		value, has, known = p.lookup(r.key)
	}
	if !known {
		return maybe
	}
	listed := has && slices.Contains(r.values, value)
	met := false // by an operator that the API server would not have taken
	switch r.operator {
	case "In":
		met = listed
	case "NotIn":
		met = !listed
	case "Exists":
		met = has
	case "DoesNotExist":
		met = !has
	}
	if met {
		return yes
	}
	return no
}

func (r *requirement) ofPods() bool { return slices.Contains([]string{"", "any", "k8s"}, r.source) }

// asks says whether a selector asks for a label of pods.
func (r requirements) asks(key string) bool {
	return slices.ContainsFunc(r, func(r requirement) bool { return r.ofPods() && r.key == key })
}

func (r requirements) asksBelow(prefix string) bool {
	return slices.ContainsFunc(r, func(r requirement) bool { return r.ofPods() && strings.HasPrefix(r.key, prefix) })
}

func (r requirements) reserved() bool {
	return slices.ContainsFunc(r, func(r requirement) bool { return r.source == "reserved" })
}

func (r requirements) without(source, key string) requirements {
	return slices.DeleteFunc(r, func(r requirement) bool { return r.source == source && r.key == key })
}

// below puts a prefix before all keys.
func (r requirements) below(prefix string) requirements {
	for i := range r {
		r[i].key = prefix + r[i].key
	}
	return r
}
