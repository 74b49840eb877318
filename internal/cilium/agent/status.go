// Package agent reads what Cilium's agents and kvstoremesh say about the
// other clusters, and whom the cluster's configuration tells them to dial.
package agent

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// StatusCommand asks the agent, in container cilium-agent, what [ParseStatus]
// reads. The command is present in all of Cilium 1.18 to 1.20.
func StatusCommand() []string {
	return []string{"cilium-dbg", "status", "--all-clusters", "-o", "json"}
}

// KVStoreMeshCommand asks kvstoremesh, in the container of that name of
// clustermesh-apiserver, what [ParseKVStoreMesh] reads.
func KVStoreMeshCommand() []string {
	return []string{"clustermesh-apiserver", "kvstoremesh-dbg", "status", "-o", "json"}
}

// Shapes of the JSON, after api/v1/models of Cilium 1.20. The generated models
// would bring go-openapi's validation into the binary for a dozen fields.
type (
	status struct {
		Cilium *struct {
			Msg string `json:"msg"` // "1.20.1 (v1.20.1-<commit>)", at times with more behind
		} `json:"cilium"`
		ClusterMesh *struct {
			Clusters []*remote `json:"clusters"`
		} `json:"cluster-mesh"`
	}
	remote struct {
		Name      string `json:"name"`
		Connected bool   `json:"connected"`
		Ready     bool   `json:"ready"`
		Status    string `json:"status"`
		Nodes     int    `json:"num-nodes"`
		Endpoints int    `json:"num-endpoints"`
		Services  int    `json:"num-shared-services"`
		Failures  int    `json:"num-failures"`
		LastFail  string `json:"last-failure"` // RFC 3339; a zero time if there was none
		Config    *struct {
			ID int `json:"cluster-id"`
		} `json:"config"`
		Synced *synced `json:"synced"`
	}
	// synced leaves out what the release does not watch, or watches only when
	// it is switched on: a nil counts as done.
	synced struct {
		Nodes          bool  `json:"nodes"`
		Endpoints      bool  `json:"endpoints"`
		Identities     bool  `json:"identities"`
		Services       bool  `json:"services"`
		ServiceExports *bool `json:"service-exports"`
		EndpointSlices *bool `json:"endpoint-slices"`
	}
)

// ParseStatus reads an agent's answer to [StatusCommand]: its remote clusters
// by name, and its version as "1.20.1" (empty when it does not say).
func ParseStatus(data []byte) (remotes []mesh.Remote, version string, err error) {
	var s status
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, "", fmt.Errorf("agent's status is not the JSON expected: %w", err)
	}
	if s.Cilium == nil && s.ClusterMesh == nil {
		return nil, "", errors.New(`agent's status has neither "cilium" nor "cluster-mesh"`)
	}
	if s.Cilium != nil {
		version = versionIn(s.Cilium.Msg)
	}
	if s.ClusterMesh != nil {
		remotes = facts(s.ClusterMesh.Clusters)
	}
	return remotes, version, nil
}

// ParseKVStoreMesh reads kvstoremesh's answer to [KVStoreMeshCommand]: its
// remote clusters by name.
func ParseKVStoreMesh(data []byte) ([]mesh.Remote, error) {
	var clusters []*remote
	if err := json.Unmarshal(data, &clusters); err != nil {
		return nil, fmt.Errorf("kvstoremesh's status is not the JSON expected: %w", err)
	}
	return facts(clusters), nil
}

// versionIn finds the version at the start of the agent's own message. While
// the agent starts, or complains, the message is a sentence instead.
func versionIn(message string) string {
	word, _, _ := strings.Cut(message, " ")
	if word == "" || word[0] < '0' || word[0] > '9' {
		return ""
	}
	return word
}

func facts(clusters []*remote) []mesh.Remote {
	remotes := make([]mesh.Remote, 0, len(clusters))
	for _, c := range clusters {
		if c != nil {
			remotes = append(remotes, c.facts())
		}
	}
	slices.SortFunc(remotes, func(a, b mesh.Remote) int { return cmp.Compare(a.Name, b.Name) })
	return remotes
}

func (r *remote) facts() mesh.Remote {
	m := mesh.Remote{
		Name:      r.Name,
		Connected: r.Connected,
		Ready:     r.Ready,
		Synced:    r.Synced.complete(),
		Nodes:     r.Nodes,
		Endpoints: r.Endpoints,
		Services:  r.Services,
		Failures:  r.Failures,
		Status:    r.Status,
		EtcdID:    etcdID(r.Status),
	}
	if r.Config != nil {
		m.ID = r.Config.ID
	}
	// The agent prints year 1 for "never"; anything else unreadable is not
	// worth losing the rest for.
	if t, err := time.Parse(time.RFC3339, r.LastFail); err == nil && t.Year() > 1 {
		m.LastFail = t.UTC()
	}
	return m
}

// etcdID finds the etcd cluster's id, which the status of a connection ends
// with: "…, ID: 482f4aefcbca055d".
func etcdID(status string) string {
	_, id, _ := strings.Cut(status, ", ID: ")
	id, _, _ = strings.Cut(id, ",")
	return id
}

func (s *synced) complete() bool {
	if s == nil {
		return false
	}
	return s.Nodes && s.Endpoints && s.Identities && s.Services &&
		(s.ServiceExports == nil || *s.ServiceExports) &&
		(s.EndpointSlices == nil || *s.EndpointSlices)
}
