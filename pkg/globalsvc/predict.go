// Package globalsvc changes which services clusters share, and says who
// answers a client of one. [Predict] is pure; plans are made purely from what
// was seen and what is wished, and carried out by package plan.
package globalsvc

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Verdict says whether network policies let requests through.
type Verdict string

// Verdicts of a [Share].
const (
	Allowed   Verdict = "allowed"
	Denied    Verdict = "denied"
	Uncertain Verdict = "uncertain" // a policy asks for what cannot be told from here
)

// Share is the part of a client's requests that is sent to endpoints of one
// cluster.
type Share struct {
	Context   string `json:"context"`
	Endpoints int    `json:"endpoints"`
	// Fraction is the part of the requests, 0 to 1: all endpoints get the same.
	Fraction float64 `json:"fraction"`
	Verdict  Verdict `json:"verdict"`
	// Reason names the policy if the verdict is not Allowed.
	Reason string `json:"reason,omitempty"`
}

// Answers is who answers a client in one cluster.
type Answers struct {
	Context string  `json:"context"` // the client's cluster
	Shares  []Share `json:"shares,omitempty"`
	// Nobody says why no endpoint is asked; empty if one is.
	Nobody string `json:"nobody,omitempty"`
	// Unknown says what could not be seen, if that decides the answer.
	Unknown string `json:"unknown,omitempty"`
	// Sticky is true if each client stays with one endpoint: shares are then
	// those of many clients.
	Sticky bool     `json:"sticky,omitempty"`
	Notes  []string `json:"notes,omitempty"`

	candidates candidates
	// uncounted are clusters that may give endpoints and could not be looked at.
	uncounted map[string]bool
}

// Query is what a client asks for.
type Query struct {
	Namespace, Name string
	// Port and Protocol choose a port of the Service: the first that has both.
	// 0 means any number, and empty any protocol.
	Port     int32
	Protocol string
	// Node is that of the client's pod; empty for any. It matters if
	// internalTrafficPolicy is Local.
	Node string
	// ClientLabels are the labels of the client's pod, which is in the
	// service's namespace. Network policies may ask for them.
	ClientLabels map[string]string
}

// backend is an endpoint that a cluster's agents may send requests to.
type backend struct {
	from     *mesh.Facts
	endpoint *mesh.Endpoint
	port     mesh.EndpointPort
	active   bool
}

// candidates are the endpoints that a client's agents choose from.
type candidates struct {
	affinity      string
	local, remote []backend
	// bound is true if of the own cluster's endpoints only those on the client's
	// node are chosen from (internalTrafficPolicy Local).
	bound bool
}

// Predict says who answers a client in the cluster of context client, by the
// rules of Cilium 1.18 to 1.20: pkg/clustermesh/selectbackends.go, which picks
// endpoints by affinity, and operator/watchers/service_sync.go, which says
// what a cluster gives to others.
func Predict(s mesh.Snapshot, client string, q Query) Answers {
	return newJudge(q.ClientLabels).predict(s, client, q)
}

// predict is [Predict] for a query with the judge's clients' labels.
func (j *judge) predict(s mesh.Snapshot, client string, q Query) Answers {
	a := Answers{Context: client}
	here := facts(s, client)
	if here == nil {
		a.Unknown = "context " + client + " was not looked at"
		return a
	}
	if a.Unknown = unread(here); a.Unknown != "" {
		return a
	}
	service := j.find(here, q.Namespace, q.Name)
	if nobody := unusable(here, service, q); nobody != "" {
		a.Nobody = nobody
		return a
	}
	port, ok := choose(service, q)
	if !ok {
		a.Nobody = fmt.Sprintf("the Service has no port %s here", asked(q))
		return a
	}
	c := &a.candidates
	c.affinity, c.bound = service.Affinity(), service.InternalTrafficPolicy == "Local"
	c.local = backendsOf(here, service, service, port, false)
	if takesRemote(here, service) {
		for i := range s.Clusters {
			if other := &s.Clusters[i]; other.Context != client {
				c.remote = append(c.remote, a.given(here, service, other, j.find(other, q.Namespace, q.Name), port)...)
			}
		}
		a.unseen(s, here)
	}
	if a.hinges(q.Node) {
		a.Unknown = "who answers hinges on clusters that could not be looked at: " + strings.Join(slices.Sorted(maps.Keys(a.uncounted)), ", ")
		return a
	}
	a.note(service)
	a.judge(j, here, q)
	return a
}

