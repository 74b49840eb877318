package rollout

import (
	"context"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/pki"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// CreateSecret makes a secret, or keeps the one that is there: an earlier run
// may have been killed after the API server had taken the write. It returns
// what the cluster holds.
func CreateSecret(ctx context.Context, c *mesh.Cluster, secret *corev1.Secret) (*corev1.Secret, error) {
	secrets := c.Client.CoreV1().Secrets(cilium.Namespace)
	var made *corev1.Secret
	err := retry.OnError(retry.DefaultBackoff, Passing, func() (err error) {
		made, err = secrets.Create(ctx, secret, metav1.CreateOptions{FieldManager: cilium.FieldManager})
		if apierrors.IsAlreadyExists(err) {
			made, err = secrets.Get(ctx, secret.Name, metav1.GetOptions{})
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("secret %s could not be created: %w", secret.Name, err)
	}
	return made, nil
}

// ReadCA reads a CA with its key from a secret of a cluster.
func ReadCA(ctx context.Context, c *mesh.Cluster, name string) (pki.Pair, error) {
	secret, err := c.Client.CoreV1().Secrets(cilium.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return pki.Pair{}, fmt.Errorf("secret %s of context %q could not be read: %w", name, c.Context, err)
	}
	pair, err := pki.FromSecret(secret)
	if err != nil {
		return pki.Pair{}, fmt.Errorf("context %q: %w", c.Context, err)
	}
	return pair, nil
}

// ReplaceCA writes a CA over a cluster's own, or only the metadata if it is the
// same, and makes sure that it is there afterwards.
func ReplaceCA(ctx context.Context, c *mesh.Cluster, pair pki.Pair) error {
	wanted := pki.Secret(cilium.Namespace, pair)
	secrets := c.Client.CoreV1().Secrets(cilium.Namespace)
	var written *corev1.Secret
	err := retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		secret, err := secrets.Get(ctx, cilium.CASecret, metav1.GetOptions{})
		if err != nil {
			return err
		}
		secret.Data = wanted.Data
		secret.Labels = with(secret.Labels, wanted.Labels)
		secret.Annotations = with(secret.Annotations, wanted.Annotations)
		written, err = secrets.Update(ctx, secret, metav1.UpdateOptions{FieldManager: cilium.FieldManager})
		return err
	})
	if err != nil {
		return fmt.Errorf("secret %s could not be updated: %w", cilium.CASecret, err)
	}
	return HoldsCA(written, pair)
}

// HoldsCA is an error unless a secret holds the wanted CA.
func HoldsCA(secret *corev1.Secret, wanted pki.Pair) error {
	got, err := pki.FromSecret(secret)
	if err != nil {
		return err
	}
	same, err := pki.SameCA(got.Cert, wanted.Cert)
	if err != nil {
		return err
	}
	if !same {
		return fmt.Errorf("secret %s holds another certificate authority by now: run the same command again to see which", secret.Name)
	}
	return nil
}

func with(has, more map[string]string) map[string]string {
	all := maps.Clone(has)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, more)
	return all
}
