package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/rbac"
	"github.com/aksmesh/kubectl-aksmesh/pkg/join"
	"github.com/aksmesh/kubectl-aksmesh/pkg/leave"
)

// rbacScope is where commands work that are bound to namespaces.
type rbacScope struct {
	namespace      string
	allNamespaces  bool
	probeNamespace string
}

// services is the namespace of the command services; empty means all.
func (s rbacScope) services() string {
	if s.allNamespaces {
		return ""
	}
	return s.namespace
}

// rbacCommand is a command, or one with a flag that needs more rights.
type rbacCommand struct {
	name   string
	what   string
	reads  bool // printed if no command is named
	helm   bool // it makes a revision of Cilium's release
	rights func(rbacScope) []mesh.Right
}

// always is for commands that work in no namespace of the user's choice.
func always(lists ...[]mesh.Right) func(rbacScope) []mesh.Right {
	return func(rbacScope) []mesh.Right { return rbac.Join(lists...) }
}

func rbacCommands() []rbacCommand {
	examine := rbac.Join(rbac.Look(), rbac.Agents(), rbac.Services(""))
	return []rbacCommand{
		{name: "join", what: "and upgrade, ca rotate: the same rights", helm: true, rights: always(join.Rights())},
		{name: "join --hubble-ui", what: "also makes Hubble UI", helm: true, rights: always(join.Rights(), rbac.HubbleUI())},
		{name: "upgrade", helm: true, rights: always(join.Rights())},
		{name: "ca rotate", helm: true, rights: always(join.Rights())},
		{name: "leave", what: "those, and to delete what a mesh is made of", helm: true, rights: always(leave.Rights())},
		{name: "expose", what: "in the namespace of -n", rights: func(s rbacScope) []mesh.Right {
			return rbac.Join(rbac.Services(s.namespace), rbac.Agents(), rbac.Expose(s.namespace))
		}},
		{name: "expose --create", what: "also makes the service; the namespace must be there", rights: func(s rbacScope) []mesh.Right {
			return rbac.Join(rbac.Services(s.namespace), rbac.Agents(), rbac.Expose(s.namespace), rbac.MakeServices(s.namespace))
		}},
		{name: "unexpose", what: "also deletes services that expose made", rights: func(s rbacScope) []mesh.Right {
			return rbac.Join(rbac.Services(s.namespace), rbac.Agents(), rbac.Unexpose(s.namespace))
		}},
		{name: "try", what: "short-lived pods in the namespace of -n", rights: func(s rbacScope) []mesh.Right {
			return rbac.Join(rbac.Services(s.namespace), rbac.Agents(), rbac.Probe(s.namespace))
		}},
		{name: "services", what: "in the namespace of -n, or with -A in all", reads: true, rights: func(s rbacScope) []mesh.Right {
			return rbac.Join(rbac.Services(s.services()), rbac.Agents())
		}},
		{name: "services --watch", rights: func(s rbacScope) []mesh.Right {
			return rbac.Join(rbac.Services(s.services()), rbac.Agents(), rbac.WatchServices(s.services()))
		}},
		{name: "status", reads: true, rights: always(rbac.Look(), rbac.Agents())},
		{name: "status --output html", what: "or another picture", rights: always(examine)},
		{name: "status --flows", what: "port-forwards to Hubble relay", rights: always(examine, rbac.Flows())},
		{name: "doctor", reads: true, rights: always(examine)},
		{name: "doctor --probe", what: "short-lived pods in the namespace of --probe-namespace", rights: func(s rbacScope) []mesh.Right {
			return rbac.Join(examine, rbac.ProbeMesh(s.probeNamespace))
		}},
		{name: "ca status", reads: true, rights: always(rbac.Look())},
		{name: "export", reads: true, rights: always(rbac.Look())},
	}
}

func rbacNames() []string {
	var names []string
	for _, c := range rbacCommands() {
		names = append(names, c.name)
	}
	return names
}

func rbacHelp() string {
	var b strings.Builder
	for _, c := range rbacCommands() {
		fmt.Fprintln(&b, strings.TrimRight(fmt.Sprintf("  %-22s%s", c.name, c.what), " "))
	}
	return b.String()
}

// rbacChosen are the commands that are named, in words as one types them; of
// none, those that only read.
func rbacChosen(args []string) ([]rbacCommand, error) {
	all := rbacCommands()
	if len(args) == 0 {
		return slices.DeleteFunc(all, func(c rbacCommand) bool { return !c.reads }), nil
	}
	var chosen []rbacCommand
	words := strings.Fields(strings.Join(args, " "))
	for len(words) > 0 {
		best := -1
		for i := range all {
			name := strings.Fields(all[i].name)
			longer := best < 0 || len(name) > len(strings.Fields(all[best].name))
			if longer && len(name) <= len(words) && slices.Equal(name, words[:len(name)]) {
				best = i
			}
		}
		if best < 0 {
			return nil, fmt.Errorf("%q is none of the commands that roles are known for: %s", strings.Join(words, " "), strings.Join(rbacNames(), ", "))
		}
		chosen = append(chosen, all[best])
		words = words[len(strings.Fields(all[best].name)):]
	}
	return chosen, nil
}
