package release

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	apidiscovery "k8s.io/api/apidiscovery/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/applyconfigurations"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	clienttesting "k8s.io/client-go/testing"
)

// api is an API server as far as Helm's install and upgrade of the chart need
// one: real server-side apply with field managers (that of client-go's fakes),
// lists of metadata, and aggregated discovery, over HTTP.
type api struct {
	t       *testing.T
	config  *rest.Config
	tracker clienttesting.ObjectTracker

	mu       sync.Mutex
	requests []string // "VERB resource", in order
	// before sees each request; true means that it has answered.
	before func(http.ResponseWriter, *http.Request) bool
}

// kind of object that the fake knows; the chart's without further options.
type kind struct {
	group, kind, resource string
	namespaced            bool
}

func knownKinds() []kind {
	return []kind{
		{"", "Namespace", "namespaces", false},
		{"", "ServiceAccount", "serviceaccounts", true},
		{"", "Secret", "secrets", true},
		{"", "ConfigMap", "configmaps", true},
		{"", "Service", "services", true},
		{"apps", "DaemonSet", "daemonsets", true},
		{"apps", "Deployment", "deployments", true},
		{"rbac.authorization.k8s.io", "ClusterRole", "clusterroles", false},
		{"rbac.authorization.k8s.io", "ClusterRoleBinding", "clusterrolebindings", false},
		{"rbac.authorization.k8s.io", "Role", "roles", true},
		{"rbac.authorization.k8s.io", "RoleBinding", "rolebindings", true},
	}
}

func newAPI(t *testing.T) *api {
	t.Helper()
	a := &api{t: t, tracker: clienttesting.NewFieldManagedObjectTracker(
		scheme.Scheme, scheme.Codecs.UniversalDecoder(), applyconfigurations.NewTypeConverter(scheme.Scheme))}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	a.config = &rest.Config{Host: server.URL}
	return a
}

func (a *api) client() kubernetes.Interface {
	client, err := kubernetes.NewForConfig(a.config)
	if err != nil {
		a.t.Fatal(err)
	}
	return client
}

// counted returns how many requests there were of a verb; of all if empty.
func (a *api) counted(verb string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(slices.DeleteFunc(slices.Clone(a.requests), func(r string) bool { return !strings.HasPrefix(r, verb) }))
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	target, known := parsePath(r.URL.Path)
	a.mu.Lock()
	a.requests = append(a.requests, r.Method+" "+target.resource.Resource)
	before := a.before
	a.mu.Unlock()
	if before != nil && before(w, r) {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case r.URL.Path == "/version":
		reply(w, http.StatusOK, map[string]string{"major": "1", "minor": "37", "gitVersion": kubeVersion})
	case r.URL.Path == "/api" || r.URL.Path == "/apis":
		w.Header().Set("Content-Type", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")
		_ = json.NewEncoder(w).Encode(discoveryOf(r.URL.Path == "/api"))
	case !known:
		fail(w, apierrors.NewNotFound(schema.GroupResource{}, r.URL.Path))
	default:
		a.serve(w, r, target)
	}
}

type target struct {
	kind            kind
	resource        schema.GroupVersionResource
	namespace, name string
}

func (t target) gvk() schema.GroupVersionKind { return t.resource.GroupVersion().WithKind(t.kind.kind) }

func parsePath(path string) (target, bool) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	group := ""
	switch {
	case len(parts) > 2 && parts[0] == "api":
		parts = parts[2:]
	case len(parts) > 3 && parts[0] == "apis":
		group, parts = parts[1], parts[3:]
	default:
		return target{}, false
	}
	var to target
	if parts[0] == "namespaces" && len(parts) > 2 {
		to.namespace, parts = parts[1], parts[2:]
	}
	if len(parts) > 1 {
		to.name = parts[1]
	}
	at := slices.IndexFunc(knownKinds(), func(k kind) bool { return k.group == group && k.resource == parts[0] })
	if at < 0 {
		return target{}, false
	}
	to.kind = knownKinds()[at]
	to.resource = schema.GroupVersionResource{Group: group, Version: "v1", Resource: parts[0]}
	return to, true
}

