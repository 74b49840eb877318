package apienv

import (
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Proxy is a reverse proxy before one API server that can make its calls fail.
// It ends TLS, so clients must authenticate with tokens. Watches stream and
// upgrades (exec) pass.
type Proxy struct {
	*Chaos
	URL string
	CA  []byte // PEM
}

// NewProxy starts a proxy before upstream until the test ends. Its calls are
// logged in j under the name target. tlsConfig says how to trust upstream.
func NewProxy(t testing.TB, j *Journal, target, upstream string, tlsConfig *tls.Config) *Proxy {
	t.Helper()
	to, err := url.Parse(upstream)
	if err != nil {
		t.Fatalf("proxy %s: %v", target, err)
	}
	// HTTP/1.1 only, as HTTP/2 cannot carry upgrades
	transport := &http.Transport{TLSClientConfig: tlsConfig, MaxIdleConnsPerHost: 100}
	t.Cleanup(transport.CloseIdleConnections)
	reverse := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(to) },
		Transport:     transport,
		FlushInterval: -1,
		// the client sees what it would see of a server that went away
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	chaos := &Chaos{target: target, journal: j, next: reverse, classify: kubernetesCall, refuse: kubernetesStatus}
	server := startTLS(t, chaos)
	return &Proxy{Chaos: chaos, URL: server.URL, CA: serverCA(server)}
}

// startTLS serves until the test ends. Open watches do not delay that.
func startTLS(t testing.TB, h http.Handler) *httptest.Server {
	server := httptest.NewUnstartedServer(h)
	server.EnableHTTP2 = true // as API servers do
	server.StartTLS()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server
}

// serverCA is the certificate to trust, in PEM; it signs itself.
func serverCA(s *httptest.Server) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
}

// kubernetesStatus answers with a Status object, as API servers refuse.
func kubernetesStatus(w http.ResponseWriter, status int, reason, message string) {
	body, err := json.Marshal(&metav1.Status{
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
		Status:   metav1.StatusFailure, Code: int32(status), Reason: metav1.StatusReason(reason), Message: message,
	})
	if err != nil { // a struct of strings and numbers always encodes
		panic(fmt.Sprintf("encode status: %v", err))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone, which is its own matter
}
