package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/rbac"
)

type rbacOptions struct {
	app      *app
	output   string
	name     string
	manifest []string
	scope    rbacScope

	users, groups, accounts []string
}

func newRBAC(a *app) *cobra.Command {
	o := &rbacOptions{app: a}
	command := &cobra.Command{
		Use:   "rbac [COMMAND …]",
		Short: "Print the smallest Kubernetes roles with which commands work",
		Long: `rbac prints the ClusterRole and the Roles that each named command needs in every
cluster, and nothing more; with --user, --group or --serviceaccount also the
bindings. It contacts no cluster. Without a command it prints those of all
commands that only read: doctor, status, services, ca status and export.

Commands, some with a flag that needs more (quoted, so that the shell keeps them
together):

` + rbacHelp() + `
A mesh that has Hubble UI needs the rights of 'join --hubble-ui' for upgrade, ca
rotate and leave, too: name both. Values of your own by which Cilium's chart makes
more objects (an ingress controller, certificates by CronJob) need more: give what
the chart renders by --manifest, for an upgrade the old and the new.

Whoever may write DaemonSets and Secrets in kube-system can become administrator
of the cluster, so hand the roles of join, leave, upgrade and ca rotate to those
alone whom you would trust with that.`,
		Example: `  kubectl aksmesh rbac --group mesh-viewers | kubectl --context aks-1 apply -f -
  kubectl aksmesh rbac doctor --serviceaccount ops:mesh-doctor
  kubectl aksmesh rbac 'doctor --probe' 'status --flows' --user jane@example.com
  kubectl aksmesh rbac expose try -n shop --group shop-developers
  helm get manifest cilium -n kube-system | kubectl aksmesh rbac join upgrade --manifest - --user jane@example.com`,
		GroupID: groupSee,
		RunE:    func(_ *cobra.Command, args []string) error { return o.run(args) },
		ValidArgsFunction: func(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
			return slices.DeleteFunc(rbacNames(), func(name string) bool { return !strings.HasPrefix(name, word) }), cobra.ShellCompDirectiveNoFileComp
		},
	}
	flags := command.Flags()
	flags.StringVarP(&o.output, "output", "o", outputYAML, "yaml or json")
	flags.StringVarP(&o.scope.namespace, "namespace", "n", "default", "namespace of the services of expose, unexpose, services and try")
	flags.BoolVarP(&o.scope.allNamespaces, "all-namespaces", "A", false, "services: in all namespaces")
	flags.StringVar(&o.scope.probeNamespace, "probe-namespace", mesh.Namespace, "namespace of the pods of doctor --probe")
	flags.StringArrayVar(&o.users, "user", nil, "user to bind the roles to; can be repeated")
	flags.StringArrayVar(&o.groups, "group", nil, "group to bind the roles to, in AKS with Microsoft Entra its object id; can be repeated")
	flags.StringArrayVar(&o.accounts, "serviceaccount", nil, "NAMESPACE:NAME of a service account to bind the roles to; can be repeated")
	flags.StringVar(&o.name, "name", "", "name of all objects (default aksmesh- and the commands)")
	flags.StringArrayVar(&o.manifest, "manifest", nil, "file (- for standard input) with the objects of Cilium's release, for those of your own values; can be repeated")
	return command
}

func (o *rbacOptions) run(args []string) error {
	chosen, err := rbacChosen(args)
	if err != nil {
		return err
	}
	o.scope.allNamespaces = o.scope.allNamespaces || len(args) == 0
	if err := o.complete(chosen, len(args) == 0); err != nil {
		return err
	}
	subjects, err := o.subjects()
	if err != nil {
		return err
	}
	var rights []mesh.Right
	for _, c := range chosen {
		rights = rbac.Join(rights, c.rights(o.scope))
	}
	leaves := slices.ContainsFunc(chosen, func(c rbacCommand) bool { return c.name == "leave" })
	for _, path := range o.manifest {
		more, err := o.read(path, leaves)
		if err != nil {
			return err
		}
		rights = rbac.Join(rights, more)
	}
	return o.print(rbac.Objects(o.name, rights, subjects))
}