// asked is the port of a query, as "53/UDP".
func asked(q Query) string {
	text := strconv.Itoa(int(q.Port))
	if q.Protocol != "" {
		text += "/" + q.Protocol
	}
	return text
}

func facts(s mesh.Snapshot, context string) *mesh.Facts {
	for i := range s.Clusters { // no copies: a cluster's facts are large
		if s.Clusters[i].Context == context {
			return &s.Clusters[i]
		}
	}
	return nil
}

// unusable says why a client of this cluster cannot even ask.
func unusable(here *mesh.Facts, service *mesh.GlobalService, q Query) string {
	if service == nil {
		if _, ok := here.Services.Namespaces[q.Namespace]; !ok {
			return "there is no namespace " + q.Namespace + " here"
		}
		return "there is no Service " + q.Name + " here, so clients have neither an address nor a name to ask"
	}
	if service.Type == "ExternalName" {
		return "the Service is of type ExternalName: it has no endpoints"
	}
	return ""
}

func choose(service *mesh.GlobalService, q Query) (mesh.ServicePort, bool) {
	i := slices.IndexFunc(service.Ports, func(p mesh.ServicePort) bool {
		return (q.Port == 0 || p.Port == q.Port) && (q.Protocol == "" || p.Protocol == q.Protocol)
	})
	if i < 0 {
		return mesh.ServicePort{}, len(service.Ports) == 0 && q.Port == 0 // a headless Service may have none
	}
	return service.Ports[i], true
}

// takesRemote says whether endpoints of other clusters are considered at all.
func takesRemote(here *mesh.Facts, service *mesh.GlobalService) bool {
	if !service.Global() {
		return false
	}
	if value, _ := service.Annotation(mesh.AnnotationAffinity); before120(here) && value != "" && service.Affinity() == mesh.AffinityNone {
		return false // the annotation "none", or one that Cilium does not know, drops them
	}
	if service.Headless {
		value, ok := service.Annotations[mesh.AnnotationSyncSlice]
		// Cilium's operator does not read the older name of the annotation here
		// (pkg/clustermesh/endpointslicesync).
		_, newer := service.Annotations[mesh.AnnotationGlobal]
		return newer && here.Config != nil && here.Config.Raw["clustermesh-enable-endpoint-sync"] == "true" && (!ok || strings.EqualFold(value, "true"))
	}
	return true
}

// before120 says whether the cluster is known to run a Cilium before 1.20.
func before120(f *mesh.Facts) bool { return slices.Contains([]string{"18", "19"}, minor(f)) }

// before119 likewise.
func before119(f *mesh.Facts) bool { return minor(f) == "18" }

// minor is the minor version of the agents' image, as "20"; empty if it is not known.
func minor(f *mesh.Facts) string {
	for i := range f.Workloads {
		if w := &f.Workloads[i]; w.Kind == "DaemonSet" && w.Name == "cilium" {
			_, tag, _ := strings.Cut(w.Image, ":v1.")
			number, _, _ := strings.Cut(tag, ".")
			return number
		}
	}
	return ""
}

// given are the endpoints that another cluster gives to this one; theirs is
// its Service of that name, nil if it has none.
func (a *Answers) given(here *mesh.Facts, service *mesh.GlobalService, other *mesh.Facts, theirs *mesh.GlobalService, port mesh.ServicePort) []backend {
	if !connected(here, other) {
		a.Notes = append(a.Notes, other.Context+" is not in the mesh of "+here.Context)
		return nil
	}
	if why := unread(other); why != "" {
		a.skip(other.Context, why+": what it gives is not counted")
		return nil
	}
	if theirs == nil || !theirs.Shared() {
		return nil
	}
	// Which Cilium the other cluster's operator has matters: it keeps them back.
	if !other.GlobalNamespace(service.Namespace) && !before120(other) {
		a.Notes = append(a.Notes, fmt.Sprintf("%s shares nothing: its namespace %s is not global", other.Context, service.Namespace))
		return nil
	}
	return backendsOf(other, theirs, service, port, true)
}

