package globalsvc

import (
	"github.com/Masterminds/semver/v3"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/policies"
)

// judge predicts for the same clients again and again. It remembers what does
// not depend on the question, since thousands of services are judged by
// hundreds of policies: which of them select a pod is asked once for each pod.
// It serves one snapshot, which must not change, and one goroutine.
type judge struct {
	clientLabels map[string]string
	services     map[*mesh.Facts]map[serviceName]*mesh.GlobalService
	versions     map[*mesh.Facts]*semver.Version
	clusters     map[*mesh.Facts]*policies.Cluster
	clients      map[clientKey]*subject
	servers      map[*mesh.Endpoint]*subject
}

type serviceName struct{ namespace, name string }

// clientKey tells clients apart: each is in its service's namespace.
type clientKey struct {
	facts     *mesh.Facts
	namespace string
}

func newJudge(clientLabels map[string]string) *judge {
	return &judge{
		clientLabels: clientLabels,
		services:     map[*mesh.Facts]map[serviceName]*mesh.GlobalService{},
		versions:     map[*mesh.Facts]*semver.Version{},
		clusters:     map[*mesh.Facts]*policies.Cluster{},
		clients:      map[clientKey]*subject{},
		servers:      map[*mesh.Endpoint]*subject{},
	}
}

// find is [mesh.Services.Find] for many services.
func (j *judge) find(f *mesh.Facts, namespace, name string) *mesh.GlobalService {
	if f.Services == nil {
		return nil
	}
	known, ok := j.services[f]
	if !ok {
		known = make(map[serviceName]*mesh.GlobalService, len(f.Services.Items))
		for i := range f.Services.Items {
			g := &f.Services.Items[i]
			known[serviceName{g.Namespace, g.Name}] = g
		}
		j.services[f] = known
	}
	return known[serviceName{namespace, name}]
}

// subject is a pod and what policies rule of its traffic in one direction.
type subject struct {
	pod       policies.Pod
	cluster   *policies.Cluster
	context   string
	direction policies.Direction
	rulers    []ruler
}

// ruler is one rule set of a policy that selects a pod, or perhaps does.
type ruler struct {
	*policies.Rules
	selects policies.Answer
}

// version is [mesh.Facts.CiliumVersion] for many services.
func (j *judge) version(f *mesh.Facts) *semver.Version {
	v, known := j.versions[f]
	if !known {
		v = f.CiliumVersion()
		j.versions[f] = v
	}
	return v
}

// before120 says whether the cluster is known to run a Cilium before 1.20.
func (j *judge) before120(f *mesh.Facts) bool {
	v := j.version(f)
	return v != nil && v.Major() == 1 && v.Minor() < 20
}

// cluster is a cluster with its policies.
func (j *judge) cluster(f *mesh.Facts) *policies.Cluster {
	if j.clusters[f] == nil {
		j.clusters[f] = policies.NewCluster(f, j.version(f))
	}
	return j.clusters[f]
}

// client is the client's pod with what rules its way out.
func (j *judge) client(f *mesh.Facts, namespace string) *subject {
	key := clientKey{f, namespace}
	if j.clients[key] == nil {
		j.clients[key] = j.subject(f, j.cluster(f).Pod(namespace, j.clientLabels, true), policies.Egress)
	}
	return j.clients[key]
}

// server is the pod behind an endpoint of a Service, with what rules its way in.
func (j *judge) server(b *backend, q Query) *subject {
	if j.servers[b.endpoint] == nil {
		pod := j.cluster(b.from).Endpoint(j.find(b.from, q.Namespace, q.Name), b.endpoint)
		j.servers[b.endpoint] = j.subject(b.from, pod, policies.Ingress)
	}
	return j.servers[b.endpoint]
}

func (j *judge) subject(f *mesh.Facts, pod policies.Pod, d policies.Direction) *subject {
	s := &subject{pod: pod, cluster: j.cluster(f), context: f.Context, direction: d}
	all := s.cluster.Rules(d)
	for i := range all {
		if selects := all[i].Subject.Match(&pod); selects != policies.No {
			s.rulers = append(s.rulers, ruler{&all[i], selects})
		}
	}
	return s
}