// complete checks the flags, and names the objects after the commands.
func (o *rbacOptions) complete(chosen []rbacCommand, byDefault bool) error {
	if o.name == "" {
		o.name = "aksmesh-read"
		if !byDefault {
			words := []string{"aksmesh"}
			for _, c := range chosen {
				words = append(words, strings.FieldsFunc(c.name, func(r rune) bool { return r == ' ' || r == '-' })...)
			}
			o.name = strings.Join(words, "-")
		}
	}
	helm := slices.ContainsFunc(chosen, func(c rbacCommand) bool { return c.helm })
	switch {
	case !slices.Contains([]string{outputYAML, outputJSON}, o.output):
		return fmt.Errorf("--output %q is not one of yaml, json", o.output)
	case len(validation.IsDNS1123Subdomain(o.name)) > 0:
		return fmt.Errorf("--name %q is no name of an object: %s", o.name, validation.IsDNS1123Subdomain(o.name)[0])
	case len(o.manifest) > 0 && !helm:
		return errors.New("--manifest is for commands that make a Helm revision: name join, leave, upgrade or ca rotate")
	}
	for flag, namespace := range map[string]string{"namespace": o.scope.namespace, "probe-namespace": o.scope.probeNamespace} {
		if wrong := validation.IsDNS1123Label(namespace); len(wrong) > 0 {
			return fmt.Errorf("--%s %q is no name of a namespace: %s", flag, namespace, wrong[0])
		}
	}
	return nil
}

func (o *rbacOptions) subjects() ([]rbacv1.Subject, error) {
	var all []rbacv1.Subject
	for _, name := range o.users {
		all = append(all, rbacv1.Subject{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: name})
	}
	for _, name := range o.groups {
		all = append(all, rbacv1.Subject{Kind: rbacv1.GroupKind, APIGroup: rbacv1.GroupName, Name: name})
	}
	for _, account := range o.accounts {
		namespace, name, ok := strings.Cut(account, ":")
		if !ok || namespace == "" || name == "" {
			return nil, fmt.Errorf("--serviceaccount %q is not of the form NAMESPACE:NAME", account)
		}
		all = append(all, rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: name})
	}
	if slices.ContainsFunc(all, func(s rbacv1.Subject) bool { return s.Name == "" }) {
		return nil, errors.New("--user and --group need a name")
	}
	return all, nil
}

// read takes the rights for what a file, or standard input, has Helm make, and
// leave delete.
func (o *rbacOptions) read(path string, leaves bool) (rights []mesh.Right, err error) {
	if path == "-" {
		rights, err = rbac.Manifest(o.app.streams.In, leaves)
	} else {
		file, openErr := os.Open(path)
		if openErr != nil {
			return nil, fmt.Errorf("--manifest: %w", openErr)
		}
		defer file.Close()
		rights, err = rbac.Manifest(file, leaves)
	}
	if err != nil {
		return nil, fmt.Errorf("--manifest %s: %w; give what helm template or helm get manifest prints", path, err)
	}
	return rights, nil
}

// print writes documents of YAML, or one list of JSON, as kubectl apply takes them.
func (o *rbacOptions) print(objects []runtime.Object) error {
	if o.output == outputJSON {
		list := metav1.List{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "List"}}
		for _, object := range objects {
			raw, err := json.Marshal(object)
			if err != nil {
				return err
			}
			list.Items = append(list.Items, runtime.RawExtension{Raw: raw})
		}
		return printDocument(o.app.streams.Out, outputJSON, list)
	}
	for i, object := range objects {
		text, err := yaml.Marshal(object)
		if err == nil && i > 0 {
			_, err = io.WriteString(o.app.streams.Out, "---\n")
		}
		if err == nil {
			_, err = o.app.streams.Out.Write(text)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
