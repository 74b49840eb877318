package apienv

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"
)

// armToken is what the simulated `az` hands out and what [SimulatedARM] wants.
const armToken = "simulated-arm-token"

// SimulatedARM plays the small part of Azure Resource Manager that the plugin
// uses, over TLS: GET and PUT of managed clusters with eTag, If-Match and
// asynchronous operations, resource groups, virtual networks, and the list of
// API versions. A PUT that turns kube-proxy off deletes the DaemonSet when its
// operation ends, and one that does not makes it where it is missing. Turned
// off, the property reads `{}`, as Azure's does.
type SimulatedARM struct {
	*Chaos
	URL string
	CA  []byte // PEM

	ctx        context.Context //nolint:containedctx // ends operations that outlive their request, with the test
	duration   time.Duration   // of an operation
	operations sync.WaitGroup
	mu         sync.Mutex
	clusters   map[string]*managedCluster // by lower-case id
	running    map[string]*managedCluster // by operation id
	refusals   []*Refusal
	apart      map[string]bool // names of sites whose networks are peered with no other
	readOnly   map[string]bool // by lower-case id: clusters that the login may read alone
}

// NewSimulatedARM starts a server until the test ends. Its calls are logged in
// j under the name "arm"; operations take duration.
func NewSimulatedARM(t testing.TB, j *Journal, duration time.Duration) *SimulatedARM {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	a := &SimulatedARM{
		ctx: ctx, duration: duration,
		clusters: map[string]*managedCluster{}, running: map[string]*managedCluster{}, apart: map[string]bool{}, readOnly: map[string]bool{},
	}
	t.Cleanup(func() { cancel(); a.operations.Wait() })
	a.Chaos = &Chaos{target: "arm", journal: j, next: a.routes(), classify: armCall, refuse: armError}
	server := startTLS(t, a.Chaos)
	a.URL, a.CA = server.URL, serverCA(server)
	return a
}

// Add makes the cluster known to ARM. What its properties say changes the
// cluster behind the client.
func (a *SimulatedARM) Add(site Site, serviceCIDR string, nodes int, client kubernetes.Interface) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.clusters[strings.ToLower(site.ID())] = newManagedCluster(site, serviceCIDR, nodes, client)
}

// Edit changes a managed cluster's resource directly, as somebody else's PUT would.
func (a *SimulatedARM) Edit(site Site, change func(resource map[string]any)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	c := a.clusters[strings.ToLower(site.ID())]
	change(c.resource)
	c.touch()
}

// ReadOnly takes the right to change a managed cluster away from the login.
func (a *SimulatedARM) ReadOnly(site Site) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.readOnly[strings.ToLower(site.ID())] = true
}

// Part takes the peerings of a site's network with all others away.
func (a *SimulatedARM) Part(site Site) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.apart[site.Name] = true
}

// WaitIdle returns when all operations have ended.
func (a *SimulatedARM) WaitIdle() { a.operations.Wait() }

// armCall counts queries that are sent by POST as reads.
func armCall(r *http.Request) (verb string, write bool) {
	query := r.Method == http.MethodGet || r.Method == http.MethodHead ||
		strings.Contains(strings.ToLower(r.URL.Path), "/providers/microsoft.resourcegraph/")
	return strings.ToLower(r.Method), !query
}

func (a *SimulatedARM) routes() http.Handler {
	const group = "/subscriptions/{sub}/resourcegroups/{group}"
	const cluster = group + "/providers/microsoft.containerservice/managedclusters/{name}"
	const network = group + "/providers/microsoft.network/virtualnetworks/{name}"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+cluster, a.getCluster)
	mux.HandleFunc("PUT "+cluster, a.putCluster)
	mux.HandleFunc("GET "+cluster+"/providers/microsoft.authorization/permissions", a.getPermissions)
	mux.HandleFunc("GET /subscriptions/{sub}/providers/microsoft.containerservice/managedclusters", a.listClusters)
	mux.HandleFunc("GET /subscriptions/{sub}/providers/microsoft.containerservice", a.getVersions)
	mux.HandleFunc("GET /simulated/operations/{id}", a.getOperation)
	mux.HandleFunc("GET "+group, a.getGroup)
	mux.HandleFunc("GET "+group+"/providers/microsoft.network/virtualnetworks", a.listNetworks)
	mux.HandleFunc("GET "+network, a.getNetwork)
	mux.HandleFunc("GET "+group+"/providers/microsoft.compute/virtualmachinescalesets", listNone)
	mux.HandleFunc("GET /subscriptions/{sub}/providers/microsoft.network/virtualhubs", listNone)
	mux.HandleFunc("GET "+network+"/subnets/{subnet}", a.getSubnet)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		armError(w, http.StatusNotFound, "ResourceNotFound", "simulated ARM has nothing at "+r.URL.Path)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+armToken {
			armError(w, http.StatusUnauthorized, "InvalidAuthenticationToken", "the access token is invalid")
			return
		}
		if r.URL.Query().Get("api-version") == "" {
			armError(w, http.StatusBadRequest, "MissingApiVersionParameter", "the api-version query parameter is required")
			return
		}
		r.URL.Path = strings.ToLower(r.URL.Path) // ARM's paths are without case
		if refusal := a.refusal(r); refusal != nil {
			armError(w, refusal.Status, refusal.Code, refusal.Message)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// find returns the managed cluster that the request names, or refuses. Call locked.
func (a *SimulatedARM) find(w http.ResponseWriter, r *http.Request) *managedCluster {
	c, ok := a.clusters[r.URL.Path]
	if !ok {
		armError(w, http.StatusNotFound, "ResourceNotFound", fmt.Sprintf("managed cluster %s was not found", r.PathValue("name")))
		return nil
	}
	return c
}

// armError answers as ARM refuses.
func armError(w http.ResponseWriter, status int, code, message string) {
	armJSON(w, status, map[string]any{"error": map[string]string{"code": code, "message": message}})
}

func armJSON(w http.ResponseWriter, status int, body any) {
	data, err := json.Marshal(body)
	if err != nil { // maps, slices and strings always encode
		panic(fmt.Sprintf("encode answer: %v", err))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(data) // the client may be gone, which is its own matter
}
