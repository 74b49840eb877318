package apienv

import (
	"net/url"
	"testing"
)

func TestKubernetesVerb(t *testing.T) {
	for _, tc := range []struct {
		method, url string
		verb        string
		write       bool
	}{
		{"GET", "/api/v1/namespaces/kube-system/secrets/cilium-ca", "get", false},
		{"GET", "/api/v1/namespaces/kube-system/secrets", "list", false},
		{"GET", "/api/v1/namespaces/kube-system", "get", false},
		{"GET", "/api/v1/nodes", "list", false},
		{"GET", "/api/v1/services?watch=true", "watch", false},
		{"GET", "/apis/apps/v1/namespaces/kube-system/daemonsets?watch=1", "watch", false},
		{"GET", "/version", "get", false},
		{"GET", "/apis/apps/v1", "get", false},
		{"POST", "/api/v1/namespaces/kube-system/secrets", "create", true},
		{"POST", "/api/v1/namespaces/kube-system/secrets?dryRun=All", "create", false},
		{"POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "create", false},
		{"POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", "create", false},
		{"POST", "/api/v1/namespaces/kube-system/pods/cilium-x/exec?command=true", "create", false},
		{"POST", "/api/v1/namespaces/kube-system/pods/cilium-x/eviction", "create", true},
		{"PUT", "/api/v1/namespaces/kube-system/services/s/status", "update", true},
		{"PUT", "/api/v1/namespaces/gone/finalize", "update", true},
		{"PATCH", "/apis/apps/v1/namespaces/kube-system/daemonsets/cilium?fieldManager=m", "patch", true},
		{"DELETE", "/api/v1/namespaces/kube-system/secrets/x", "delete", true},
		{"DELETE", "/api/v1/namespaces/kube-system/secrets", "deletecollection", true},
		{"DELETE", "/api/v1/namespaces/gone", "delete", true},
	} {
		u, err := url.Parse(tc.url)
		if err != nil {
			t.Fatal(err)
		}
		if verb, write := kubernetesVerb(tc.method, u); verb != tc.verb || write != tc.write {
			t.Errorf("%s %s is %s, write %t; want %s, %t", tc.method, tc.url, verb, write, tc.verb, tc.write)
		}
	}
}
