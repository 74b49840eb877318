package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/aksmesh/kubectl-aksmesh/lab"
	"github.com/aksmesh/kubectl-aksmesh/lab/shape"
)

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "aksmesh-lab",
		Short: "AKS-shaped clusters and a simulated Azure on one Linux machine",
		Long: `AKS-shaped Kubernetes clusters and a simulated Azure on one Linux machine.

All files are kept below $AKSMESH_LAB_HOME (default: kubectl-aksmesh-lab in the
user's cache folder). Nothing of the machine's own network is touched.`,
		SilenceUsage: true, SilenceErrors: true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	var source string
	root.PersistentFlags().StringVar(&source, "source", "", "folder of the lab's Go module (default: found from here upwards)")
	open := func(cmd *cobra.Command) (*lab.Lab, error) { return openLab(source, cmd.ErrOrStderr()) }
	root.AddCommand(
		newBuild(open), newUp(open), newDown(open), newReset(open), newHello(open), newStatus(open), newEnv(open),
		newExec(open), newFault(open), newAzure(open), newAudit(open), newPreflight(open),
		newDaemon(open), newNodeRun(), newNodeInit(),
	)
	return root
}

// opener gives a command its lab.
type opener func(*cobra.Command) (*lab.Lab, error)

func openLab(source string, progress io.Writer) (*lab.Lab, error) {
	home, err := shape.DefaultHome()
	if err != nil {
		return nil, err
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if source == "" {
		source = findSource(program)
	}
	start := time.Now()
	say := func(format string, args ...any) {
		fmt.Fprintf(progress, "%6.1fs  %s\n", time.Since(start).Seconds(), fmt.Sprintf(format, args...))
	}
	return &lab.Lab{Home: home, Source: source, Program: program, Say: say}, nil
}

// findSource looks for the lab's sources: as the environment says, else from
// the working folder upwards, else from the program upwards. Empty if they are
// nowhere; only building needs them.
func findSource(program string) string {
	if dir := os.Getenv("AKSMESH_LAB_SOURCE"); dir != "" {
		return dir
	}
	here, _ := os.Getwd() // without a working folder there is still the program's
	for _, dir := range []string{here, filepath.Dir(program)} {
		for ; dir != "/" && dir != ""; dir = filepath.Dir(dir) {
			for _, candidate := range []string{dir, filepath.Join(dir, "lab")} {
				if _, err := os.Stat(filepath.Join(candidate, "build", "cilium", "go.mod")); err == nil {
					return candidate
				}
			}
		}
	}
	return ""
}

// needSource says how to help when the sources were not found.
func needSource(l *lab.Lab) error {
	if l.Source == "" {
		return errors.New("cannot find the lab's sources: run this in the repository, or give --source")
	}
	return nil
}
