package collect

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/agent"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/config"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// ServiceOptions say which services to look at.
type ServiceOptions struct {
	// Parallel is how many clusters are asked at once; zero means 16.
	Parallel int
	// Namespace bounds the look; empty means all.
	Namespace string
	// Name is one service of Namespace, looked at whether it is global or not.
	// Empty means all that are global in at least one cluster.
	Name string
	// Agents is how many agents of each cluster are asked for their
	// load-balancing tables (one exec for each).
	Agents int
	// More is asked, with what was seen so far, for further members of the mesh,
	// until it knows none; nil knows none.
	More func([]mesh.Facts) []Member
}

// Member is a cluster that may be the mesh's member of that name.
type Member struct {
	Name    string
	Cluster *mesh.Cluster
}

// Services asks all clusters for what decides who answers a client of a
// service: one list of each kind, in pages, and no request for a single
// service. What could not be read is in the snapshot's problems.
func Services(ctx context.Context, clusters []*mesh.Cluster, o ServiceOptions) mesh.Snapshot {
	looks := listAll(ctx, clusters, o)
	for o.More != nil && ctx.Err() == nil {
		more := o.More(factsOf(looks))
		if len(more) == 0 {
			break
		}
		looks = append(looks, listMembers(ctx, more, o)...)
	}
	keep := wanted(looks, o)
	// A policy may ask for the labels of pods of other clusters, too.
	ruled := slices.ContainsFunc(looks, func(l *serviceLook) bool { return l.facts.Services != nil && len(l.facts.Services.Policies) > 0 })
	var group errgroup.Group
	for _, l := range looks {
		group.Go(func() error { l.finish(ctx, keep, ruled); return nil })
	}
	_ = group.Wait() // as in listAll
	return mesh.Snapshot{APIVersion: mesh.SnapshotVersion, Taken: time.Now().UTC(), Clusters: factsOf(looks)}
}

func factsOf(looks []*serviceLook) []mesh.Facts {
	all := make([]mesh.Facts, len(looks))
	for i, l := range looks {
		all[i] = l.facts
	}
	return all
}

// listMembers looks at clusters that may be members, and forgets those that
// turn out to be others whose context only looks alike.
func listMembers(ctx context.Context, members []Member, o ServiceOptions) []*serviceLook {
	clusters := make([]*mesh.Cluster, len(members))
	for i := range members {
		clusters[i] = members[i].Cluster
	}
	var found []*serviceLook
	for i, l := range listAll(ctx, clusters, o) {
		if IsMember(&l.facts, members[i].Name) {
			found = append(found, l)
		}
	}
	return found
}

// IsMember says whether what was seen can be the member of that name: a
// cluster that could not be read can.
func IsMember(f *mesh.Facts, name string) bool {
	if f.Config == nil {
		return len(f.Problems) > 0
	}
	return f.Config.ClusterName == name
}

func listAll(ctx context.Context, clusters []*mesh.Cluster, o ServiceOptions) []*serviceLook {
	looks := make([]*serviceLook, len(clusters))
	for i, cluster := range clusters {
		looks[i] = &serviceLook{look: look{cluster: cluster, facts: mesh.Facts{Context: cluster.Context}}, options: o}
	}
	each(ctx, clusters, o.Parallel,
		func(i int) { looks[i].contact(ctx) },
		func(i int) { looks[i].lists(ctx) })
	return looks
}

// wanted are the services to keep, as "namespace/name".
func wanted(looks []*serviceLook, o ServiceOptions) map[string]bool {
	keep := map[string]bool{}
	add := func(s *mesh.Services) {
		if s == nil {
			return
		}
		for i := range s.Items {
			if o.Name != "" || s.Items[i].Global() {
				keep[s.Items[i].Key()] = true
			}
		}
	}
	for _, l := range looks {
		add(l.facts.Services)
	}
	return keep
}

// serviceLook is the work of looking at one cluster's services.
type serviceLook struct {
	look
	options ServiceOptions

	bare   bool                       // there is no Cilium
	slices map[string][]mesh.Endpoint // by "namespace/name" of the service
}

// contact makes the first request, for Cilium's settings; without an answer
// nothing else is asked.
func (l *serviceLook) contact(ctx context.Context) {
	ctx, cancel := context.WithTimeoutCause(ctx, contactTimeout, errNoContact)
	defer cancel()
	found, err := l.cluster.Client.CoreV1().ConfigMaps(mesh.Namespace).Get(ctx, cilium.ConfigMap, metav1.GetOptions{})
	switch {
	case errors.Is(context.Cause(ctx), errNoContact):
		l.problem(mesh.SectionAPI, errNoContact)
	case apierrors.IsForbidden(err):
		l.problem(mesh.SectionConfig, err)
	case apierrors.IsNotFound(err):
		l.bare = true
	case err != nil:
		l.problem(mesh.SectionAPI, err)
	default:
		facts, err := config.Parse(found.Data)
		l.facts.Config = facts
		l.problem(mesh.SectionConfig, err)
	}
}

func (l *serviceLook) unreachable() bool {
	return slices.ContainsFunc(l.facts.Problems, func(p mesh.Problem) bool { return p.Section == mesh.SectionAPI })
}

