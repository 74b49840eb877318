package azure

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// armError is an error as ARM answers it.
type armError struct {
	Status  int    `json:"-"` // HTTP
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (e *armError) Error() string { return fmt.Sprintf("%d %s: %s", e.Status, e.Code, e.Message) }

func failf(status int, code, format string, args ...any) *armError {
	return &armError{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

func notFound(id string) *armError {
	return failf(http.StatusNotFound, "ResourceNotFound", "The resource '%s' does not exist in the simulated Azure.", id)
}

// writeError answers with ARM's envelope around err.
func writeError(w http.ResponseWriter, err error) {
	var arm *armError
	if !errors.As(err, &arm) {
		arm = failf(http.StatusInternalServerError, "InternalServerError", "%v", err)
	}
	writeJSON(w, arm.Status, map[string]any{"error": arm})
}

// writeJSON answers with v. The header is out when an encoding or connection
// error can happen, so there is nobody left to tell.
func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