// skip notes a cluster whose endpoints may be there and are not counted.
func (a *Answers) skip(name, note string) {
	if a.uncounted == nil {
		a.uncounted = map[string]bool{}
	}
	a.uncounted[name] = true
	a.Notes = append(a.Notes, note)
}

// hinges says whether what is not counted could change who answers a client on
// the node, and not only add to them.
func (a *Answers) hinges(node string) bool {
	c := &a.candidates
	ready := slices.ContainsFunc(c.near(node), func(b backend) bool { return b.active })
	switch {
	case len(a.uncounted) == 0 || c.affinity == mesh.AffinityLocal && ready:
		return false
	case c.affinity == mesh.AffinityRemote:
		return len(c.remote) == 0
	default:
		return !ready && len(c.remote) == 0
	}
}

// unread says what of a cluster's services could not be read; empty if all was.
func unread(f *mesh.Facts) string {
	for i := range f.Problems {
		switch p := &f.Problems[i]; p.Section {
		case mesh.SectionAPI, mesh.SectionServices, mesh.SectionEndpoints, mesh.SectionNamespaces:
			return fmt.Sprintf("%s of context %s cannot be read (%s)", p.Section, f.Context, p.Kind)
		}
	}
	if f.Services == nil {
		return "the services of context " + f.Context + " could not be read"
	}
	return ""
}

// connected says whether a cluster is configured with another one. A cluster
// whose peers could not be read counts as connected.
func connected(here, other *mesh.Facts) bool {
	if other.Config == nil || other.Config.ClusterID == 0 {
		return other.Config == nil && len(other.Problems) > 0
	}
	return here.Peers == nil || slices.ContainsFunc(here.Peers, func(p mesh.Peer) bool { return p.Name == other.Config.ClusterName })
}

// unseen notes members that nobody looked at.
func (a *Answers) unseen(s mesh.Snapshot, here *mesh.Facts) {
	seen := make(map[string]bool, len(s.Clusters))
	for i := range s.Clusters {
		if config := s.Clusters[i].Config; config != nil {
			seen[config.ClusterName] = true
		}
	}
	for i := range here.Peers {
		if peer := &here.Peers[i]; !seen[peer.Name] {
			a.skip(peer.Name, "member "+peer.Name+" was not looked at: what it gives is not counted")
		}
	}
}

func (a *Answers) note(service *mesh.GlobalService) {
	if a.candidates.bound {
		note := "internalTrafficPolicy is Local: of this cluster's endpoints only those on the client's node answer"
		if a.candidates.affinity == mesh.AffinityLocal && len(a.candidates.remote) > 0 {
			note += ", and other clusters' where there is none"
		}
		a.Notes = append(a.Notes, note)
	}
	if service.SessionSeconds > 0 {
		a.Sticky = true
		a.Notes = append(a.Notes, fmt.Sprintf("sessionAffinity is ClientIP: a client stays with one endpoint for %s, so the shares are those of many clients", time.Duration(service.SessionSeconds)*time.Second))
	}
	if service.Headless {
		a.Notes = append(a.Notes, "headless: clients get these addresses from DNS and choose themselves")
	}
}

// backendsOf are the endpoints of a cluster's Service that a client's port
// leads to. An endpoint of another cluster that still serves while it
// terminates is as good as a ready one: clusters do not tell each other.
func backendsOf(from *mesh.Facts, service, asked *mesh.GlobalService, port mesh.ServicePort, remote bool) []backend {
	var found []backend
	for i := range service.Endpoints {
		e := &service.Endpoints[i]
		if e.State == mesh.NotReady || !sameFamily(asked, e) {
			continue
		}
		at := slices.IndexFunc(e.Ports, func(p mesh.EndpointPort) bool {
			return p.Protocol == port.Protocol && (port.Name == "" || p.Name == "" || p.Name == port.Name)
		})
		if at < 0 && len(asked.Ports) > 0 {
			continue
		}
		b := backend{from: from, endpoint: e, active: remote || e.State == mesh.Ready}
		if at >= 0 {
			b.port = e.Ports[at]
		}
		found = append(found, b)
	}
	return found
}

