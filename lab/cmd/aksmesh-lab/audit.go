package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/aksmesh/kubectl-aksmesh/lab/cluster"
	"github.com/aksmesh/kubectl-aksmesh/lab/shape"
)

func newAudit(open opener) *cobra.Command {
	var since string
	var asJSON bool
	var filter cluster.AuditFilter
	cmd := &cobra.Command{
		Use:     "audit CLUSTER",
		Short:   "Count the requests that an API server got, and list the writes",
		Example: "  aksmesh-lab audit aks-1 --user admin-aks-1 --since 2026-01-01T12:00:00Z",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := open(cmd)
			if err != nil {
				return err
			}
			c, err := shape.ParseCluster(args[0])
			if err != nil {
				return err
			}
			if since != "" {
				if filter.Since, err = time.Parse(time.RFC3339Nano, since); err != nil {
					return fmt.Errorf("--since: give a time as %s: %w", time.RFC3339, err)
				}
			}
			report, err := audit(cluster.AuditLog(l.Home.Cluster(c)), filter)
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(report)
			}
			return printAudit(cmd.OutOrStdout(), report)
		},
	}
	cmd.Flags().StringVar(&since, "since", "", "only requests from this time on (RFC 3339)")
	cmd.Flags().StringVar(&filter.User, "user", "", "only requests by this user")
	cmd.Flags().StringVar(&filter.UserAgent, "user-agent", "", "only requests by programs whose user agent begins so")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func audit(file string, filter cluster.AuditFilter) (*cluster.AuditReport, error) {
	log, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("no audit log, is the cluster up? %w", err)
	}
	defer log.Close()
	return cluster.Audit(log, filter)
}

func printAudit(out io.Writer, report *cluster.AuditReport) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	all := 0
	for _, verb := range slices.Sorted(maps.Keys(report.Verbs)) {
		fmt.Fprintf(table, "%s\t%d\n", verb, report.Verbs[verb])
		all += report.Verbs[verb]
	}
	fmt.Fprintf(table, "all\t%d\n", all)
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%d writes\n", len(report.Writes))
	for i := range report.Writes {
		w := &report.Writes[i]
		dry := ""
		if w.DryRun {
			dry = " (dry run)"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d%s\t%s\n", w.Time.Format(time.RFC3339), w.User, w.Verb, w.Object, w.Code, dry, w.Agent)
	}
	return table.Flush()
}
