package apienv

import (
	"fmt"
	"net"
	"testing"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// AddContext adds a context to the world's kubeconfig, or replaces it. ca is
// PEM. A cluster and a user of the same name come with it.
func (w *World) AddContext(t testing.TB, name, server string, ca []byte, token string) {
	t.Helper()
	w.kubeconfig.Clusters[name] = &api.Cluster{Server: server, CertificateAuthorityData: ca}
	w.kubeconfig.AuthInfos[name] = &api.AuthInfo{Token: token}
	w.kubeconfig.Contexts[name] = &api.Context{Cluster: name, AuthInfo: name}
	w.writeKubeconfig(t)
}

// RemoveContext takes a context out of the world's kubeconfig.
func (w *World) RemoveContext(t testing.TB, name string) {
	t.Helper()
	delete(w.kubeconfig.Clusters, name)
	delete(w.kubeconfig.AuthInfos, name)
	delete(w.kubeconfig.Contexts, name)
	w.writeKubeconfig(t)
}

func (w *World) writeKubeconfig(t testing.TB) {
	t.Helper()
	if err := clientcmd.WriteToFile(w.kubeconfig, w.Kubeconfig); err != nil {
		t.Fatalf("write kubeconfig: %v", err)
	}
}

// AddUser adds a context to the world's kubeconfig in which a user of the
// member, known to [Start], asks through its proxy.
func (w *World) AddUser(t testing.TB, name string, m *Member, user string) {
	t.Helper()
	token, err := m.Token(user)
	if err != nil {
		t.Fatal(err)
	}
	w.AddContext(t, name, m.Proxy.URL, m.Proxy.CA, token)
}

// AddForbidden adds a context with a user who may do nothing.
func (w *World) AddForbidden(t testing.TB, name string, m *Member) {
	t.Helper()
	w.AddUser(t, name, m, Nobody)
}

// AddUnauthorized adds a context with a token that the member does not know.
func (w *World) AddUnauthorized(t testing.TB, name string, m *Member) {
	t.Helper()
	w.AddContext(t, name, m.Proxy.URL, m.Proxy.CA, "not-a-token")
}

// AddUnreachable adds a context whose server refuses connections.
func (w *World) AddUnreachable(t testing.TB, name string) {
	t.Helper()
	// a port that was free a moment ago, and that the system hands out last
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("find a port that nobody listens on: %v", err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatalf("close port: %v", err)
	}
	w.AddContext(t, name, fmt.Sprintf("https://%s", address), w.Members[0].Proxy.CA, "token")
}