// lists reads all kinds side by side.
func (l *serviceLook) lists(ctx context.Context) {
	if l.unreachable() {
		return
	}
	l.facts.Services = &mesh.Services{Namespaces: map[string]mesh.NamespaceFacts{}}
	l.slices = map[string][]mesh.Endpoint{}
	l.together(ctx,
		section{mesh.SectionServices, l.listServices},
		section{mesh.SectionEndpoints, l.listSlices},
		section{mesh.SectionNamespaces, l.listNamespaces},
		section{mesh.SectionPolicies, l.listPolicies},
		section{mesh.SectionPeers, l.peers},
		section{mesh.SectionWorkloads, l.agentsVersion},
		section{mesh.SectionAgents, l.tables},
	)
}

// finish drops what nobody asked for and puts together what belongs together.
// ruled says whether any cluster has network policies.
func (l *serviceLook) finish(ctx context.Context, keep map[string]bool, ruled bool) {
	if l.facts.Services == nil {
		return
	}
	s := l.facts.Services
	s.Items = slices.DeleteFunc(s.Items, func(g mesh.GlobalService) bool { return !keep[g.Key()] })
	for i := range s.Items {
		s.Items[i].Endpoints = merged(l.slices[s.Items[i].Key()])
	}
	l.slices = nil
	for i := range s.Tables {
		s.Tables[i].Frontends = slices.DeleteFunc(s.Tables[i].Frontends, func(f mesh.Frontend) bool { return !keep[f.Service] })
	}
	if ruled && len(s.Items) > 0 {
		l.problem(mesh.SectionPods, l.podLabels(ctx))
	}
}

// merged puts together what several slices say of one address: a Service
// whose ports have names that differ between its pods has a slice for each.
func merged(endpoints []mesh.Endpoint) []mesh.Endpoint {
	at := map[string]int{}
	var all []mesh.Endpoint
	for i := range endpoints {
		e := &endpoints[i]
		j, known := at[e.Address]
		if !known {
			at[e.Address] = len(all)
			all = append(all, *e)
			continue
		}
		all[j].Ports = slices.Concat(all[j].Ports, e.Ports)
	}
	slices.SortFunc(all, func(a, b mesh.Endpoint) int { return cmp.Compare(a.Address, b.Address) })
	return all
}

// peers reads whom the cluster is configured with, so that all members can be
// looked at.
func (l *serviceLook) peers(ctx context.Context) error {
	if l.facts.Config == nil {
		return nil
	}
	// None is not the same as not known, which is nil.
	l.facts.Peers = []mesh.Peer{}
	for _, name := range []string{cilium.KVStorePeerSecret, cilium.PeersSecret} {
		secret, err := l.cluster.Client.CoreV1().Secrets(mesh.Namespace).Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			l.facts.Peers = nil
			return err
		}
		peers, err := agent.ParsePeers(secret.Data, nil)
		l.facts.Peers = append(l.facts.Peers, peers...)
		return err
	}
	return nil
}

// agentsVersion reads the DaemonSet of the agents: what annotations and
// policies mean depends on their version.
func (l *serviceLook) agentsVersion(ctx context.Context) error {
	if l.facts.Config == nil {
		return nil
	}
	set, err := l.cluster.Client.AppsV1().DaemonSets(mesh.Namespace).Get(ctx, agentName, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err == nil {
		l.facts.Workloads = []mesh.Workload{DaemonSetState(set)}
	}
	return err
}

// tables asks agents for what their load balancers hold.
func (l *serviceLook) tables(ctx context.Context) error {
	if l.options.Agents <= 0 || l.facts.Config == nil {
		return nil
	}
	pods, err := l.cluster.Client.CoreV1().Pods(mesh.Namespace).List(ctx, metav1.ListOptions{LabelSelector: cilium.AppLabel + "=" + agentName})
	if err != nil {
		return err
	}
	ready := slices.DeleteFunc(pods.Items, func(p pod) bool { return !podReady(&p) })
	// The same agents each time, so that two looks can be compared.
	slices.SortFunc(ready, func(a, b pod) int { return cmp.Compare(a.Spec.NodeName, b.Spec.NodeName) })
	ready = ready[:min(len(ready), l.options.Agents)]
	tables := make([]mesh.Table, len(ready))
	var (
		group errgroup.Group
		mu    sync.Mutex
	)
	group.SetLimit(execAtOnce)
	for i := range ready {
		group.Go(func() error {
			table := l.table(ctx, &ready[i])
			mu.Lock()
			defer mu.Unlock()
			tables[i] = table
			return nil
		})
	}
	_ = group.Wait() // errors are part of the tables
	l.facts.Services.Tables = tables
	return nil
}

func (l *serviceLook) table(ctx context.Context, p *pod) mesh.Table {
	table := mesh.Table{Pod: p.Name, Node: p.Spec.NodeName}
	one := l.options.Namespace + "/" + l.options.Name
	err := ask(ctx, l.cluster, p.Name, cilium.AgentContainer, agent.FrontendsCommand(), func(out []byte) (err error) {
		table.Frontends, err = agent.ParseFrontends(out, func(service string) bool { return l.options.Name == "" || service == one })
		return err
	})
	if err != nil {
		table.Error, table.Forbidden = plain(err), apierrors.IsForbidden(err)
	}
	return table
}
