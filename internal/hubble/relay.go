package hubble

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Names that Cilium's chart gives.
const (
	relayService = "hubble-relay"
	relayConfig  = "hubble-relay-config"
	caSecret     = "cilium-ca"
	caCert       = "ca.crt"
)

// ErrNoRelay is the cause of an error for a cluster without Hubble relay.
var ErrNoRelay = errors.New("Hubble relay is not installed") //nolint:staticcheck // a name

// relay is how a cluster's relay is reached.
type relay struct {
	pod  string
	port int32
	tls  *tls.Config // nil without
	// cluster is Cilium's name of its cluster; empty if it does not say.
	cluster string
}

// find looks for the relay's pod, its port and its kind of TLS.
func find(ctx context.Context, c *mesh.Cluster) (*relay, error) {
	service, err := c.Client.CoreV1().Services(mesh.Namespace).Get(ctx, relayService, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("%w: kubectl aksmesh join --context %s,… --hubble-relay installs it", ErrNoRelay, c.Context)
	}
	if err != nil {
		return nil, fmt.Errorf("service %s/%s: %w", mesh.Namespace, relayService, err)
	}
	pods, err := c.Client.CoreV1().Pods(mesh.Namespace).List(ctx, metav1.ListOptions{LabelSelector: labels.SelectorFromSet(service.Spec.Selector).String()})
	if err != nil {
		return nil, fmt.Errorf("pods of service %s/%s: %w", mesh.Namespace, relayService, err)
	}
	slices.SortFunc(pods.Items, func(a, b corev1.Pod) int { return cmp.Compare(a.Name, b.Name) })
	at := slices.IndexFunc(pods.Items, func(p corev1.Pod) bool { return ready(&p) })
	if at < 0 {
		return nil, fmt.Errorf("no pod of service %s/%s is ready (%d are there): kubectl --context %s -n %s describe pods -l k8s-app=hubble-relay",
			mesh.Namespace, relayService, len(pods.Items), c.Context, mesh.Namespace)
	}
	r := &relay{pod: pods.Items[at].Name}
	if r.port, err = target(service, &pods.Items[at]); err != nil {
		return nil, err
	}
	if err := r.configure(ctx, c); err != nil {
		return nil, err
	}
	return r, nil
}

func ready(p *corev1.Pod) bool {
	return p.DeletionTimestamp == nil && slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// target is the pod's port behind the service's first one.
func target(service *corev1.Service, pod *corev1.Pod) (int32, error) {
	if len(service.Spec.Ports) == 0 {
		return 0, fmt.Errorf("service %s/%s has no port", mesh.Namespace, relayService)
	}
	port := service.Spec.Ports[0]
	if port.TargetPort.Type == intstr.Int {
		return cmp.Or(port.TargetPort.IntVal, port.Port), nil
	}
	for i := range pod.Spec.Containers {
		for _, p := range pod.Spec.Containers[i].Ports {
			if p.Name == port.TargetPort.StrVal {
				return p.ContainerPort, nil
			}
		}
	}
	return 0, fmt.Errorf("pod %s/%s has no port %q, which service %s leads to", mesh.Namespace, pod.Name, port.TargetPort.StrVal, relayService)
}

// configure reads the relay's configuration: whose it is, and whether it serves
// TLS. Without a word of that, it does not: so Cilium's chart has it by default.
func (r *relay) configure(ctx context.Context, c *mesh.Cluster) error {
	config, err := c.Client.CoreV1().ConfigMaps(mesh.Namespace).Get(ctx, relayConfig, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("configmap %s/%s: %w", mesh.Namespace, relayConfig, err)
	}
	var said struct {
		Cluster  string `json:"cluster-name"`
		Cert     string `json:"tls-relay-server-cert-file"`
		ClientCA string `json:"tls-relay-client-ca-files"`
	}
	if err := yaml.Unmarshal([]byte(config.Data["config.yaml"]), &said); err != nil {
		return fmt.Errorf("configmap %s/%s: config.yaml is not YAML", mesh.Namespace, relayConfig)
	}
	r.cluster = said.Cluster
	switch {
	case said.Cert == "":
		return nil
	case said.ClientCA != "":
		return errors.New("relay wants a certificate of its clients (hubble.relay.tls.server.mtls): read its flows with the hubble CLI, or set it to false")
	}
	roots, err := trusted(ctx, c)
	if err != nil {
		return err
	}
	r.tls = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, ServerName: serverName}
	return nil
}

// trusted is the cluster's own CA, which issues the relay's certificate.
func trusted(ctx context.Context, c *mesh.Cluster) (*x509.CertPool, error) {
	secret, err := c.Client.CoreV1().Secrets(mesh.Namespace).Get(ctx, caSecret, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("secret %s/%s, which relay's certificate is checked with: %w", mesh.Namespace, caSecret, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(secret.Data[caCert]) {
		return nil, fmt.Errorf("secret %s/%s has no certificate in %s", mesh.Namespace, caSecret, caCert)
	}
	return pool, nil
}

// plain makes one line of an error.
func plain(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
