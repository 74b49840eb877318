package azure

import (
	"maps"
	"path/filepath"
	"strings"
)

// Forget removes everything below a subscription from the state in dir, so that
// the next Run makes its clusters anew. No Run may use dir meanwhile.
func Forget(dir, subscriptionID string) error {
	st, err := openStore(filepath.Join(dir, "state.json"))
	if err != nil {
		return err
	}
	below := strings.ToLower("/subscriptions/" + subscriptionID + "/")
	return st.update(func(d *data) error {
		d.forgetNetwork(below)
		forget(d.Resources, below)
		forget(d.Frontends, below)
		forget(d.LastFrontend, below)
		maps.DeleteFunc(d.Operations, func(_ string, o *operation) bool {
			return strings.HasPrefix(strings.ToLower(o.Cluster), below)
		})
		return nil
	})
}

// forget removes what has a key that starts with prefix, which is lower case.
func forget[V any](m map[string]V, prefix string) {
	maps.DeleteFunc(m, func(key string, _ V) bool { return strings.HasPrefix(strings.ToLower(key), prefix) })
}