func (a *api) serve(w http.ResponseWriter, r *http.Request, to target) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		a.t.Error(err)
	}
	query := r.URL.Query()
	code := http.StatusOK
	switch {
	case r.Method == http.MethodGet && to.name == "":
		a.list(w, r, to)
		return
	case r.Method == http.MethodDelete:
		err = a.tracker.Delete(to.resource, to.namespace, to.name)
	case r.Method == http.MethodPatch:
		applied := &unstructured.Unstructured{}
		if err = applied.UnmarshalJSON(body); err == nil && query.Get("dryRun") == "" {
			force := query.Get("force") == "true"
			err = a.tracker.Apply(to.resource, applied, to.namespace, metav1.PatchOptions{Force: &force, FieldManager: query.Get("fieldManager")})
		}
		if query.Get("dryRun") != "" {
			reply(w, code, applied)
			return
		}
	case r.Method == http.MethodPost || r.Method == http.MethodPut:
		to.name, err = a.write(r.Method, to, query.Get("fieldManager"), body)
	}
	if err != nil {
		fail(w, err)
		return
	}
	if r.Method == http.MethodDelete {
		reply(w, code, metav1.Status{Status: metav1.StatusSuccess})
		return
	}
	object, err := a.tracker.Get(to.resource, to.namespace, to.name)
	if err != nil {
		fail(w, err)
		return
	}
	object.GetObjectKind().SetGroupVersionKind(to.gvk())
	reply(w, code, object)
}

func (a *api) write(method string, to target, manager string, body []byte) (string, error) {
	object, _, err := scheme.Codecs.UniversalDeserializer().Decode(body, nil, nil)
	if err != nil {
		return "", err
	}
	accessor, err := meta.Accessor(object)
	if err != nil {
		return "", err
	}
	if method == http.MethodPost {
		return accessor.GetName(), a.tracker.Create(to.resource, object, to.namespace, metav1.CreateOptions{FieldManager: manager})
	}
	return accessor.GetName(), a.tracker.Update(to.resource, object, to.namespace, metav1.UpdateOptions{FieldManager: manager})
}

func (a *api) list(w http.ResponseWriter, r *http.Request, to target) {
	found, err := a.tracker.List(to.resource, to.gvk(), to.namespace)
	if err != nil {
		fail(w, err)
		return
	}
	selector, err := labels.Parse(r.URL.Query().Get("labelSelector"))
	if err != nil {
		a.t.Error(err)
	}
	objects, err := meta.ExtractList(found)
	if err != nil {
		a.t.Error(err)
	}
	onlyMetadata := strings.Contains(r.Header.Get("Accept"), "PartialObjectMetadataList")
	items := []any{}
	for _, object := range objects {
		accessor, err := meta.Accessor(object)
		if err != nil {
			a.t.Error(err)
		}
		if !selector.Matches(labels.Set(accessor.GetLabels())) {
			continue
		}
		if onlyMetadata {
			items = append(items, meta.AsPartialObjectMetadata(accessor))
			continue
		}
		items = append(items, object)
	}
	reply(w, http.StatusOK, map[string]any{"kind": to.kind.kind + "List", "apiVersion": to.resource.GroupVersion().String(), "items": items})
}

func discoveryOf(core bool) apidiscovery.APIGroupDiscoveryList {
	groups := map[string]*apidiscovery.APIGroupDiscovery{}
	var list apidiscovery.APIGroupDiscoveryList
	list.SetGroupVersionKind(apidiscovery.SchemeGroupVersion.WithKind("APIGroupDiscoveryList"))
	for _, k := range knownKinds() {
		if (k.group == "") != core {
			continue
		}
		if groups[k.group] == nil {
			groups[k.group] = &apidiscovery.APIGroupDiscovery{
				ObjectMeta: metav1.ObjectMeta{Name: k.group},
				Versions:   []apidiscovery.APIVersionDiscovery{{Version: "v1"}},
			}
		}
		scope := apidiscovery.ScopeCluster
		if k.namespaced {
			scope = apidiscovery.ScopeNamespace
		}
		version := &groups[k.group].Versions[0]
		version.Resources = append(version.Resources, apidiscovery.APIResourceDiscovery{
			Resource: k.resource, Scope: scope, Verbs: []string{"get", "list", "patch", "create", "delete"},
			ResponseKind: &metav1.GroupVersionKind{Group: k.group, Version: "v1", Kind: k.kind},
		})
	}
	for _, group := range groups {
		list.Items = append(list.Items, *group)
	}
	return list
}

func reply(w http.ResponseWriter, code int, object any) {
	w.Header().Set("Content-Type", runtime.ContentTypeJSON)
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(object)
}

func fail(w http.ResponseWriter, err error) {
	status := apierrors.NewInternalError(err).Status()
	var known apierrors.APIStatus
	if e, ok := err.(apierrors.APIStatus); ok {
		known = e
		status = known.Status()
	}
	status.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
	reply(w, int(status.Code), status)
}
