package diagnose

import (
	"slices"
	"strings"
)

const (
	// clusterLabel is the label by which a policy names clusters.
	clusterLabel = "io.cilium.k8s.policy.cluster"
	// podNamespace is the label by which it names a namespace, and namespaceLabels
	// begins those of labels of namespaces.
	podNamespace    = "io.kubernetes.pod.namespace"
	namespaceLabels = "io.cilium.k8s.namespace.labels."
)

// answer is what is known of a match.
type answer int

const (
	no answer = iota
	maybe
	yes
)

// requirement is one line of a label selector.
type requirement struct {
	key, operator string // In, NotIn, Exists or DoesNotExist
	values        []string
}

// selector is a label selector: all requirements must hold.
type selector []requirement

// accountLabel is a pod's service account, which no snapshot holds.
const accountLabel = "io.cilium.k8s.policy.serviceaccount"

// labelled are labels of an endpoint.
type labelled struct {
	labels map[string]string
	// whole is false if there may be labels that were not read.
	whole bool
}

// readSelector reads a LabelSelector. Prefixes of Cilium's label sources are
// taken off keys: an endpoint's labels are looked at without them.
func readSelector(raw any) selector {
	m, _ := raw.(map[string]any)
	var out selector
	labels, _ := m["matchLabels"].(map[string]any)
	for key, value := range labels {
		text, _ := value.(string)
		out = append(out, requirement{bare(key), "In", []string{text}})
	}
	slices.SortFunc(out, func(a, b requirement) int { return strings.Compare(a.key, b.key) })
	for _, e := range items(m["matchExpressions"]) {
		x, _ := e.(map[string]any)
		key, _ := x["key"].(string)
		operator, _ := x["operator"].(string)
		r := requirement{key: bare(key), operator: operator}
		for _, v := range items(x["values"]) {
			text, _ := v.(string)
			r.values = append(r.values, text)
		}
		out = append(out, r)
	}
	return out
}

// items is a list in plain data; empty for anything else.
func items(raw any) []any {
	out, _ := raw.([]any)
	return out
}

// bare is a label's key without the source that means any pod label.
func bare(key string) string {
	for _, source := range []string{"k8s:", "any:"} {
		if after, ok := strings.CutPrefix(key, source); ok {
			return after
		}
	}
	return key
}

// match says whether the selector selects the labels.
func (s selector) match(l labelled) answer {
	out := yes
	for _, r := range s {
		out = min(out, r.match(l))
	}
	return out
}

func (r requirement) match(l labelled) answer {
	value, has := l.labels[r.key]
	if !has && (!l.whole || !r.ofPod()) {
		return maybe
	}
	holds := false
	switch r.operator {
	case "In":
		holds = has && slices.Contains(r.values, value)
	case "NotIn":
		holds = !has || !slices.Contains(r.values, value)
	case "Exists":
		holds = has
	case "DoesNotExist":
		holds = !has
	default:
		return maybe
	}
	if holds {
		return yes
	}
	return no
}

// ofPod says whether a pod's labels decide. Those of other sources, such as
// reserved:, and its service account are known to Cilium alone.
func (r requirement) ofPod() bool { return r.key != accountLabel && !strings.Contains(r.key, ":") }

// namesCluster says whether the selector chooses clusters itself, so that
// Cilium adds no default, or is about labels that get none.
func (s selector) namesCluster() bool {
	return slices.ContainsFunc(s, func(r requirement) bool {
		return r.key == clusterLabel || strings.HasPrefix(r.key, "reserved:") || strings.HasPrefix(r.key, "reserved.")
	})
}

// namesNamespace says whether the selector chooses namespaces itself, so that
// Cilium does not add the policy's own.
func (s selector) namesNamespace() bool {
	return slices.ContainsFunc(s, func(r requirement) bool {
		return r.key == podNamespace || strings.HasPrefix(r.key, namespaceLabels) || strings.HasPrefix(r.key, "reserved:")
	})
}

// admits says whether a selector that names clusters lets in any but own.
func (s selector) admits(own string) bool {
	for _, r := range s {
		if r.key != clusterLabel {
			continue
		}
		if r.operator == "In" && !slices.ContainsFunc(r.values, func(v string) bool { return v != own }) {
			return false
		}
		if r.operator == "DoesNotExist" {
			return false
		}
	}
	return slices.ContainsFunc(s, func(r requirement) bool { return r.key == clusterLabel })
}

// String is the selector as kubectl's --selector writes it.
func (s selector) String() string {
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
