package rollout

import (
	"context"
	"errors"
	"fmt"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/release"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// TestWhatIsNotTriedAgain: another try of the same change cannot mend these.
func TestWhatIsNotTriedAgain(t *testing.T) {
	for name, err := range map[string]error{
		"changed by others": fmt.Errorf("revision 5: %w", release.ErrChanged),
		"pending":           fmt.Errorf("%w (revision 5 is pending-upgrade)", release.ErrPending),
		"forbidden":         apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "", nil),
	} {
		tries := 0
		r := Revision{Change: func(context.Context) (release.Change, error) { tries++; return release.Change{}, err }}
		if _, got := r.Apply(t.Context(), &mesh.Cluster{}, func(string) {}); !errors.Is(got, err) || tries != 1 {
			t.Errorf("%s: %d tries, and %v", name, tries, got)
		}
	}
}
