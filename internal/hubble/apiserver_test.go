package hubble

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// apiServer plays an API server with Hubble relay behind it, and a kubelet
// that forwards ports by SPDY.
type apiServer struct {
	relay     string // host:port on loopback; empty for none
	name      string // of the cluster, in the relay's configuration
	ca        []byte // of the relay's certificate; nil without TLS
	mutual    bool
	unready   bool
	forbidden bool
}

func (a apiServer) cluster(t *testing.T, context string) *mesh.Cluster {
	t.Helper()
	var open sync.WaitGroup
	mux := http.NewServeMux()
	const space = "/api/v1/namespaces/kube-system/"
	if a.relay != "" {
		a.answer(t, mux, space+"services/hubble-relay", a.service())
		a.answer(t, mux, space+"pods", a.pods())
		a.answer(t, mux, space+"configmaps/hubble-relay-config", a.config())
		a.answer(t, mux, space+"secrets/cilium-ca", &corev1.Secret{Data: map[string][]byte{"ca.crt": a.ca}})
	}
	mux.HandleFunc(space+"pods/hubble-relay-0/portforward", func(w http.ResponseWriter, r *http.Request) { a.forward(w, r, &open) })
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		_ = json.NewEncoder(w).Encode(metav1.Status{Status: metav1.StatusFailure, Reason: metav1.StatusReasonNotFound, Code: http.StatusNotFound})
	})
	server := httptest.NewServer(mux)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		open.Wait() // every forwarded port has been let go
	})
	c, err := mesh.NewCluster(context, &rest.Config{Host: server.URL}, "test")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (a apiServer) answer(t *testing.T, mux *http.ServeMux, path string, object any) {
	t.Helper()
	mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
		if selector := r.URL.Query().Get("labelSelector"); strings.HasSuffix(path, "pods") && selector != "k8s-app=hubble-relay" {
			t.Errorf("pods are asked for by %q", selector)
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(object); err != nil {
			t.Error(err)
		}
	})
}

func (a apiServer) service() *corev1.Service {
	return &corev1.Service{Spec: corev1.ServiceSpec{
		Selector: map[string]string{"k8s-app": "hubble-relay"},
		Ports:    []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromString("grpc")}},
	}}
}

func (a apiServer) pods() *corev1.PodList {
	condition := corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionTrue}
	if a.unready {
		condition.Status = corev1.ConditionFalse
	}
	return &corev1.PodList{Items: []corev1.Pod{{
		ObjectMeta: metav1.ObjectMeta{Name: "hubble-relay-0"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Ports: []corev1.ContainerPort{{Name: "grpc", ContainerPort: 4245}}}}},
		Status:     corev1.PodStatus{Conditions: []corev1.PodCondition{condition}},
	}}}
}

func (a apiServer) config() *corev1.ConfigMap {
	text := "disable-server-tls: true\n"
	if a.ca != nil {
		text = "tls-relay-server-cert-file: /var/lib/hubble-relay/tls/server.crt\n"
	}
	if a.mutual {
		text += "tls-relay-client-ca-files: /var/lib/hubble-relay/tls/hubble-server-ca.crt\n"
	}
	if a.name != "" {
		text += "cluster-name: " + a.name + "\n"
	}
	return &corev1.ConfigMap{Data: map[string]string{"config.yaml": text}}
}

// forward is the kubelet's part. It knows SPDY only, so clients that try
// websockets first have to fall back.
func (a apiServer) forward(w http.ResponseWriter, r *http.Request, open *sync.WaitGroup) {
	if a.forbidden {
		http.Error(w, "forbidden", http.StatusForbidden)
		return
	}
	if _, err := httpstream.Handshake(r, w, []string{portforward.PortForwardProtocolV1Name}); err != nil {
		return // it has been answered
	}
	streams := make(chan httpstream.Stream, 2)
	conn := spdy.NewResponseUpgrader().UpgradeResponse(w, r, func(s httpstream.Stream, _ <-chan struct{}) error {
		streams <- s
		return nil
	})
	if conn == nil {
		return
	}
	problems, data := <-streams, <-streams
	if problems.Headers().Get(corev1.StreamType) != corev1.StreamTypeError || data.Headers().Get(corev1.PortHeader) != "4245" {
		conn.Close()
		return
	}
	upstream, err := net.Dial("tcp", a.relay)
	if err != nil {
		_, _ = io.WriteString(problems, "error forwarding port 4245: "+err.Error())
		problems.Close()
		data.Close()
		<-conn.CloseChan()
		return
	}
	problems.Close()
	open.Go(func() { _, _ = io.Copy(upstream, data); upstream.Close() })
	open.Go(func() { _, _ = io.Copy(data, upstream); data.Close() })
	<-conn.CloseChan()
	upstream.Close()
}
