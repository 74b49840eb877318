package upgrade_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/release"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
	"github.com/aksmesh/kubectl-aksmesh/pkg/upgrade"
)

// TestOutcomes lets one step fail, and reads how each cluster ended.
func TestOutcomes(t *testing.T) {
	const undo = "helm rollback cilium 1 -n kube-system --kube-context "
	for name, test := range map[string]struct {
		fails string // a step's id
		want  []upgrade.Outcome
	}{
		"all well": {"", []upgrade.Outcome{
			{Context: "aks-1", State: upgrade.Upgraded, Rollback: undo + "aks-1"},
			{Context: "aks-2", State: upgrade.Upgraded, Rollback: undo + "aks-2"},
			{Context: "aks-3", State: upgrade.Kept},
		}},
		"the revision fails": {"aks-2/helm", []upgrade.Outcome{
			{Context: "aks-1", State: upgrade.Upgraded, Rollback: undo + "aks-1"},
			{Context: "aks-2", State: upgrade.Unfinished, Rollback: undo + "aks-2"},
			{Context: "aks-3", State: upgrade.Kept},
		}},
		"the first does not come back": {"aks-1/ready", []upgrade.Outcome{
			{Context: "aks-1", State: upgrade.Unverified, Rollback: undo + "aks-1"},
			{Context: "aks-2", State: upgrade.NotBegun},
			{Context: "aks-3", State: upgrade.Kept},
		}},
		"the first is not connected": {"aks-1/connected", []upgrade.Outcome{
			{Context: "aks-1", State: upgrade.Unverified, Rollback: undo + "aks-1"},
			{Context: "aks-2", State: upgrade.NotBegun},
			{Context: "aks-3", State: upgrade.Kept},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			seen := whole(t, "1.20.1", "1.20.1", "1.20.2")
			seen.Back["aks-3"] = release.Back{Deployed: 1}
			run := draftOf(t, seen, to("1.20.2")).Plan(upgrade.Live{})
			for i := range run.Plan.Steps {
				s := &run.Plan.Steps[i]
				s.Do = func(context.Context, func(string)) error {
					if s.ID == test.fails {
						return errors.New("it fails")
					}
					return nil
				}
			}
			result := plan.Run(t.Context(), run.Plan, plan.Options{})
			got := run.Outcomes(&result)
			for i := range got {
				got[i] = upgrade.Outcome{Context: got[i].Context, State: got[i].State, Rollback: got[i].Rollback}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
		})
	}
}
