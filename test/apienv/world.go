package apienv

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd/api"
)

// WorldOptions says what a test sees. Zero values: all clusters with one node
// each, addresses and Azure's operations after a moment.
type WorldOptions struct {
	Clusters     int
	Nodes        int           // per cluster
	AddressDelay time.Duration // until a load balancer has its address
	ARMOperation time.Duration // how long an operation of Azure's takes
	// Workloads runs [SimulatedWorkloads] in every cluster.
	Workloads bool
	// NotAKS leaves nodes, cloud and ARM away: clusters with nothing in them.
	NotAKS bool
}

// aMoment is long enough that a client which does not wait goes wrong.
const aMoment = 200 * time.Millisecond

// World is what one test sees.
type World struct {
	Members []*Member
	// Journal has the calls of all members' proxies and of ARM, with one
	// numbering of their writes.
	Journal *Journal
	ARM     *SimulatedARM // nil if NotAKS
	// Kubeconfig is a file with the contexts aks-1, aks-2, … of administrators
	// who ask through the proxies. Contexts can be added.
	Kubeconfig string

	env        *Env
	dir        string
	kubeconfig api.Config
	// Extra are environment variables for the plugin, as NAME=VALUE.
	Extra []string
}

// Member is one cluster of a world.
type Member struct {
	*Cluster
	Site   Site
	Proxy  *Proxy
	Client kubernetes.Interface // the administrator's, not through the proxy
}

// World empties the clusters and returns a new world, which ends with the test.
// Only one can be at a time; a test that needs several has each in a subtest.
func (e *Env) World(t testing.TB, opts WorldOptions) *World {
	t.Helper()
	if !e.inUse.CompareAndSwap(false, true) {
		t.Fatal("another world has not ended yet")
	}
	t.Cleanup(func() { e.inUse.Store(false) })
	opts.Clusters = cmp.Or(opts.Clusters, len(e.Clusters))
	opts.Nodes = cmp.Or(opts.Nodes, 1)
	opts.AddressDelay = cmp.Or(opts.AddressDelay, aMoment)
	opts.ARMOperation = cmp.Or(opts.ARMOperation, aMoment)
	if opts.Clusters > len(e.Clusters) {
		t.Fatalf("%d clusters wanted, %d were started", opts.Clusters, len(e.Clusters))
	}
	w := &World{env: e, Journal: &Journal{}, dir: t.TempDir(), kubeconfig: *api.NewConfig()}
	w.Kubeconfig = filepath.Join(w.dir, "kubeconfig")
	e.Reset(t)
	if err := w.makeHome(); err != nil {
		t.Fatal(err)
	}
	if !opts.NotAKS {
		w.ARM = NewSimulatedARM(t, w.Journal, opts.ARMOperation)
	}
	for i, c := range e.Clusters[:opts.Clusters] {
		w.add(t, c, i+1, opts)
	}
	return w
}

// Reset deletes everything that tests made in any cluster.
func (e *Env) Reset(t testing.TB) {
	t.Helper()
	g, ctx := errgroup.WithContext(t.Context())
	for _, c := range e.Clusters {
		g.Go(func() error { return c.Reset(ctx) })
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
}

// add makes the cluster a member, with what is simulated of it.
func (w *World) add(t testing.TB, c *Cluster, number int, opts WorldOptions) {
	t.Helper()
	client, err := c.Client()
	if err != nil {
		t.Fatal(err)
	}
	trust, err := c.trust()
	if err != nil {
		t.Fatal(err)
	}
	m := &Member{Cluster: c, Site: newSite(c.Context, number), Client: client}
	m.Proxy = NewProxy(t, w.Journal, c.Context, c.Server, trust)
	w.Members = append(w.Members, m)
	w.AddUser(t, c.Context, m, "admin")
	if !opts.NotAKS {
		w.addAzure(t, m, opts)
	}
	if opts.Workloads {
		runUntilEnd(t, c.Context+"'s simulated workloads", NewSimulatedWorkloads(client, opts.Nodes).Run)
	}
}

// addAzure simulates what Azure has of the member.
func (w *World) addAzure(t testing.TB, m *Member, opts WorldOptions) {
	t.Helper()
	if err := SimulatedNodes(t.Context(), m.Client, m.Site, opts.Nodes); err != nil {
		t.Fatalf("%s: %v", m.Context, err)
	}
	w.ARM.Add(m.Site, m.ServiceCIDR, opts.Nodes, m.Client)
	runUntilEnd(t, m.Context+"'s simulated cloud", NewSimulatedCloud(m.Client, m.Site, opts.AddressDelay).Run)
}

// runUntilEnd runs f until the test ends, and waits for it then.
func runUntilEnd(t testing.TB, what string, f func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- f(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("%s: %v", what, err)
		}
	})
}

// makeHome makes what the plugin's process finds: a home and an `az`.
func (w *World) makeHome() error {
	for _, dir := range []string{w.home(), w.bin()} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return fmt.Errorf("make a home: %w", err)
		}
	}
	return writeAz(w.bin(), true)
}

// LogOut makes `az` say that nobody is logged in.
func (w *World) LogOut(t testing.TB) {
	t.Helper()
	if err := writeAz(w.bin(), false); err != nil {
		t.Fatal(err)
	}
}

// LogIn makes `az` hand out tokens, as it does from the start.
func (w *World) LogIn(t testing.TB) {
	t.Helper()
	if err := writeAz(w.bin(), true); err != nil {
		t.Fatal(err)
	}
}

// Member returns the cluster that a context of the first ones names.
func (w *World) Member(t testing.TB, name string) *Member {
	t.Helper()
	for _, m := range w.Members {
		if m.Context == name {
			return m
		}
	}
	t.Fatalf("no cluster %s in this world", name)
	return nil
}

func (w *World) home() string { return filepath.Join(w.dir, "home") }
func (w *World) bin() string  { return filepath.Join(w.dir, "bin") }
