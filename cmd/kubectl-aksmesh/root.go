package main

import (
	"fmt"
	"io"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"github.com/aksmesh/kubectl-aksmesh/internal/ui"
)

// app is what all commands share: streams and the flags that every one has.
type app struct {
	streams   genericiooptions.IOStreams
	lookupEnv ui.LookupEnv

	color    ui.ColorMode
	progress ui.ProgressMode
	clusters clusterFlags
}

func newRoot(a *app) *cobra.Command {
	a.color, a.progress = ui.ColorAuto, ui.ProgressAuto
	root := &cobra.Command{
		Use:   "kubectl-aksmesh",
		Short: "Make existing AKS clusters one Cilium Cluster Mesh",
		Long: `kubectl aksmesh makes existing AKS clusters (bring-your-own CNI) one Cilium
Cluster Mesh: pods reach each other across clusters, services are shared.

Every change is planned and shown before it is made, and can be repeated: what
is already in place is left alone.

Exit codes: 0 all is well, 1 usage or internal error, 2 the mesh is not as it
should be, 3 something could not be examined (doctor --strict), 130 interrupted.`,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl aksmesh"},
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
		PersistentPreRun: func(*cobra.Command, []string) {
			quietLibraries(a.streams.ErrOut)
		},
	}
	root.SetIn(a.streams.In)
	root.SetOut(a.streams.Out)
	root.SetErr(a.streams.ErrOut)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fmt.Errorf("%w; see %s --help", err, c.CommandPath())
	})
	root.CompletionOptions.HiddenDefaultCmd = true
	flags := root.PersistentFlags()
	flags.Var(&a.color, "color", "colours: auto, always or never")
	flags.Var(&a.progress, "progress", "how progress is shown on stderr: auto, tty, plain, json or quiet")
	a.clusters.add(flags)
	root.AddGroup(&cobra.Group{ID: groupChange, Title: "Change the mesh:"}, &cobra.Group{ID: groupSee, Title: "See the mesh:"})
	root.AddCommand(newJoin(a), newLeave(a), newUpgrade(a), newExpose(a), newUnexpose(a), newCA(a), newDoctor(a), newServices(a), newStatus(a), newExport(a), newTry(a), newRBAC(a), newVersion(a))
	return withCompletions(root, a)
}

// IDs of the groups of commands in the help.
const (
	groupChange = "change"
	groupSee    = "see"
)

// quietLibraries keeps what libraries log to themselves off the screen:
// errors come back as errors, and are printed once.
func quietLibraries(w io.Writer) {
	klog.SetLogger(logr.Discard()) // an output of its own would not get all: errors go to stderr besides
	rest.SetDefaultWarningHandler(rest.NewWarningWriter(w, rest.WarningWriterOptions{Deduplicate: true}))
}

// terminal says what stderr can show, and in which style.
func (a *app) terminal() (ui.Terminal, ui.Style) {
	t := ui.Detect(a.streams.ErrOut, a.lookupEnv)
	return t, ui.NewStyle(t, a.color)
}

// outStyle is the style for stdout.
func (a *app) outStyle() (ui.Terminal, ui.Style) {
	t := ui.Detect(a.streams.Out, a.lookupEnv)
	return t, ui.NewStyle(t, a.color)
}
