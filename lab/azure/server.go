package azure

import (
	"context"
	"crypto/subtle"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
)

// serverName says in every answer what answers.
const serverName = "aksmesh-lab (simulated Azure)"

// server answers ARM requests out of a store.
type server struct {
	store *store
	token string
	log   *slog.Logger
	seen  journal
}

// handler is a request handler whose error becomes ARM's answer.
type handler func(w http.ResponseWriter, r *http.Request) error

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h(w, r); err != nil {
		writeError(w, err)
	}
}

// routes returns everything that is served. ARM compares paths regardless of
// case, so requests reach these patterns in lower case.
func (s *server) routes() http.Handler {
	arm := http.NewServeMux()
	arm.Handle("GET /subscriptions/{sub}", handler(s.getSubscription))
	arm.Handle("GET /subscriptions/{sub}/resourcegroups/{rg}", handler(s.getByPath))
	arm.Handle("GET /subscriptions/{sub}/providers/{ns}", handler(s.getProvider))
	arm.Handle("GET /subscriptions/{sub}/providers/microsoft.containerservice/locations/{loc}/operations/{id}", handler(s.getOperation))
	arm.Handle("GET /subscriptions/{sub}/providers/{ns}/{type}", handler(s.list))
	arm.Handle("GET /subscriptions/{sub}/resourcegroups/{rg}/providers/{ns}/{rest...}", handler(s.getResource))
	arm.Handle("GET /subscriptions/{sub}/resourcegroups/{rg}/providers/{ns}/{type}/{name}/providers/microsoft.authorization/permissions", handler(s.getPermissions))
	arm.Handle("PUT /subscriptions/{sub}/resourcegroups/{rg}/providers/{ns}/{rest...}", handler(s.putResource))
	arm.Handle("DELETE /subscriptions/{sub}/resourcegroups/{rg}/providers/{ns}/{rest...}", handler(s.deleteResource))
	arm.Handle("POST /providers/microsoft.resourcegraph/resources", handler(s.queryGraph))
	arm.Handle("/", handler(func(_ http.ResponseWriter, r *http.Request) error {
		return failf(http.StatusNotFound, "InvalidResourceType", "The simulated Azure does not serve %s %s.", r.Method, r.URL.Path)
	}))

	root := http.NewServeMux()
	s.routeSimulation(root)
	root.Handle("/", s.seen.record(s.authenticated(s.faulty(versioned(arm)))))
	return named(lowerCase(root))
}

func named(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", serverName)
		w.Header().Set("x-ms-correlation-request-id", newTag())
		next.ServeHTTP(w, r)
	})
}

// writtenPath is the context key of the path as the client wrote it: a new
// resource's id keeps that case.
type writtenPath struct{}

// lowerCase folds the path, the form that routes and the store's keys use.
func lowerCase(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		written := strings.TrimSuffix(r.URL.Path, "/")
		r = r.WithContext(context.WithValue(r.Context(), writtenPath{}, written))
		r.URL.Path = strings.ToLower(written)
		r.URL.RawPath = ""
		next.ServeHTTP(w, r)
	})
}

// authenticated lets requests through that carry the token az hands out.
func (s *server) authenticated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := r.Header.Get("Authorization")
		if subtle.ConstantTimeCompare([]byte(got), []byte("Bearer "+s.token)) == 1 {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("WWW-Authenticate", `Bearer authorization_uri="https://login.microsoftonline.com/", error="invalid_token"`)
		if got == "" {
			writeError(w, failf(http.StatusUnauthorized, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing."))
			return
		}
		writeError(w, failf(http.StatusUnauthorized, "InvalidAuthenticationToken", "The access token is invalid or has expired."))
	})
}

var apiVersion = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}(-preview)?$`)

func versioned(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch v := r.URL.Query().Get("api-version"); {
		case v == "":
			writeError(w, failf(http.StatusBadRequest, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests."))
		case !apiVersion.MatchString(v):
			writeError(w, failf(http.StatusBadRequest, "InvalidApiVersionParameter", "The api-version '%s' is invalid.", v))
		default:
			next.ServeHTTP(w, r)
		}
	})
}
