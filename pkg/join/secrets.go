package join

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/pki"
	"github.com/aksmesh/kubectl-aksmesh/internal/rollout"
)

func (r *run) makeCA(ctx context.Context, c *Cluster) error {
	pair, err := pki.NewCA(time.Now())
	if err != nil {
		return fmt.Errorf("the certificate authority could not be made: %w", err)
	}
	made, err := rollout.CreateSecret(ctx, r.live.Clusters[c.Context], pki.Secret(cilium.Namespace, pair))
	if err != nil {
		return err
	}
	// What the cluster holds is what counts, should it have been there already.
	pair, err = pki.FromSecret(made)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ca = pair
	return nil
}

// sharedCA is the CA that this run made, or the one that runs in a cluster.
func (r *run) sharedCA(ctx context.Context, from string) (pki.Pair, error) {
	r.mu.Lock()
	pair := r.ca
	r.mu.Unlock()
	if len(pair.Cert) > 0 {
		return pair, nil
	}
	return rollout.ReadCA(ctx, r.live.Clusters[from], cilium.CASecret)
}

func (r *run) copyCA(ctx context.Context, c *Cluster) error {
	pair, err := r.sharedCA(ctx, c.CA.From)
	if err != nil {
		return err
	}
	made, err := rollout.CreateSecret(ctx, r.live.Clusters[c.Context], pki.Secret(cilium.Namespace, pair))
	if err != nil {
		return err
	}
	return rollout.HoldsCA(made, pair)
}

// replaceCA writes the shared CA over the cluster's own, or only the metadata
// if it is the same.
func (r *run) replaceCA(ctx context.Context, c *Cluster) error {
	from := c.CA.From
	if from == "" {
		from = c.Context
	}
	pair, err := r.sharedCA(ctx, from)
	if err != nil {
		return err
	}
	return rollout.ReplaceCA(ctx, r.live.Clusters[c.Context], pair)
}

func (r *run) shareIPsecKey(ctx context.Context, c *Cluster) error {
	key, err := r.ipsecKey(ctx, c.IPsec.From)
	if err != nil {
		return err
	}
	secret := pki.IPsecSecret(cilium.Namespace, key)
	made, err := rollout.CreateSecret(ctx, r.live.Clusters[c.Context], secret)
	if err != nil {
		return err
	}
	for name, value := range made.Data {
		if c.IPsec.From == "" {
			r.mu.Lock()
			r.ipsec = value
			r.mu.Unlock()
		} else if string(value) != string(secret.Data[name]) {
			return fmt.Errorf("secret %s holds another key by now: run join again", cilium.IPsecSecret)
		}
	}
	return nil
}

func (r *run) ipsecKey(ctx context.Context, from string) ([]byte, error) {
	if from == "" {
		return pki.NewIPsecKey(), nil
	}
	r.mu.Lock()
	key := r.ipsec
	r.mu.Unlock()
	if len(key) > 0 {
		return key, nil
	}
	secret, err := r.live.Clusters[from].Client.CoreV1().Secrets(cilium.Namespace).Get(ctx, cilium.IPsecSecret, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("secret %s of context %q could not be read: %w", cilium.IPsecSecret, from, err)
	}
	for _, value := range secret.Data {
		return value, nil
	}
	return nil, fmt.Errorf("secret %s of context %q is empty", cilium.IPsecSecret, from)
}
