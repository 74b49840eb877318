package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"sigs.k8s.io/yaml"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/pkg/diagnose"
)

// Further values of --output, which only doctor has.
const (
	outputJUnit    = "junit"
	outputSARIF    = "sarif"
	outputMarkdown = "markdown"
)

// Values of --show.
const (
	showCIDR = "cidr"
	showMTU  = "mtu"
)

type doctorFlags struct {
	output, show string
	only, skip   []string
	ignore       string
	failOn       string
	strict       bool
	save, from   string
	compare      string
	watch        bool
	interval     time.Duration

	probe, cleanup bool
	probeImage     string
	probeNamespace string
	probeStart     time.Duration
	yes            bool

	azure azureFlags
	file  meshFileFlag
}

func (f *doctorFlags) add(flags *pflag.FlagSet) {
	flags.StringVarP(&f.output, "output", "o", "", "wide, json, yaml, junit, sarif or markdown")
	flags.StringVar(&f.show, "show", "", "a view instead of findings: cidr (whose ranges are where, and what clashes) or mtu")
	flags.StringSliceVar(&f.only, "only", nil, "codes or families to judge, as AKSM607, 607, 6 or \"data path\"")
	flags.StringSliceVar(&f.skip, "skip", nil, "codes or families to leave out")
	flags.StringVar(&f.ignore, "ignore", "", "YAML file of failures to ignore until a day: a list under \"ignore\" with code, until, reason and perhaps subject")
	flags.StringVar(&f.failOn, "fail-on", string(diagnose.Error), "error or warning: which findings make the exit code 2")
	flags.BoolVar(&f.strict, "strict", false, "exit code 3 if nothing failed, but something could not be examined")
	flags.StringVar(&f.save, "save", "", "write what was seen to a file (gzipped if it ends in .gz); it holds no secrets")
	flags.StringVar(&f.from, "from", "", "judge a file that --save wrote instead of looking at clusters")
	flags.StringVar(&f.compare, "compare", "", "say what is new and what is gone since a report (-o json) or a file of --save")
	flags.BoolVarP(&f.watch, "watch", "w", false, "go on, and print again when findings change")
	flags.DurationVar(&f.interval, "interval", 30*time.Second, "time between two looks of --watch")
	flags.BoolVar(&f.probe, "probe", false, "also measure between the named clusters, with short-lived pods")
	flags.BoolVar(&f.cleanup, "cleanup", false, "only remove pods of probes that a crash left in the named clusters")
	flags.StringVar(&f.probeImage, "probe-image", "", "image of --probe's pods (default $"+imageVariable+", else that of this version on "+defaultImage+")")
	flags.StringVar(&f.probeNamespace, "probe-namespace", mesh.Namespace, "namespace of --probe's pods; it must admit pods on the node's network")
	flags.DurationVar(&f.probeStart, "probe-start-timeout", 2*time.Minute, "bound of the time until a pod of --probe runs, the pull of its image included")
	flags.BoolVarP(&f.yes, "yes", "y", false, "make or remove pods without asking")
	f.azure.add(flags)
	f.file.add(flags, "also compare the mesh with it (AKSM206), and look at its clusters unless --context names some")
}

func (f *doctorFlags) validate() error {
	outputs := []string{"", outputWide, outputJSON, outputYAML, outputJUnit, outputSARIF, outputMarkdown}
	switch {
	case !slices.Contains(outputs, f.output):
		return fmt.Errorf("--output %q is not one of %s", f.output, strings.Join(outputs[1:], ", "))
	case !slices.Contains([]string{"", showCIDR, showMTU}, f.show):
		return fmt.Errorf("--show %q is not one of cidr, mtu", f.show)
	case f.show != "" && f.output != "":
		return fmt.Errorf("--show is for people and --output for machines: leave one out")
	case f.failOn != string(diagnose.Error) && f.failOn != string(diagnose.Warning):
		return fmt.Errorf("--fail-on %q is not one of error, warning", f.failOn)
	case f.watch && f.from != "":
		return fmt.Errorf("--watch looks again, and --from does not look at all: leave one out")
	case f.probe && (f.watch || f.from != "" || f.cleanup):
		return fmt.Errorf("--probe goes with none of --watch, --from and --cleanup")
	case f.cleanup && (f.watch || f.from != ""):
		return fmt.Errorf("--cleanup goes with neither --watch nor --from")
	case f.probeNamespace == "":
		return fmt.Errorf("--probe-namespace is empty")
	case f.probeStart < time.Second:
		return fmt.Errorf("--probe-start-timeout %s is less than a second", f.probeStart)
	case f.interval <= 0:
		return fmt.Errorf("--interval %s is not a positive time", f.interval)
	}
	return nil
}

// filter reads what is not to count.
func (f *doctorFlags) filter(now time.Time) (diagnose.Filter, error) {
	filter := diagnose.Filter{Only: f.only, Skip: f.skip, Now: now}
	if f.ignore != "" {
		text, err := os.ReadFile(f.ignore)
		if err != nil {
			return filter, fmt.Errorf("--ignore: %w", err)
		}
		var file struct {
			Ignore []diagnose.Ignored `json:"ignore"`
		}
		if err := yaml.UnmarshalStrict(text, &file); err != nil {
			return filter, fmt.Errorf("--ignore %s: %w", f.ignore, err)
		}
		filter.Ignore = file.Ignore
	}
	return filter, filter.Validate()
}
