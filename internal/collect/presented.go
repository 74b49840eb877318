package collect

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/agent"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// apiServerContainer is that of clustermesh-apiserver that is always there.
const apiServerContainer = "apiserver"

// Presents is the certificate that a pod presents to who connects to it, or to
// whom it connects. Pods have it from a Secret that the kubelet brings them
// some time after it has changed.
type Presents struct {
	Pod, Node string
	// Secrets are where it may come from.
	Secrets []string
	Serial  string // as of [agent.Serial]; empty if the pod shows none
	Error   string // why the pod could not be asked
}

// Peers are the remote clusters to ask about; empty where there is none.
type Peers struct{ OfAgents, OfKVStores string }

// Presented asks pods of the mesh which certificates they present now, in
// handshakes and files, and not in Secrets: every agent, and everything in
// every clustermesh-apiserver. Pods that are done are not asked.
func Presented(ctx context.Context, cluster *mesh.Cluster, peers Peers, done map[string]bool) ([]Presents, error) {
	pods, err := listPods(ctx, cluster, agentSelector)
	if err != nil {
		return nil, err
	}
	pods = slices.DeleteFunc(pods, func(p corev1.Pod) bool { return done[p.Name] })
	answers := make([][]Presents, len(pods))
	var group errgroup.Group
	group.SetLimit(execAtOnce)
	for i := range pods {
		group.Go(func() error { answers[i] = presents(ctx, cluster, &pods[i], peers); return nil })
	}
	_ = group.Wait() // errors are part of the entries
	return slices.Concat(answers...), nil
}

// presents asks one pod.
func presents(ctx context.Context, cluster *mesh.Cluster, pod *corev1.Pod, peers Peers) []Presents {
	server := Presents{Pod: pod.Name, Node: pod.Spec.NodeName, Secrets: []string{cilium.ServerCertSecret}}
	client := Presents{Pod: pod.Name, Node: pod.Spec.NodeName, Secrets: []string{cilium.RemoteCertSecret}}
	var own, remote agent.Presented
	var err error
	read := func(out []byte) (err error) { own, remote, err = agent.ParsePresented(out); return err }
	var shown []*Presents
	switch {
	case isAgent(pod) && peers.OfAgents == "":
		return nil
	case isAgent(pod):
		client.Secrets = append(client.Secrets, cilium.LocalCertSecret) // with kvstoremesh it is this one
		shown = []*Presents{&client}
		err = ask(ctx, cluster, pod.Name, cilium.AgentContainer, agent.TroubleshootCommand(peers.OfAgents), read)
	case isKVStore(pod) && peers.OfKVStores != "":
		shown = []*Presents{&server, &client}
		err = ask(ctx, cluster, pod.Name, cilium.KVStoreContainer, agent.KVStoreOwnCommand(peers.OfKVStores), read)
	default:
		shown = []*Presents{&server}
		err = ask(ctx, cluster, pod.Name, apiServerContainer, agent.OwnEtcdCommand(), read)
	}
	server.Serial, client.Serial = own.Server, remote.Client
	all := make([]Presents, 0, len(shown))
	for _, one := range shown {
		if err != nil {
			one.Error = plain(err)
		}
		all = append(all, *one)
	}
	return all
}
