package main

import (
	"context"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/version"
)

// completionTime bounds all that a completion asks clusters for: somebody
// waits at the prompt.
const completionTime = 2 * time.Second

// mostNames is how many names of one cluster are offered.
const mostNames = 500

// loader reads the kubeconfig, for requests that are not waited for long.
func (c completer) loader() (*mesh.Loader, error) {
	f := &c.app.clusters
	return mesh.NewLoader(mesh.LoaderOptions{
		Kubeconfig: f.kubeconfig, Impersonate: f.as, ImpersonateUID: f.asUID, Groups: f.asGroups,
		RequestTimeout: completionTime, UserAgent: version.UserAgent(),
	})
}

// contexts are those of the kubeconfig.
func (c completer) contexts(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	found, err := c.loader()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return found.Contexts(), cobra.ShellCompDirectiveNoFileComp
}

// chosen are the contexts that --context names, each once: cobra reads the
// flags twice before it completes, and lists grow.
func (c completer) chosen() []string {
	return slices.Compact(slices.Sorted(slices.Values(c.app.clusters.contexts)))
}

// contextAndValue completes CONTEXT= of a value CONTEXT=VALUE; the rest is the
// user's.
func (c completer) contextAndValue(command *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	names := c.chosen()
	if len(names) == 0 {
		names, _ = c.contexts(command, args, "")
	}
	var found []string
	for _, name := range names {
		if !strings.Contains(word, "=") {
			found = append(found, name+"=")
		}
	}
	return found, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// services are those of the chosen namespace in any of the chosen clusters.
func (c completer) services(command *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	namespace := "default"
	if f := command.Flags().Lookup("namespace"); f != nil {
		namespace = f.Value.String()
	}
	return c.ask(command, func(ctx context.Context, cluster *mesh.Cluster) ([]string, error) {
		list, err := cluster.Client.CoreV1().Services(namespace).List(ctx, listing())
		if err != nil {
			return nil, err
		}
		names := make([]string, len(list.Items))
		for i := range list.Items {
			names[i] = list.Items[i].Name
		}
		return names, nil
	})
}

// namespaces are those of any of the chosen clusters.
func (c completer) namespaces(command *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	return c.ask(command, func(ctx context.Context, cluster *mesh.Cluster) ([]string, error) {
		list, err := cluster.Client.CoreV1().Namespaces().List(ctx, listing())
		if err != nil {
			return nil, err
		}
		names := make([]string, len(list.Items))
		for i := range list.Items {
			names[i] = list.Items[i].Name
		}
		return names, nil
	})
}

func listing() metav1.ListOptions { return metav1.ListOptions{Limit: mostNames} }

// ask collects names from the clusters that --context names, at once and for
// [completionTime] at most. A cluster that does not answer in time gives none.
func (c completer) ask(command *cobra.Command, list func(context.Context, *mesh.Cluster) ([]string, error)) ([]string, cobra.ShellCompDirective) {
	quietLibraries(io.Discard)
	ctx, cancel := context.WithTimeout(command.Context(), completionTime)
	defer cancel()
	var mutex sync.Mutex
	where := map[string][]string{} // contexts by name
	var group sync.WaitGroup
	for _, cluster := range c.silent() {
		group.Go(func() {
			names, err := list(ctx, cluster)
			if err != nil {
				return
			}
			mutex.Lock()
			defer mutex.Unlock()
			for _, name := range names {
				where[name] = append(where[name], cluster.Context)
			}
		})
	}
	// A request may outlive its context, for a plugin of the kubeconfig that
	// gets a token knows of none. The process ends in a moment anyway.
	done := make(chan struct{})
	go func() { group.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
	}
	mutex.Lock()
	defer mutex.Unlock()
	var found []string
	for _, name := range slices.Sorted(maps.Keys(where)) {
		slices.Sort(where[name])
		found = append(found, cobra.CompletionWithDesc(name, "in "+strings.Join(where[name], ", ")))
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

// silent are handles to the chosen clusters that a request to may not make ask
// the user anything.
func (c completer) silent() []*mesh.Cluster {
	loader, err := c.loader()
	if err != nil {
		return nil
	}
	var clusters []*mesh.Cluster
	for _, name := range c.chosen() {
		cluster, err := loader.Open(name)
		if err != nil || !asksNobody(cluster.Config) {
			continue
		}
		clusters = append(clusters, cluster)
	}
	return clusters
}

// asksNobody says whether the way to log in works without the user: no plugin
// that opens a browser or shows a code because somebody pressed Tab.
func asksNobody(config *rest.Config) bool {
	plugin := config.ExecProvider
	if plugin == nil || plugin.InteractiveMode == clientcmdapi.NeverExecInteractiveMode {
		return true
	}
	name := strings.TrimSuffix(path.Base(strings.ReplaceAll(plugin.Command, `\`, "/")), ".exe")
	if name != "kubelogin" {
		return false
	}
	// https://azure.github.io/kubelogin/concepts/login-modes.html; the default
	// shows a code.
	return slices.Contains([]string{"azurecli", "azd", "msi", "spn", "workloadidentity", "azurepipelines"}, loginMode(plugin))
}

func loginMode(plugin *clientcmdapi.ExecConfig) string {
	for i, arg := range plugin.Args {
		name, value, inline := strings.Cut(arg, "=")
		switch {
		case name != "--login" && name != "-l":
		case inline:
			return value
		case i+1 < len(plugin.Args):
			return plugin.Args[i+1]
		}
	}
	for _, variable := range plugin.Env {
		if variable.Name == "AAD_LOGIN_METHOD" {
			return variable.Value
		}
	}
	return ""
}
