package collect

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/release"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

type pod = corev1.Pod

// pageSize bounds how much of a list is in memory at once. A page takes a
// round trip, and the API server encodes pages of this size in milliseconds.
const pageSize = 500

// pages calls read for one page after another.
func pages(o metav1.ListOptions, read func(metav1.ListOptions) (next string, err error)) error {
	o.Limit = pageSize
	for {
		next, err := read(o)
		if err != nil || next == "" {
			return err
		}
		o.Continue = next
	}
}

func (l *serviceLook) listServices(ctx context.Context) error {
	o := metav1.ListOptions{}
	if l.options.Name != "" {
		o.FieldSelector = fields.OneTermEqualSelector(metav1.ObjectNameField, l.options.Name).String()
	}
	return pages(o, func(o metav1.ListOptions) (string, error) {
		list, err := l.cluster.Client.CoreV1().Services(l.options.Namespace).List(ctx, o)
		if err != nil {
			return "", err
		}
		for i := range list.Items {
			l.facts.Services.Items = append(l.facts.Services.Items, GlobalService(&list.Items[i]))
		}
		return list.Continue, nil
	})
}

// GlobalService reduces a Service to facts, without its endpoints.
func GlobalService(s *corev1.Service) mesh.GlobalService {
	g := mesh.GlobalService{
		Namespace: s.Namespace, Name: s.Name, Type: string(s.Spec.Type), Selector: s.Spec.Selector,
		Headless:              s.Spec.ClusterIP == corev1.ClusterIPNone,
		Owner:                 release.Owner(s.Labels, s.Annotations),
		Created:               s.Labels[managedBy] == cilium.FieldManager && marked(s.ManagedFields),
		ExternalTrafficPolicy: string(s.Spec.ExternalTrafficPolicy),
		SessionSeconds:        sessionSeconds(&s.Spec),
		PublishNotReady:       s.Spec.PublishNotReadyAddresses,
	}
	if g.Created {
		g.Keepers = keepers(s.ManagedFields)
	}
	if !g.Headless {
		g.ClusterIPs = s.Spec.ClusterIPs
	}
	if s.Spec.InternalTrafficPolicy != nil {
		g.InternalTrafficPolicy = string(*s.Spec.InternalTrafficPolicy)
	}
	for _, p := range s.Spec.Ports {
		port := mesh.ServicePort{
			Name: p.Name, Protocol: string(p.Protocol), Port: p.Port, TargetPort: p.TargetPort.String(), NodePort: p.NodePort,
		}
		if p.AppProtocol != nil {
			port.AppProtocol = *p.AppProtocol
		}
		g.Ports = append(g.Ports, port)
	}
	for name, value := range s.Annotations {
		if ciliumAnnotation(name) {
			if g.Annotations == nil {
				g.Annotations = map[string]string{}
			}
			g.Annotations[name] = value
		}
	}
	if g.Annotations != nil {
		g.Managers = managers(s.ManagedFields)
	}
	return g
}

// sessionSeconds is how long a client stays with one endpoint; 0 if it does not.
func sessionSeconds(spec *corev1.ServiceSpec) int32 {
	if spec.SessionAffinity != corev1.ServiceAffinityClientIP {
		return 0
	}
	if c := spec.SessionAffinityConfig; c != nil && c.ClientIP != nil && c.ClientIP.TimeoutSeconds != nil {
		return *c.ClientIP.TimeoutSeconds
	}
	return corev1.DefaultClientIPServiceAffinitySeconds
}

// managedBy is the label by which kubectl aksmesh marks what it made itself.
const managedBy = "app.kubernetes.io/managed-by"

// marked says whether kubectl aksmesh owns that label: a copy of what it made
// has the label, too, but is somebody else's.
func marked(entries []metav1.ManagedFieldsEntry) bool {
	return slices.ContainsFunc(entries, func(e metav1.ManagedFieldsEntry) bool {
		var owned struct {
			Metadata struct {
				Labels map[string]json.RawMessage `json:"f:labels"`
			} `json:"f:metadata"`
		}
		if e.Manager != cilium.FieldManager || e.FieldsV1 == nil || json.Unmarshal(e.FieldsV1.GetRawBytes(), &owned) != nil {
			return false
		}
		_, ok := owned.Metadata.Labels["f:"+managedBy]
		return ok
	})
}

