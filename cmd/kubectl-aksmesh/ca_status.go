package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/aksmesh/kubectl-aksmesh/internal/collect"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
	"github.com/aksmesh/kubectl-aksmesh/internal/ui"
	"github.com/aksmesh/kubectl-aksmesh/pkg/rotate"
)

type caStatusOptions struct {
	app    *app
	output string
}

func newCAStatus(a *app) *cobra.Command {
	o := &caStatusOptions{app: a}
	command := &cobra.Command{
		Use:   "status --context CONTEXT …",
		Short: "Show authorities and certificates, when they expire, and what renews them",
		Long: `status shows the certificate authority of every member, whom it trusts besides,
and the certificates of the mesh and of Hubble: who signed them, when they
expire, and what renews them. It shows no private key.

Exit code 0 if all members have one authority that signed every certificate, and
none has expired; 2 if not.`,
		Example: `  kubectl aksmesh ca status --context aks-1
  kubectl aksmesh ca status --context aks-1 -o json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context()) },
	}
	command.Flags().StringVarP(&o.output, "output", "o", "", "json or yaml")
	return command
}

// caReport is the document of ca status.
type caReport struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	rotate.Status
}

func (o *caStatusOptions) run(ctx context.Context) error {
	if !slices.Contains([]string{"", outputJSON, outputYAML}, o.output) {
		return fmt.Errorf("--output %q is not one of json, yaml", o.output)
	}
	opened, err := o.app.clusters.openFor("ca status")
	if err != nil {
		return err
	}
	seen, _ := opened.look(ctx, collect.Options{Parallel: o.app.clusters.parallel, Renewals: true})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	now := time.Now()
	report := caReport{plan.APIVersion, "CAStatus", rotate.StatusOf(seen.Snapshot, now)}
	if err := o.print(&report, now); err != nil {
		return err
	}
	if len(report.Problems) > 0 {
		return codeError{exitFindings, errors.New(strings.Join(report.Problems, "; "))}
	}
	return nil
}

func (o *caStatusOptions) print(report *caReport, now time.Time) error {
	out := o.app.streams.Out
	if o.output != "" {
		return printDocument(out, o.output, report)
	}
	_, style := o.app.outStyle()
	authorities := ui.Table{Header: []string{"CONTEXT", "AUTHORITY", "KEY", "EXPIRES IN", "TRUSTS BESIDES", "NEXT"}}
	certs := ui.Table{Header: []string{"CONTEXT", "CERTIFICATE", "SUBJECT", "SIGNED BY", "ISSUER", "EXPIRES IN", "RENEWED BY"}}
	for i := range report.Clusters {
		c := &report.Clusters[i]
		authorities.Rows = append(authorities.Rows, ui.Cells(c.Context, dash(short(c.Authority)), dash(c.Algorithm),
			expiresIn(c.NotAfter, now), dash(strings.Join(shorts(c.TrustsBesides), ",")), dash(short(c.Next))))
		for i := range c.Certificates {
			cert := &c.Certificates[i]
			certs.Rows = append(certs.Rows, ui.Cells(c.Context, cert.Secret, cert.Subject, cert.SignedBy,
				dash(strings.TrimSpace(cert.Issuer+" "+short(cert.IssuerFingerprint))), expiresIn(cert.NotAfter, now), renewal(cert)))
		}
	}
	if err := authorities.Write(out, style); err != nil {
		return err
	}
	fmt.Fprintln(out)
	return certs.Write(out, style)
}

// expiresIn is how long something is still valid, as kubectl shows ages.
func expiresIn(end *time.Time, now time.Time) string {
	switch {
	case end == nil:
		return "-"
	case !end.After(now):
		return "expired"
	default:
		return duration.HumanDuration(end.Sub(now))
	}
}

// renewal is what makes a certificate anew, and the day if it is known.
func renewal(cert *rotate.Certificate) string {
	if cert.RenewedAt == nil {
		return cert.RenewedBy
	}
	return cert.RenewedBy + ", next on " + cert.RenewedAt.Format(time.DateOnly)
}

// short is the part of a fingerprint that a person compares.
func short(fingerprint string) string { return fingerprint[:min(len(fingerprint), 12)] }

func shorts(fingerprints []string) []string {
	all := make([]string, len(fingerprints))
	for i := range fingerprints {
		all[i] = short(fingerprints[i])
	}
	return all
}
