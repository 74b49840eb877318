package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/pflag"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/pkg/join"
	"github.com/aksmesh/kubectl-aksmesh/pkg/meshfile"
)

// meshFileFlag is -f of commands that take the mesh as a file.
type meshFileFlag struct {
	path string
	file *meshfile.File // nil without -f
}

func (f *meshFileFlag) add(flags *pflag.FlagSet, purpose string) {
	flags.StringVarP(&f.path, "filename", "f", "", "mesh file (mesh.yaml, or - for stdin): "+purpose)
}

// load reads the file.
func (f *meshFileFlag) load(a *app) (err error) {
	if f.path != "" {
		f.file, err = meshfile.Load(f.path, a.streams.In)
	}
	return err
}

// choose has the file's clusters be meant where --context names none.
func (f *meshFileFlag) choose(a *app, ids *azureFlags) error {
	if f.file == nil {
		return nil
	}
	if len(a.clusters.contexts) == 0 {
		a.clusters.contexts = f.file.Contexts()
	}
	return f.azureIDs(a.clusters.contexts, ids)
}

// azureIDs has the file's ARM resource ids go where those of --azure-id do.
func (f *meshFileFlag) azureIDs(contexts []string, flags *azureFlags) error {
	given, err := pairs("--azure-id", flags.ids, text)
	if err != nil {
		return err
	}
	said := f.file.AzureIDs()
	for _, context := range slices.Sorted(maps.Keys(said)) {
		switch id, both := given[context]; {
		case both && id != said[context]:
			return fmt.Errorf("--azure-id %s=%s contradicts %s, where azureID is %s: change the file, or leave the flag out", context, id, f.file.Name(), said[context])
		case !both && slices.Contains(contexts, context):
			flags.ids = append(flags.ids, context+"="+said[context])
		}
	}
	return nil
}

// narrowed is the file with the named clusters alone. It refuses a cluster that
// the file does not have: the file says who is in the mesh.
func (f *meshFileFlag) narrowed(contexts []string) (*meshfile.File, error) {
	for _, context := range contexts {
		if !slices.Contains(f.file.Contexts(), context) {
			return nil, fmt.Errorf("--context names %q, which is not in %s: add it there under spec.clusters", context, f.file.Name())
		}
	}
	return f.file.Only(contexts), nil
}

// declare puts what the file says into a snapshot, to be compared with it.
func (f *meshFileFlag) declare(s *mesh.Snapshot) {
	if f.file != nil {
		s.Declared = f.file.Declared()
	}
}

// combine is what file and flags ask of join together.
func (f *meshFileFlag) combine(flags *pflag.FlagSet, contexts []string, given join.Wish) (join.Wish, error) {
	if f.file == nil {
		return given, nil
	}
	narrow, err := f.narrowed(contexts)
	if err != nil {
		return given, err
	}
	spec := &f.file.Spec
	var errs []error
	for _, on := range []struct {
		flag, field string
		said        bool
	}{
		{"skip-kube-proxy", "skipKubeProxy", spec.SkipKubeProxy}, {"hubble-relay", "hubbleRelay", spec.HubbleRelay}, {"hubble-ui", "hubbleUI", spec.HubbleUI},
	} {
		if flags.Changed(on.flag) && flags.Lookup(on.flag).Value.String() == "false" && on.said {
			errs = append(errs, fmt.Errorf("--%s=false contradicts %s, where spec.%s is true: change the file, or leave the flag out", on.flag, f.file.Name(), on.field))
		}
	}
	wish, err := narrow.Combine(given)
	return wish, errors.Join(append(errs, err)...)
}

// refused adds to what a plan refuses where it may be said, too: messages of
// plans name flags.
func (f *meshFileFlag) refused(err error) error {
	if err == nil || f.file == nil {
		return err
	}
	return errors.Join(err, fmt.Errorf("what is named by its flag above may stand in %s: change it there; kubectl aksmesh export writes what runs", f.file.Name()))
}
