package policies

import (
	"slices"
	"strings"
)

// Labels of an identity that do not come from the pod. Source: Cilium's
// pkg/k8s/apis/cilium.io.
const (
	// ClusterLabel is the label by which a policy names clusters.
	ClusterLabel = "io.cilium.k8s.policy.cluster"
	// namespaceLabel is the label by which it names a namespace, and
	// namespaceLabels begins those of labels of namespaces.
	namespaceLabel  = "io.kubernetes.pod.namespace"
	namespaceLabels = "io.cilium.k8s.namespace.labels."
	accountLabel    = "io.cilium.k8s.policy.serviceaccount"
)

// origin is where a label comes from, and with it who knows it.
type origin int

const (
	ofPod origin = iota
	ofCluster
	ofNamespace
	ofNamespaceLabels
	ofAccount // no snapshot holds service accounts
	ofNobody  // Cilium leaves it out of identities, unless set otherwise
	ofOthers  // of a source that pods' labels do not have, such as reserved:
)

// requirement is one line of a label selector.
type requirement struct {
	key, operator string // In, NotIn, Exists or DoesNotExist
	values        []string
	from          origin
}

// Selector is a label selector: all requirements must hold, and none select all.
type Selector []requirement

// ReadSelector reads a LabelSelector of plain data, none as one of everything.
// Its matchLabels leave out the keys that something else takes the place of.
func ReadSelector(raw any, replaced ...string) Selector {
	object, _ := raw.(map[string]any)
	equal, _ := object["matchLabels"].(map[string]any)
	lines := objects(object["matchExpressions"])
	s := make(Selector, 0, len(equal)+len(lines)+1) // and a namespace, often
	for key, value := range equal {
		if text, _ := value.(string); !slices.Contains(replaced, key) {
			s = append(s, newRequirement(key, "In", text))
		}
	}
	slices.SortFunc(s, func(a, b requirement) int { return strings.Compare(a.key, b.key) })
	for _, line := range lines {
		key, _ := line["key"].(string)
		operator, _ := line["operator"].(string)
		s = append(s, newRequirement(key, operator, texts(line["values"])...))
	}
	return s
}

// newRequirement takes the source off a key, unless it is one that pods' labels
// do not have (pkg/labels.NewSourceEncodedLabelKey).
func newRequirement(key, operator string, values ...string) requirement {
	if name, short := strings.CutPrefix(key, "$"); short {
		key = "reserved:" + name
	}
	source, name, sourced := strings.Cut(key, ":")
	if sourced && source != "k8s" && source != "any" && source != "" {
		return requirement{key, operator, values, ofOthers}
	}
	if sourced {
		key = name
	}
	return requirement{key, operator, values, originOf(key)}
}

func originOf(key string) origin {
	switch {
	case key == ClusterLabel:
		return ofCluster
	case key == namespaceLabel:
		return ofNamespace
	case strings.HasPrefix(key, namespaceLabels):
		return ofNamespaceLabels
	case key == accountLabel:
		return ofAccount
	case leftOut(key):
		return ofNobody
	}
	return ofPod
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

// Match says whether the selector selects the pod.
func (s Selector) Match(p *Pod) Answer {
	least := Yes
	for i := range s {
		if least = min(least, s[i].match(p)); least == No {
			break
		}
	}
	return least
}

func (r *requirement) match(p *Pod) Answer {
	value, has, known := p.lookup(r)
	switch {
	case r.operator == "Exists" && has, r.operator == "DoesNotExist" && has:
		return answer(r.operator == "Exists") // whatever the value
	case !known:
		return Maybe
	}
	listed := has && slices.Contains(r.values, value)
	switch r.operator {
	case "In":
		return answer(listed)
	case "NotIn":
		return answer(!listed)
	case "Exists", "DoesNotExist":
		return answer(r.operator == "DoesNotExist")
	}
	return Maybe // no API server takes it
}

// asks says whether the selector asks for a label of the origin.
func (s Selector) asks(from origin) bool {
	return slices.ContainsFunc(s, func(r requirement) bool { return r.from == from })
}

// reserved says whether it is about Cilium's own identities, too.
func (s Selector) reserved() bool {
	return slices.ContainsFunc(s, func(r requirement) bool { return strings.HasPrefix(r.key, "reserved:") })
}

// Covers says whether it selects all that the other does, as each of its
// requirements is one of the other's.
func (s Selector) Covers(other Selector) bool {
	return !slices.ContainsFunc(s, func(r requirement) bool {
		return !slices.ContainsFunc(other, func(o requirement) bool {
			return r.key == o.key && r.operator == o.operator && slices.Equal(r.values, o.values)
		})
	})
}

// Needs is a label of which every pod that it selects has one of the values;
// false if there is none, or none that is known of all [Pod.Whole] pods.
func (s Selector) Needs() (key string, values []string, ok bool) {
	for _, r := range s {
		if r.operator == "In" && r.from < ofAccount {
			return r.key, r.values, true
		}
	}
	return "", nil, false
}

// String is the selector as kubectl's --selector writes it.
func (s Selector) String() string {
	if len(s) == 0 {
		return "every pod"
	}
	var out []string
	for _, r := range s {
		switch {
		case r.operator == "In" && len(r.values) == 1:
			out = append(out, r.key+"="+r.values[0])
		case r.operator == "Exists":
			out = append(out, r.key)
		case r.operator == "DoesNotExist":
			out = append(out, "!"+r.key)
		default:
			out = append(out, r.key+" "+strings.ToLower(r.operator)+" ("+strings.Join(r.values, ",")+")")
		}
	}
	return strings.Join(out, ",")
}