// keepers are the field managers but kubectl aksmesh that own parts of a spec.
func keepers(entries []metav1.ManagedFieldsEntry) []string {
	var all []string
	for i := range entries {
		e := &entries[i]
		var owned struct {
			Spec map[string]json.RawMessage `json:"f:spec"`
		}
		if e.Manager == cilium.FieldManager || e.FieldsV1 == nil || json.Unmarshal(e.FieldsV1.GetRawBytes(), &owned) != nil {
			continue
		}
		if len(owned.Spec) > 0 && !slices.Contains(all, e.Manager) {
			all = append(all, e.Manager)
		}
	}
	return all
}

func ciliumAnnotation(name string) bool {
	return strings.HasPrefix(name, "service.cilium.io/") || strings.HasPrefix(name, "io.cilium/")
}

// managers says who owns each of Cilium's annotations.
func managers(entries []metav1.ManagedFieldsEntry) map[string][]string {
	all := map[string][]string{}
	for i := range entries {
		if entries[i].FieldsV1 == nil {
			continue
		}
		var owned struct {
			Metadata struct {
				Annotations map[string]json.RawMessage `json:"f:annotations"`
			} `json:"f:metadata"`
		}
		if json.Unmarshal(entries[i].FieldsV1.GetRawBytes(), &owned) != nil {
			continue // of a form that later API servers may have
		}
		for key := range owned.Metadata.Annotations {
			if name := strings.TrimPrefix(key, "f:"); ciliumAnnotation(name) && !slices.Contains(all[name], entries[i].Manager) {
				all[name] = append(all[name], entries[i].Manager)
			}
		}
	}
	return all
}

func (l *serviceLook) listSlices(ctx context.Context) error {
	selector := discoveryv1.LabelServiceName
	if l.options.Name != "" {
		selector = labels.Set{discoveryv1.LabelServiceName: l.options.Name}.String()
	}
	return pages(metav1.ListOptions{LabelSelector: selector}, func(o metav1.ListOptions) (string, error) {
		list, err := l.cluster.Client.DiscoveryV1().EndpointSlices(l.options.Namespace).List(ctx, o)
		if err != nil {
			return "", err
		}
		for i := range list.Items {
			slice := &list.Items[i]
			// Cilium writes other clusters' endpoints as slices of its own, too.
			if strings.HasSuffix(slice.Labels[discoveryv1.LabelManagedBy], ".cilium.io") {
				continue
			}
			key := slice.Namespace + "/" + slice.Labels[discoveryv1.LabelServiceName]
			l.slices[key] = append(l.slices[key], endpoints(slice)...)
		}
		return list.Continue, nil
	})
}

// endpoints reduces a slice to facts.
func endpoints(slice *discoveryv1.EndpointSlice) []mesh.Endpoint {
	if slice.AddressType == discoveryv1.AddressTypeFQDN {
		return nil
	}
	var ports []mesh.EndpointPort
	for _, p := range slice.Ports {
		if p.Port == nil {
			continue
		}
		port := mesh.EndpointPort{Port: *p.Port, Protocol: string(corev1.ProtocolTCP)}
		if p.Name != nil {
			port.Name = *p.Name
		}
		if p.Protocol != nil {
			port.Protocol = string(*p.Protocol)
		}
		ports = append(ports, port)
	}
	var all []mesh.Endpoint
	for i := range slice.Endpoints {
		e := &slice.Endpoints[i]
		for _, address := range e.Addresses {
			one := mesh.Endpoint{Address: address, State: endpointState(e.Conditions), Ports: ports}
			if e.NodeName != nil {
				one.Node = *e.NodeName
			}
			if e.TargetRef != nil && e.TargetRef.Kind == "Pod" {
				one.Pod = e.TargetRef.Name
			}
			all = append(all, one)
		}
	}
	return all
}

// endpointState reads conditions as Cilium does (pkg/k8s.ParseEndpointConditionsV1):
// an absent ready counts as true, an absent serving as ready.
func endpointState(c discoveryv1.EndpointConditions) mesh.EndpointState {
	ready := c.Ready == nil || *c.Ready
	serving := ready
	if c.Serving != nil {
		serving = *c.Serving
	}
	switch {
	case ready:
		return mesh.Ready
	case serving && c.Terminating != nil && *c.Terminating:
		return mesh.Terminating
	default:
		return mesh.NotReady
	}
}
