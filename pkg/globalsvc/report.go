package globalsvc

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Row is one service in one cluster: how it stands, and who answers a client
// there, as the rules say and as the agents' load balancers have it.
type Row struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Context   string `json:"context"`
	// Present is false if the cluster has no Service of that name.
	Present  bool   `json:"present"`
	Global   bool   `json:"global"`
	Shared   bool   `json:"shared"`
	Affinity string `json:"affinity,omitempty"` // local, remote or none
	Endpoint Counts `json:"endpoints"`
	// Rules is what the rules say of the first port, with a note for each other
	// port that is answered otherwise; Tables what the agents have.
	Rules  Answers `json:"rules"`
	Tables []Held  `json:"tables,omitempty"`
	// Agree is true if every agent that was asked has what the rules say.
	Agree bool `json:"agree"`
}

// Counts are a cluster's own endpoints by state.
type Counts struct {
	Ready       int `json:"ready"`
	Terminating int `json:"terminating,omitempty"`
	NotReady    int `json:"notReady,omitempty"`
}

// Rows makes a row for every service of the snapshot and every cluster, by
// namespace and name, then in the snapshot's order. client are the labels of
// the clients' pods, see [Query].
func Rows(s mesh.Snapshot, client map[string]string) []Row {
	type name struct{ namespace, name string }
	names := map[name]bool{}
	for i := range s.Clusters {
		if services := s.Clusters[i].Services; services != nil {
			for j := range services.Items {
				names[name{services.Items[j].Namespace, services.Items[j].Name}] = true
			}
		}
	}
	ordered := slices.SortedFunc(maps.Keys(names), func(a, b name) int {
		return cmp.Or(cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.name, b.name))
	})
	j := newJudge(client)
	rows := make([]Row, 0, len(ordered)*len(s.Clusters))
	for _, n := range ordered {
		q := Query{Namespace: n.namespace, Name: n.name, ClientLabels: client}
		for i := range s.Clusters {
			rows = append(rows, j.row(s, s.Clusters[i].Context, q))
		}
	}
	return rows
}

func (j *judge) row(s mesh.Snapshot, context string, q Query) Row {
	row := Row{Namespace: q.Namespace, Name: q.Name, Context: context, Rules: j.predict(s, context, q)}
	row.Tables = Tables(s, row.Rules, q)
	if f := facts(s, context); f != nil {
		if service := j.find(f, q.Namespace, q.Name); service != nil {
			row.Present, row.Global, row.Shared, row.Affinity = true, service.Global(), service.Shared(), service.Affinity()
			row.Endpoint = Counts{service.Count(mesh.Ready), service.Count(mesh.Terminating), service.Count(mesh.NotReady)}
			for i := 1; i < len(service.Ports); i++ {
				row.further(j, s, q, service.Ports[i])
			}
		}
	}
	row.Agree = Agree(row.Tables)
	row.Rules.candidates = candidates{} // a row does not hold on to the snapshot
	return row
}

// further weighs a port behind the first: a note says where it is answered
// otherwise, and what agents have of it counts as well.
func (r *Row) further(j *judge, s mesh.Snapshot, q Query, port mesh.ServicePort) {
	q.Port, q.Protocol = port.Port, port.Protocol
	a := j.predict(s, r.Context, q)
	switch {
	case a.Unknown != "" || a.Nobody == r.Rules.Nobody && slices.Equal(a.Shares, r.Rules.Shares):
	case a.Nobody != "":
		r.Rules.Notes = append(r.Rules.Notes, fmt.Sprintf("port %s is answered by nobody: %s", portText(port), a.Nobody))
	default:
		r.Rules.Notes = append(r.Rules.Notes, fmt.Sprintf("port %s is answered otherwise: %s", portText(port), a.Text()))
	}
	for i, held := range Tables(s, a, q) {
		r.Tables[i].Differs = append(r.Tables[i].Differs, held.Differs...)
	}
}
