package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/aksmesh/kubectl-aksmesh/internal/collect"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/version"
	"github.com/aksmesh/kubectl-aksmesh/pkg/join"
)

// clusterFlags choose clusters and how they are reached: those of kubectl's
// common flags that have a meaning for a set of clusters.
type clusterFlags struct {
	contexts       []string
	kubeconfig     string
	as, asUID      string
	asGroups       []string
	requestTimeout time.Duration
	parallel       int
}

func (f *clusterFlags) add(flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.contexts, "context", nil, "kubeconfig context of a cluster; repeat it, or separate several by commas")
	flags.StringVar(&f.kubeconfig, "kubeconfig", "", "path of the kubeconfig (default $KUBECONFIG, else ~/.kube/config)")
	flags.StringVar(&f.as, "as", "", "user to impersonate")
	flags.StringVar(&f.asUID, "as-uid", "", "UID to impersonate")
	flags.StringArrayVar(&f.asGroups, "as-group", nil, "group to impersonate; can be repeated")
	flags.DurationVar(&f.requestTimeout, "request-timeout", 0, "bound of one request to an API server, as 30s (default none), and of a question to an agent if longer than 12s")
	flags.IntVar(&f.parallel, "parallel", 0, "how many clusters are worked on at once (default 16)")
}

// opened are the clusters of a command, and what opens more of them.
type opened struct {
	loader   *mesh.Loader
	clusters []*mesh.Cluster
	// tried are contexts that were looked at for a member; each is tried once.
	tried []string
}

// open makes handles to the named contexts; it makes no request.
func (f *clusterFlags) open() (*opened, error) {
	loader, err := mesh.NewLoader(mesh.LoaderOptions{
		Kubeconfig: f.kubeconfig, Impersonate: f.as, ImpersonateUID: f.asUID, Groups: f.asGroups,
		RequestTimeout: f.requestTimeout, UserAgent: version.UserAgent(),
	})
	if err != nil {
		return nil, err
	}
	o := &opened{loader: loader}
	var errs []error
	for i, name := range f.contexts {
		if slices.Contains(f.contexts[:i], name) {
			errs = append(errs, fmt.Errorf("context %q is named twice", name))
			continue
		}
		cluster, err := loader.Open(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		o.clusters = append(o.clusters, cluster)
	}
	return o, errors.Join(errs...)
}

// openFor is [clusterFlags.open] for a command that needs at least one cluster.
// The error for none shows how the command, as "leave", is given some.
func (f *clusterFlags) openFor(command string) (*opened, error) {
	o, err := f.open()
	if err != nil || len(o.clusters) > 0 {
		return o, err
	}
	known := o.loader.Contexts()
	if len(known) == 0 {
		return nil, errors.New("no clusters named, and the kubeconfig has no contexts: get one with az aks get-credentials")
	}
	const most = 6
	example := known[:min(len(known), most)]
	return nil, fmt.Errorf("no clusters named: say which, as in kubectl aksmesh %s --context %s", command, strings.Join(example, " --context "))
}

// look collects from the clusters, and from members that their configuration
// names and the kubeconfig has a context for. It returns the names of members
// that were added, by context.
func (o *opened) look(ctx context.Context, options collect.Options) (collect.Result, map[string]string) {
	result := collect.Collect(ctx, o.clusters, options)
	added := map[string]string{}
	for {
		more := o.members(result.Snapshot.Clusters)
		if len(more) == 0 {
			return result, added
		}
		found := collect.Collect(ctx, handles(more), options)
		for i, member := range more {
			facts := found.Snapshot.Clusters[i]
			if !collect.IsMember(&facts, member.Name) {
				continue // another cluster, whose context only looks alike
			}
			o.clusters = append(o.clusters, member.Cluster)
			added[member.Cluster.Context] = member.Name
			result.Snapshot.Clusters = append(result.Snapshot.Clusters, facts)
			if chart, ok := found.Charts[member.Cluster.Context]; ok {
				result.Charts[member.Cluster.Context] = chart
			}
		}
	}
}

// lookServices collects what decides who answers clients of services, from the
// clusters and from the other members that the kubeconfig has a context for.
func (o *opened) lookServices(ctx context.Context, options collect.ServiceOptions) mesh.Snapshot {
	var asked []collect.Member
	options.More = func(facts []mesh.Facts) []collect.Member {
		more := o.members(facts)
		asked = append(asked, more...)
		return more
	}
	seen := collect.Services(ctx, o.clusters, options)
	for _, member := range asked {
		if slices.ContainsFunc(seen.Clusters, func(f mesh.Facts) bool { return f.Context == member.Cluster.Context }) {
			o.clusters = append(o.clusters, member.Cluster)
		}
	}
	return seen
}

// members are untried contexts whose names fit members that are configured
// but were not looked at. Each is returned once.
func (o *opened) members(facts []mesh.Facts) []collect.Member {
	var found []collect.Member
	for _, name := range join.Strangers(facts) {
		context, ok := join.ContextFor(name, o.untried())
		if !ok {
			continue
		}
		if cluster, err := o.loader.Open(context); err == nil {
			o.tried = append(o.tried, context)
			found = append(found, collect.Member{Name: name, Cluster: cluster})
		}
	}
	return found
}

func (o *opened) untried() []string {
	return slices.DeleteFunc(o.loader.Contexts(), func(name string) bool {
		return slices.Contains(o.tried, name) || slices.ContainsFunc(o.clusters, func(c *mesh.Cluster) bool { return c.Context == name })
	})
}

func handles(members []collect.Member) []*mesh.Cluster {
	list := make([]*mesh.Cluster, len(members))
	for i := range members {
		list[i] = members[i].Cluster
	}
	return list
}

func (o *opened) byContext() map[string]*mesh.Cluster {
	all := make(map[string]*mesh.Cluster, len(o.clusters))
	for _, cluster := range o.clusters {
		all[cluster.Context] = cluster
	}
	return all
}
