package rollout

import (
	"errors"
	"fmt"
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// LostKey says why a cluster cannot trust more CAs for a while: that takes a
// Helm revision while it still has its own, with which the chart cannot sign.
func LostKey(f *mesh.Facts) error {
	if f.CA == nil || f.CA.KeyMatches {
		return nil
	}
	return fmt.Errorf("context %q: the private key in Secret %s/%s is missing or does not belong to its certificate, so that nothing can be signed there: put the right ca.key back, as members with the same authority have it; if it is lost, kubectl --context %s -n %s delete secret %s, and then kubectl aksmesh join --context %s --context OTHER, which copies OTHER's authority (if that is another one, connections break until the join has ended)",
		f.Context, cilium.Namespace, cilium.CASecret, f.Context, cilium.Namespace, cilium.CASecret, f.Context)
}

// Rotating says that a rotation of the CA is not finished: whom clusters trust
// until then is for the rotation to say. One that cannot be finished, as where a
// member has lost its CA, can be called off until a cluster has the new one.
func Rotating(all []*mesh.Facts) error {
	var errs []error
	for _, f := range all {
		if f.NextCA == nil {
			continue
		}
		off := ""
		if !slices.ContainsFunc(all, func(other *mesh.Facts) bool { return other.CA != nil && other.CA.Fingerprint == f.NextCA.Fingerprint }) {
			off = fmt.Sprintf("; if that cannot be, nobody signs with the new one yet, and it can be called off: kubectl --context %s -n %s delete secret %s", f.Context, cilium.Namespace, cilium.NextCASecret)
		}
		errs = append(errs, fmt.Errorf("context %q: a rotation of the mesh's certificate authority is not finished, and clusters trust more than one meanwhile: finish it first with kubectl aksmesh ca rotate --context %s%s", f.Context, f.Context, off))
	}
	return errors.Join(errs...)
}
