package leave

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
)

// seeForgotten reads back all places where a member keeps other clusters, and
// is an error if one of those that leave is still there.
func (r *run) seeForgotten(ctx context.Context, c *Cluster) error {
	core, apps := r.cluster(c).Client.CoreV1(), r.cluster(c).Client.AppsV1()
	secret := func(name string) func() (string, error) {
		return func() (string, error) {
			found, err := core.Secrets(cilium.Namespace).Get(ctx, name, metav1.GetOptions{})
			return r.entry(found), err
		}
	}
	for _, place := range []struct {
		name string
		find func() (gone string, err error)
	}{
		{"Secret " + cilium.PeersSecret, secret(cilium.PeersSecret)},
		{"Secret " + cilium.KVStorePeerSecret, secret(cilium.KVStorePeerSecret)},
		{"ConfigMap " + remoteUsers, func() (string, error) {
			found, err := core.ConfigMaps(cilium.Namespace).Get(ctx, remoteUsers, metav1.GetOptions{})
			return r.user(found), err
		}},
		{"Deployment " + cilium.MeshDeployment, func() (string, error) {
			found, err := apps.Deployments(cilium.Namespace).Get(ctx, cilium.MeshDeployment, metav1.GetOptions{})
			return r.alias(found.Spec.Template.Spec.HostAliases), err
		}},
		{"DaemonSet " + cilium.AgentDaemonSet, func() (string, error) {
			found, err := apps.DaemonSets(cilium.Namespace).Get(ctx, cilium.AgentDaemonSet, metav1.GetOptions{})
			return r.alias(found.Spec.Template.Spec.HostAliases), err
		}},
	} {
		gone, err := place.find()
		switch {
		case apierrors.IsNotFound(err): // without it nobody is in it
		case err != nil:
			return fmt.Errorf("%s could not be read back: %w", place.name, err)
		case gone != "":
			return fmt.Errorf("%s still has %s after the revision: somebody else writes it; run leave again", place.name, gone)
		}
	}
	return nil
}

// entry is the first that still has an entry in one of the peers' Secrets, or a
// certificate there.
func (r *run) entry(peers *corev1.Secret) string {
	for _, name := range r.draft.Gone {
		for key := range peers.Data {
			if key == name || strings.HasPrefix(key, name+".etcd-client") {
				return name
			}
		}
	}
	return ""
}

// user is the first that still has an etcd user.
func (r *run) user(config *corev1.ConfigMap) string {
	var list struct {
		Users []struct{ Name string }
	}
	if err := yaml.Unmarshal([]byte(config.Data["users.yaml"]), &list); err != nil {
		return "" // clustermesh-apiserver cannot read it either
	}
	for _, name := range r.draft.Gone {
		if slices.ContainsFunc(list.Users, func(u struct{ Name string }) bool { return u.Name == "remote-"+name }) {
			return name
		}
	}
	return ""
}

// alias is the first whose host name is still in a pod's template.
func (r *run) alias(aliases []corev1.HostAlias) string {
	for _, name := range r.draft.Gone {
		for _, alias := range aliases {
			if slices.ContainsFunc(alias.Hostnames, func(host string) bool { return strings.HasPrefix(host, name+".") }) {
				return name
			}
		}
	}
	return ""
}
