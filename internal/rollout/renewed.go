package rollout

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/agent"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/pki"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/collect"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Renewed waits until every pod of the mesh presents the certificates that the
// Secrets hold which a release's values have made of its CA. etcd and who dials
// it read theirs at each handshake (etcd's client/pkg/transport, Cilium's
// pkg/kvstore), so none has to be started anew; but what they read is what the
// kubelet has brought, up to two minutes after a Secret has changed. Connections
// that are there tell nothing: they were made by the certificates of before.
func Renewed(ctx context.Context, c *mesh.Cluster, release values.Values, others []string, say func(string)) error {
	r := renewal{cluster: c, release: release, others: others, done: map[string]bool{}}
	for interval := firstInterval; ; interval = min(interval*3/2, lastInterval) {
		old, waits := r.look(ctx)
		if waits == "" {
			return nil
		}
		say(waits)
		select {
		case <-time.After(interval):
		case <-ctx.Done():
			if old != "" {
				waits += fmt.Sprintf("; a new pod reads it: kubectl --context %s -n %s delete pod %s", c.Context, cilium.Namespace, old)
			}
			return timedOut(context.Cause(ctx), "%s", waits)
		}
	}
}

// renewal is one wait of [Renewed].
type renewal struct {
	cluster *mesh.Cluster
	release values.Values
	others  []string        // clusters, by name
	done    map[string]bool // pods that present nothing old
}

// look asks all pods that are not done, and says what is to be waited for; old
// is a pod that presents a certificate of before, if that is what it is.
func (r *renewal) look(ctx context.Context) (old, waits string) {
	wanted, peers, err := r.secrets(ctx)
	if err != nil {
		return "", err.Error()
	}
	shown, err := collect.Presented(ctx, r.cluster, peers, r.done)
	if err != nil {
		return "", err.Error()
	}
	late := map[string]*collect.Presents{}
	for i := range shown {
		if serials := wantedOf(wanted, shown[i].Secrets); len(serials) > 0 && !slices.Contains(serials, shown[i].Serial) {
			late[shown[i].Pod] = &shown[i]
		}
	}
	for i := range shown {
		r.done[shown[i].Pod] = late[shown[i].Pod] == nil
	}
	if len(late) == 0 {
		return "", ""
	}
	first := late[slices.Min(slices.Collect(maps.Keys(late)))]
	more := ""
	if n := len(late) - 1; n > 0 {
		more = fmt.Sprintf(" (and %d more)", n)
	}
	switch {
	case first.Error != "":
		return "", first.Pod + more + ": " + first.Error
	case first.Serial == "":
		return "", first.Pod + more + " shows no certificate"
	}
	return first.Pod, fmt.Sprintf("pod %s%s on node %s presents a certificate from before Secret %s changed", first.Pod, more, first.Node, sourceSecret(first.Secrets, wanted))
}

// sourceSecret is the Secret that a certificate comes from: the last that is used.
func sourceSecret(secrets []string, wanted map[string]string) string {
	used := slices.DeleteFunc(slices.Clone(secrets), func(name string) bool { return wanted[name] == "" })
	return used[len(used)-1]
}

func wantedOf(wanted map[string]string, secrets []string) []string {
	var serials []string
	for _, name := range secrets {
		if serial, ok := wanted[name]; ok {
			serials = append(serials, serial)
		}
	}
	return serials
}

// secrets reads the serial numbers of the certificates that are made of the CA,
// by Secret, and whom to ask about.
func (r *renewal) secrets(ctx context.Context) (wanted map[string]string, peers collect.Peers, err error) {
	wanted = map[string]string{}
	for _, name := range []string{cilium.ServerCertSecret, cilium.RemoteCertSecret, cilium.LocalCertSecret} {
		if !values.SignsCert(r.release, name) {
			continue
		}
		data, err := r.secret(ctx, name)
		if err != nil {
			return nil, peers, err
		}
		if len(data) == 0 {
			continue // a cluster whose etcd is elsewhere has no server's
		}
		serial, err := pki.Serial(data)
		if err != nil {
			return nil, peers, fmt.Errorf("secret %s: %w", name, err)
		}
		wanted[name] = agent.Serial(serial)
	}
	if peers.OfAgents, err = r.peer(ctx, cilium.PeersSecret); err != nil {
		return nil, peers, err
	}
	peers.OfKVStores, err = r.peer(ctx, cilium.KVStorePeerSecret)
	return wanted, peers, err
}

// peer is one of the other clusters that a Secret names, and to which no
// certificate of its own is presented; empty if there is none.
func (r *renewal) peer(ctx context.Context, secret string) (string, error) {
	data, err := r.secret(ctx, secret)
	for _, name := range r.others {
		_, known := data[name]
		if _, own := data[name+".etcd-client.crt"]; known && !own {
			return name, err
		}
	}
	return "", err
}

// secret reads what a Secret holds: nothing if there is none.
func (r *renewal) secret(ctx context.Context, name string) (map[string][]byte, error) {
	secret, err := r.cluster.Client.CoreV1().Secrets(cilium.Namespace).Get(ctx, name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return map[string][]byte{}, nil
	case err != nil:
		return nil, fmt.Errorf("secret %s could not be read: %w", name, err)
	}
	return secret.Data, nil
}
