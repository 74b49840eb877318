// Package globalsvc changes which services clusters share, and says who
// answers a client of one. [Predict] is pure; plans are made purely from what
// was seen and what is wished, and carried out by package plan.
package globalsvc

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

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
	if j.takesRemote(here, service) {
		for i := range s.Clusters {
			if other := &s.Clusters[i]; other.Context != client {
				c.remote = append(c.remote, a.given(j, here, service, other, j.find(other, q.Namespace, q.Name), port)...)
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
func (j *judge) takesRemote(here *mesh.Facts, service *mesh.GlobalService) bool {
	if !service.Global() {
		return false
	}
	if value, _ := service.Annotation(mesh.AnnotationAffinity); j.before120(here) && value != "" && service.Affinity() == mesh.AffinityNone {
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

// given are the endpoints that another cluster gives to this one; theirs is
// its Service of that name, nil if it has none.
func (a *Answers) given(j *judge, here *mesh.Facts, service *mesh.GlobalService, other *mesh.Facts, theirs *mesh.GlobalService, port mesh.ServicePort) []backend {
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
	if !other.GlobalNamespace(service.Namespace) && !j.before120(other) {
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
