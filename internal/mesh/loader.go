package mesh

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Loader opens clusters by kubeconfig context. It reads the kubeconfig once;
// opening a cluster makes no request.
type Loader struct {
	raw       clientcmdapi.Config
	overrides clientcmd.ConfigOverrides
	userAgent string
}

// LoaderOptions are the parts of kubectl's common flags that have a meaning
// for a set of clusters.
type LoaderOptions struct {
	Kubeconfig     string        // a path; empty for $KUBECONFIG or the default
	Impersonate    string        // user to act as
	ImpersonateUID string        // UID to act as
	Groups         []string      // groups to act as
	RequestTimeout time.Duration // of one request, and of a question to an agent if it is longer than usual; zero for none
	UserAgent      string
}

// NewLoader reads the kubeconfig. The error is one plain line.
func NewLoader(o LoaderOptions) (*Loader, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = o.Kubeconfig
	raw, err := rules.Load()
	if err != nil {
		return nil, fmt.Errorf("kubeconfig cannot be read: %w", err)
	}
	l := &Loader{raw: *raw, userAgent: o.UserAgent}
	l.overrides.AuthInfo.Impersonate = o.Impersonate
	l.overrides.AuthInfo.ImpersonateUID = o.ImpersonateUID
	l.overrides.AuthInfo.ImpersonateGroups = o.Groups
	if o.RequestTimeout > 0 {
		l.overrides.Timeout = o.RequestTimeout.String()
	}
	return l, nil
}

// Contexts returns the names of all contexts, sorted.
func (l *Loader) Contexts() []string {
	names := make([]string, 0, len(l.raw.Contexts))
	for name := range l.raw.Contexts {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// ErrUnknownContext is the cause of [Loader.Open]'s error for a context that
// the kubeconfig does not have.
var ErrUnknownContext = errors.New("no such context")

// Open returns a handle to the cluster that a context names.
func (l *Loader) Open(context string) (*Cluster, error) {
	if _, ok := l.raw.Contexts[context]; !ok {
		return nil, fmt.Errorf("context %q is not in the kubeconfig (it has: %s): %w",
			context, oneLine(l.Contexts()), ErrUnknownContext)
	}
	overrides := l.overrides
	overrides.CurrentContext = context
	client := clientcmd.NewNonInteractiveClientConfig(l.raw, context, &overrides, nil)
	config, err := client.ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("context %q cannot be used: %w", context, err)
	}
	return NewCluster(context, config, l.userAgent)
}

// NewCluster makes a handle from a client configuration, which it copies.
func NewCluster(context string, config *rest.Config, userAgent string) (*Cluster, error) {
	config = rest.CopyConfig(config)
	config.UserAgent = userAgent
	// The API server's priority and fairness is the limit; a client-side one
	// only adds waits (client-go's default is 5 requests a second).
	config.QPS = -1
	config.Wrap(withRetries(config.Timeout))
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("context %q cannot be used: %w", context, err)
	}
	dyn, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("context %q cannot be used: %w", context, err)
	}
	return &Cluster{Context: context, Config: config, Client: clients, Dynamic: dyn, Exec: podExec{config: config, client: clients, namespace: Namespace}}, nil
}

func oneLine(names []string) string {
	const most = 8
	if len(names) == 0 {
		return "no contexts"
	}
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}
