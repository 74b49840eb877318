package main

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"os"
	"time"
)

// page is the answer to every request.
const page = `<!DOCTYPE html>
<html>
<head><title>{{.Title}}</title></head>
<body><h1>{{.Title}}</h1><p>{{.Pod}}</p></body>
</html>
`

// handler answers with a title and the name of the pod.
func handler(title, pod string) (http.Handler, error) {
	t, err := template.New("page").Parse(page)
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = t.Execute(w, map[string]string{"Title": title, "Pod": pod}) // the client has gone
	}), nil
}

// serve listens until ctx ends.
func serve(ctx context.Context, address, title string) error {
	pod, err := os.Hostname()
	if err != nil {
		return err
	}
	h, err := handler(title, pod)
	if err != nil {
		return err
	}
	server := &http.Server{Addr: address, Handler: h, ReadHeaderTimeout: 5 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
