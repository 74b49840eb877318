package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestReach(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/there" {
			w.WriteHeader(http.StatusForbidden)
		}
	}))
	if err := reach(t.Context(), server.URL+"/there"); err != nil {
		t.Error(err)
	}
	if err := reach(t.Context(), server.URL+"/other"); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("a refusal: %v", err)
	}
	server.Close()
	if err := reach(t.Context(), server.URL); err == nil {
		t.Error("nobody listens, and it is reached")
	}
}
