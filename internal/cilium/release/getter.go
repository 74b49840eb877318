package release

import (
	"net/http"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Helm asks in bursts; client-go's defaults (5 requests a second) would make
// up most of an install's time. The API server has its own fair queues.
const (
	queriesPerSecond = 100
	queryBurst       = 200
)

// getter gives Helm its clients. All of them share one discovery, kept in
// memory: two requests for a whole install.
type getter struct {
	config    *rest.Config
	namespace string
	discovery discovery.CachedDiscoveryInterface
	mapper    meta.RESTMapper
}

func newGetter(config *rest.Config, namespace string) (*getter, error) {
	config = rest.CopyConfig(config)
	config.QPS, config.Burst = queriesPerSecond, queryBurst
	config.WarningHandler = rest.NoWarnings{} // else client-go writes to standard error
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	cached := memory.NewMemCacheClient(client)
	return &getter{
		config:    config,
		namespace: namespace,
		discovery: cached,
		mapper:    restmapper.NewDeferredDiscoveryRESTMapper(cached),
	}, nil
}

// wrapped returns a getter whose clients, but not its discovery, go through wrap.
func (g *getter) wrapped(wrap func(http.RoundTripper) http.RoundTripper) *getter {
	copied := *g
	copied.config = rest.CopyConfig(g.config)
	copied.config.Wrap(wrap)
	return &copied
}

// ToRESTConfig implements Helm's RESTClientGetter.
func (g *getter) ToRESTConfig() (*rest.Config, error) { return rest.CopyConfig(g.config), nil }

// ToDiscoveryClient implements Helm's RESTClientGetter.
func (g *getter) ToDiscoveryClient() (discovery.CachedDiscoveryInterface, error) {
	return g.discovery, nil
}

// ToRESTMapper implements Helm's RESTClientGetter.
func (g *getter) ToRESTMapper() (meta.RESTMapper, error) { return g.mapper, nil }

// ToRawKubeConfigLoader implements Helm's RESTClientGetter. Helm asks it for
// the namespace alone.
func (g *getter) ToRawKubeConfigLoader() clientcmd.ClientConfig {
	return clientcmd.NewDefaultClientConfig(*clientcmdapi.NewConfig(), &clientcmd.ConfigOverrides{
		Context: clientcmdapi.Context{Namespace: g.namespace},
	})
}
