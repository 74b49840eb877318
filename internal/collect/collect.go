// Package collect takes the snapshot: it asks every cluster, and Azure about
// it, in parallel and with as few requests as it can. It never judges.
package collect

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	chart "helm.sh/helm/v4/pkg/chart/v2"

	"github.com/aksmesh/kubectl-aksmesh/internal/azure"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Options say what to look at.
type Options struct {
	// Parallel is how many clusters are asked at once; zero means 16.
	Parallel int
	// Rights are asked for with the user's own identity; those that are
	// missing end in [mesh.Facts.Rights].
	Rights []mesh.Right
	// Agents has every Cilium agent and kvstoremesh asked about its remotes
	// (one exec for each).
	Agents bool
	// Health has Agents' pods asked for [mesh.AgentTier] as well: a few execs
	// for each, of which one dials the health port of some other nodes.
	Health bool
	// Renewals has cert-manager's Certificates read, where they are the source
	// of certificates and may be read.
	Renewals bool
	// Azure is asked about each cluster that is AKS; nil leaves Azure out.
	Azure *azure.Client
	// AzureNetwork has Azure asked about the network between clusters, too:
	// peerings, security groups and routes.
	AzureNetwork bool
	// AzureRights has Azure asked whether the login may change the clusters in
	// which kube-proxy runs.
	AzureRights bool
	// AzureIDs are ARM resource ids by context, for clusters that Azure
	// cannot be asked to find.
	AzureIDs map[string]string
}

// Result is the snapshot and what stays beside it because it is not plain data.
type Result struct {
	Snapshot mesh.Snapshot
	// Charts are the charts stored in the Helm releases, by context.
	Charts map[string]*chart.Chart
}

// Collect asks all clusters. It always returns a snapshot: what could not be
// read is in the snapshot's problems.
func Collect(ctx context.Context, clusters []*mesh.Cluster, o Options) Result {
	result := Result{
		Snapshot: mesh.Snapshot{APIVersion: mesh.SnapshotVersion, Taken: time.Now().UTC(), Clusters: make([]mesh.Facts, len(clusters))},
		Charts:   map[string]*chart.Chart{},
	}
	looks := make([]*look, len(clusters))
	networks := o.networks()
	for i, cluster := range clusters {
		looks[i] = &look{cluster: cluster, options: o, networks: networks, facts: mesh.Facts{Context: cluster.Context}}
	}
	each(ctx, clusters, o.Parallel,
		func(i int) { looks[i].contact(ctx) },
		func(i int) { looks[i].rest(ctx) })
	if o.Health {
		directions(ctx, looks)
	}
	for i, l := range looks {
		result.Snapshot.Clusters[i] = l.facts
		if l.chart != nil {
			result.Charts[l.cluster.Context] = l.chart
		}
	}
	return result
}

// each looks at all clusters side by side, at each by the first request and
// then the rest. First requests that may ask the user to log in are made one
// after another: two prompts at once would clash.
func each(ctx context.Context, clusters []*mesh.Cluster, atOnce int, first, rest func(i int)) {
	var group errgroup.Group
	group.SetLimit(parallel(atOnce))
	for i, cluster := range clusters {
		if mayPrompt(cluster.Config) && ctx.Err() == nil {
			first(i)
			group.Go(func() error { rest(i); return nil })
			continue
		}
		group.Go(func() error { first(i); rest(i); return nil })
	}
	_ = group.Wait() // the functions return no error: problems are part of the facts
}

func parallel(wanted int) int {
	const usual = 16
	if wanted > 0 {
		return wanted
	}
	return usual
}

// look is the work of looking at one cluster.
type look struct {
	cluster *mesh.Cluster
	options Options
	facts   mesh.Facts
	chart   *chart.Chart
	// networks is shared by all clusters of a look; nil leaves them out.
	networks *azure.Networks

	mu      sync.Mutex // guards facts.Problems while sections are read in parallel
	objects objects
}

func (l *look) problem(section string, err error) {
	if err == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.facts.Problems = append(l.facts.Problems, mesh.Problem{Section: section, Kind: kindOf(err), Message: plain(err)})
}

// together runs sections in parallel and keeps their errors as problems.
func (l *look) together(ctx context.Context, sections ...section) {
	var group errgroup.Group
	for _, s := range sections {
		group.Go(func() error { l.problem(s.name, s.read(ctx)); return nil })
	}
	_ = group.Wait() // as above
}

type section struct {
	name string
	read func(context.Context) error
}

// contact makes the first request; without an answer only Azure is asked: it may
// know why there is none. Who may not see the version may see all the rest.
func (l *look) contact(ctx context.Context) {
	err := l.version(ctx)
	section := mesh.SectionAPI
	if l.facts.Kubernetes != nil {
		section = mesh.SectionVersion
	}
	l.problem(section, err)
}

func (l *look) rest(ctx context.Context) {
	if l.facts.Kubernetes == nil {
		if len(l.facts.Problems) > 0 && l.facts.Problems[0].Kind == mesh.Unreachable {
			l.problem(mesh.SectionAzure, l.azure(ctx))
		}
		return
	}
	l.together(ctx,
		section{mesh.SectionIdentity, l.identity},
		section{mesh.SectionAPIService, l.apiService},
		section{mesh.SectionServiceCIDRs, l.serviceCIDRs},
		section{mesh.SectionNodes, l.nodes},
		section{mesh.SectionRights, l.rights},
		section{mesh.SectionSecrets, l.listSecrets},
		section{mesh.SectionConfig, l.listConfigMaps},
		section{mesh.SectionWorkloads, l.listDaemonSets},
		section{mesh.SectionWorkloads, l.listDeployments},
		section{mesh.SectionService, l.meshService},
	)
	l.read()
	if l.options.Renewals {
		l.renewals(ctx)
	}
	sections := []section{{mesh.SectionAzure, l.azure}}
	if l.facts.Config != nil {
		sections = append(sections,
			section{mesh.SectionCiliumNode, l.ciliumNodes},
			section{mesh.SectionLBPools, l.loadBalancerPools})
		if l.options.Agents {
			sections = append(sections, section{mesh.SectionAgents, l.agents})
		}
	}
	l.together(ctx, sections...)
}
