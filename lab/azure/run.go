package azure

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
)

// Run plays Azure until ctx ends; it returns nil then. Dir holds everything that
// clients need before the first request can be answered.
func Run(ctx context.Context, cfg Config) error {
	if err := cfg.validate(); err != nil {
		return err
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s, err := prepare(&cfg)
	if err != nil {
		return err
	}
	cert, err := certificate(cfg.Dir, cfg.Listen)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen for the simulated azure: %w", err)
	}
	group, ctx := errgroup.WithContext(ctx)
	controllers := newControllers(s, cfg.Clusters)
	group.Go(func() error { return serve(ctx, listener, cert, s) })
	group.Go(func() error { return s.runOperations(ctx, controllers.settle) })
	for _, c := range controllers {
		group.Go(func() error { return c.run(ctx) })
	}
	return group.Wait()
}

// prepare lays out the state directory and opens what is in it.
func prepare(cfg *Config) (*server, error) {
	if err := os.MkdirAll(cfg.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the simulated azure's directory: %w", err)
	}
	st, err := openStore(filepath.Join(cfg.Dir, "state.json"))
	if err != nil {
		return nil, err
	}
	if err := st.update(func(d *data) error { seed(d, cfg.Clusters); return nil }); err != nil {
		return nil, err
	}
	if err := WriteAz(cfg.Dir); err != nil {
		return nil, err
	}
	token, err := loadToken(cfg.Dir)
	if err != nil {
		return nil, err
	}
	subscription := ""
	if len(cfg.Clusters) > 0 {
		subscription = cfg.Clusters[0].SubscriptionID
	}
	return &server{store: st, token: token, log: cfg.Log}, writeAccount(cfg.Dir, subscription)
}

func serve(ctx context.Context, l net.Listener, cert tls.Certificate, s *server) error {
	srv := &http.Server{
		Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second,
		TLSConfig:   &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12},
		ErrorLog:    slog.NewLogLogger(s.log.Handler(), slog.LevelDebug), // handshakes of clients that don't trust ca.crt
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() }) // nothing is lost: state is written as it changes
	defer stop()
	if err := srv.ServeTLS(l, "", ""); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the simulated azure: %w", err)
	}
	return nil
}