// sameFamily says whether an endpoint's IP family is one of the Service's.
func sameFamily(service *mesh.GlobalService, e *mesh.Endpoint) bool {
	address, err := netip.ParseAddr(e.Address)
	if err != nil {
		return false
	}
	if len(service.ClusterIPs) == 0 {
		return true
	}
	return slices.ContainsFunc(service.ClusterIPs, func(ip string) bool {
		own, err := netip.ParseAddr(ip)
		return err == nil && own.Is4() == address.Is4()
	})
}

// prefer picks by affinity. An affinity to this cluster looks at endpoints
// that are ready; one to the others gives way only when they have none.
func prefer(affinity string, local, remote []backend) []backend {
	switch affinity {
	case mesh.AffinityLocal:
		if len(remote) == 0 || slices.ContainsFunc(local, func(b backend) bool { return b.active }) {
			return local
		}
	case mesh.AffinityRemote:
		if len(remote) > 0 {
			return remote
		}
		return local
	}
	return slices.Concat(local, remote)
}

// near are the own cluster's candidates for a client on the node.
func (c *candidates) near(node string) []backend {
	if !c.bound || node == "" {
		return c.local
	}
	return slices.DeleteFunc(slices.Clone(c.local), func(b backend) bool { return b.endpoint.Node != "" && b.endpoint.Node != node })
}

// on are those that get the requests of a client on the node: Cilium leaves out
// endpoints on other nodes before it weighs the affinity. Endpoints that
// terminate get new requests only if there is no other.
func (c *candidates) on(node string) []backend {
	picked := prefer(c.affinity, c.near(node), c.remote)
	active := slices.DeleteFunc(slices.Clone(picked), func(b backend) bool { return !b.active })
	if len(active) == 0 {
		return picked
	}
	return active
}

// podKey is a pod behind a service.
type podKey struct {
	from *mesh.Facts
	name string
}

func (b *backend) pod() podKey { return podKey{b.from, b.endpoint.Pod} }

// four are the pods that are asked at an IPv4 address; nil if none is asked at
// one of IPv6, which is nearly always so.
func four(all []backend) map[podKey]bool {
	if !slices.ContainsFunc(all, func(b backend) bool { return b.endpoint.IPv6() }) {
		return nil
	}
	pods := map[podKey]bool{}
	for i := range all {
		if b := &all[i]; b.endpoint.Pod != "" && !b.endpoint.IPv6() {
			pods[b.pod()] = true
		}
	}
	return pods
}

// judge groups the endpoints by cluster and by what network policies say.
func (a *Answers) judge(j *judge, here *mesh.Facts, q Query) {
	type key struct {
		context string
		verdict Verdict
		reason  string
	}
	used := a.candidates.on(q.Node)
	if len(used) == 0 {
		a.Nobody = "no cluster that this one takes from has a ready endpoint"
		return
	}
	at := map[key]int{}
	inFour, total := four(used), 0
	for i := range used {
		b := &used[i]
		if b.endpoint.IPv6() && inFour[b.pod()] {
			continue // counted by its other address
		}
		total++
		verdict, reason := j.allowed(here, b, q)
		k := key{b.from.Context, verdict, reason}
		n, known := at[k]
		if !known {
			n = len(a.Shares)
			at[k] = n
			a.Shares = append(a.Shares, Share{Context: b.from.Context, Verdict: verdict, Reason: reason})
		}
		a.Shares[n].Endpoints++
	}
	for i := range a.Shares {
		a.Shares[i].Fraction = float64(a.Shares[i].Endpoints) / float64(total)
	}
	slices.SortStableFunc(a.Shares, func(x, y Share) int {
		return cmp.Or(cmp.Compare(x.Context, y.Context), cmp.Compare(x.Verdict, y.Verdict))
	})
}

// Text is who answers in one line, as "aks-1 33%, aks-2 67% denied".
func (a *Answers) Text() string {
	switch {
	case a.Unknown != "":
		return "unknown"
	case a.Nobody != "":
		return "nobody"
	}
	var parts []string
	for i := range a.Shares {
		share := &a.Shares[i]
		part := share.Context + " " + Percent(share.Fraction)
		if share.Verdict != Allowed {
			part += " " + string(share.Verdict)
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

// Percent is a part of the requests as it is predicted: digits behind the point
// would promise more.
func Percent(fraction float64) string { return fmt.Sprintf("%d%%", int(math.Round(fraction*100))) }
