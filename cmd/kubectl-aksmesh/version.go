package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/chart"
	"github.com/aksmesh/kubectl-aksmesh/internal/version"
	"github.com/aksmesh/kubectl-aksmesh/pkg/diagnose"
)

// versionReport is what version shows.
type versionReport struct {
	version.Info
	Cilium    string             `json:"cilium"`       // version that new clusters get
	BuiltIn   bool               `json:"chartBuiltIn"` // whether its chart is part of the binary
	Supported []diagnose.Support `json:"supported"`
}

func newVersion(a *app) *cobra.Command {
	var output string
	command := &cobra.Command{
		Use:   "version",
		Short: "Show the version of this plugin, and which Cilium and Kubernetes it is for",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if !slices.Contains([]string{"", outputJSON, outputYAML}, output) {
				return fmt.Errorf("--output %q is not one of json, yaml", output)
			}
			_, builtIn := chart.BuiltInVersion()
			report := versionReport{version.Get(), chart.DefaultVersion, builtIn, diagnose.Supported()}
			if output != "" {
				return printDocument(a.streams.Out, output, report)
			}
			return report.write(a.streams.Out)
		},
	}
	command.Flags().StringVarP(&output, "output", "o", "", "json or yaml")
	return command
}

func (r *versionReport) write(w io.Writer) error {
	chart := "its chart built in"
	if !r.BuiltIn {
		chart = "its chart pulled from the registry"
	}
	_, err := fmt.Fprintf(w, "kubectl-aksmesh %s (%s/%s, %s)\ncommit          %s\ndate            %s\ninstalls        Cilium %s, %s\n",
		r.Version, r.OS, r.Arch, r.Go, dash(r.Commit), dash(r.Date), r.Cilium, chart)
	for i, s := range r.Supported {
		label := "supports"
		if i > 0 {
			label = ""
		}
		if err == nil {
			_, err = fmt.Fprintf(w, "%-15s Cilium %s, tested with Kubernetes %s to %s\n", label, s.Cilium, s.From, s.To)
		}
	}
	return err
}
