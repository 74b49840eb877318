package policies

import (
	"iter"
	"strconv"

	"github.com/Masterminds/semver/v3"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Cluster is a cluster as its agents read policies, by their settings.
type Cluster struct {
	// Local says whether peers of its policies that name no cluster are pods of
	// the cluster's own.
	Local Answer
	facts *mesh.Facts
	// filtered is true if it is set which labels of pods count.
	filtered bool
	rules    map[Direction][]Rules
}

// NewCluster reads the settings. The version is that of its agents, nil if it
// is not known: the meaning of peers without a cluster changed with 1.19.
func NewCluster(f *mesh.Facts, version *semver.Version) *Cluster {
	c := &Cluster{Local: Maybe, facts: f}
	c.filtered = c.setting("labels") != ""
	if local, err := strconv.ParseBool(c.setting("policy-default-local-cluster")); err == nil {
		c.Local = answer(local)
	} else if version != nil {
		c.Local = answer(version.Major() > 1 || version.Minor() >= 19)
	}
	return c
}

// Always says whether pods that no policy selects are denied everything.
func (c *Cluster) Always() bool { return c.setting("enable-policy") == "always" }

// Open says whether the cluster has nothing that could deny.
func (c *Cluster) Open() bool { return len(c.facts.Services.Policies) == 0 && !c.Always() }

// setting is a value of the cluster's Cilium; empty if it is not set or not known.
func (c *Cluster) setting(name string) string {
	if c.facts.Config == nil {
		return ""
	}
	return c.facts.Config.Raw[name]
}

func (c *Cluster) name() string {
	if c.facts.Config == nil {
		return ""
	}
	return c.facts.Config.ClusterName
}

// Pod is a pod as network policies know it.
type Pod struct {
	cluster   *Cluster
	namespace string            // empty if it is not known
	labels    map[string]string // its own
	whole     bool              // all of them were read
	// strange is true if it may be any pod of any other cluster.
	strange bool
}

// Pod is one of the cluster's pods; whole is false if it may have more labels.
func (c *Cluster) Pod(namespace string, labels map[string]string, whole bool) Pod {
	return Pod{cluster: c, namespace: namespace, labels: labels, whole: whole}
}

// Endpoint is the pod behind one of the cluster's endpoints. Where its own labels
// were not read, it has those at least that the Service asks for.
func (c *Cluster) Endpoint(s *mesh.GlobalService, e *mesh.Endpoint) Pod {
	if e.Labels == nil {
		return c.Pod(s.Namespace, s.Selector, false)
	}
	return c.Pod(s.Namespace, e.Labels, true)
}

// Stranger is a pod of another cluster of which nothing else is known.
func (c *Cluster) Stranger() Pod { return Pod{cluster: c, strange: true} }

// foreign says whether the pod is of another cluster.
func (c *Cluster) foreign(p *Pod) bool { return p.strange || p.cluster != c }

// lookup finds the label that a requirement asks for; known is false if its
// value, or whether the pod has it, cannot be told from here.
func (p *Pod) lookup(r *requirement) (value string, has, known bool) {
	switch r.from {
	case ofCluster:
		return p.ofCluster(r.values)
	case ofNamespace:
		return p.namespace, true, p.namespace != ""
	case ofNamespaceLabels:
		labels, known := p.namespaceLabels()
		value, has = labels[r.key[len(namespaceLabels):]]
		return value, has, known
	case ofAccount:
		return "", false, false
	case ofNobody:
		return "", false, !p.cluster.filtered && !p.strange
	case ofOthers:
		return "", false, true
	}
	value, has = p.labels[r.key]
	return value, has, has || p.whole
}

// ofCluster is the cluster's name. A stranger's is not known, but for not being
// the own cluster's, so that no list of that alone has it.
func (p *Pod) ofCluster(asked []string) (value string, has, known bool) {
	own := p.cluster.name()
	if !p.strange {
		return own, true, own != ""
	}
	for _, name := range asked {
		if name != own {
			return "", true, false
		}
	}
	return "", true, own != ""
}

func (p *Pod) namespaceLabels() (labels map[string]string, known bool) {
	about, known := p.cluster.facts.Services.Namespaces[p.namespace]
	return about.Labels, known && !p.strange
}

// Whole says whether all labels of the pod are known that a snapshot can hold.
func (p *Pod) Whole() bool {
	_, known := p.namespaceLabels()
	return known && p.whole && p.cluster.name() != ""
}

// Labels are all labels of the pod that are known.
func (p *Pod) Labels() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for key, value := range p.labels {
			if originOf(key) == ofPod && !yield(key, value) {
				return
			}
		}
		about, _ := p.namespaceLabels()
		for key, value := range about {
			if !yield(namespaceLabels+key, value) {
				return
			}
		}
		_ = yield(namespaceLabel, p.namespace) && yield(ClusterLabel, p.cluster.name())
	}
}
