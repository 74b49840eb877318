package apienv

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// kubernetesCall says which verb of Kubernetes a request is and whether it
// changes anything that is stored.
func kubernetesCall(r *http.Request) (verb string, write bool) {
	return kubernetesVerb(r.Method, r.URL)
}

func kubernetesVerb(method string, u *url.URL) (verb string, write bool) {
	path := parseResource(u.Path)
	query := u.Query()
	switch method {
	case http.MethodPost:
		verb = "create"
	case http.MethodPut:
		verb = "update"
	case http.MethodPatch:
		verb = "patch"
	case http.MethodDelete:
		verb = "delete"
		if path.name == "" {
			verb = "deletecollection"
		}
	default:
		return readVerb(path, query), false
	}
	return verb, !path.storesNothing() && query.Get("dryRun") == ""
}

func readVerb(path resourcePath, query url.Values) string {
	switch {
	case slices.Contains([]string{"true", "1"}, query.Get("watch")):
		return "watch"
	case path.resource != "" && path.name == "":
		return "list"
	}
	return "get"
}

// resourcePath is what the path of a request to a Kubernetes API names.
type resourcePath struct{ group, resource, namespace, name, sub string }

// parseResource takes paths as /api/v1/… and /apis/GROUP/VERSION/… apart; of
// all others, discovery among them, it gives nothing.
func parseResource(path string) resourcePath {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	var p resourcePath
	switch {
	case len(parts) > 2 && parts[0] == "api":
		parts = parts[2:]
	case len(parts) > 3 && parts[0] == "apis":
		p.group, parts = parts[1], parts[3:]
	default:
		return p
	}
	namespacedBelow := len(parts) > 2 && !slices.Contains([]string{"status", "finalize"}, parts[2])
	if parts[0] == "namespaces" && namespacedBelow {
		p.namespace, parts = parts[1], parts[2:]
	}
	for i, field := range []*string{&p.resource, &p.name, &p.sub} {
		if i < len(parts) {
			*field = parts[i]
		}
	}
	return p
}

// storesNothing is true for questions that are asked by POST and for
// connections to pods.
func (p resourcePath) storesNothing() bool {
	return p.group == "authorization.k8s.io" || p.group == "authentication.k8s.io" ||
		slices.Contains([]string{"exec", "attach", "portforward", "proxy", "token"}, p.sub)
}
