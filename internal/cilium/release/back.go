package release

import (
	"context"
	"fmt"

	"helm.sh/helm/v4/pkg/release/common"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// labelBack marks a revision as part of an upgrade: "4-2" is revision 4, and 2
// is the one from before the upgrade. Its own number is in it for the reason
// that [labelRevision] has.
const labelBack = "aksmesh.io/go-back"

// Back says to which revision a change can be taken back.
type Back struct {
	// Deployed is the newest revision that went well; 0 if there is none.
	Deployed int
	// Upgrade is the revision from before the upgrade that the newest revision
	// is part of; 0 if kubectl-aksmesh did not make it to upgrade.
	Upgrade int
}

// GoBack reads the labels of the release's revisions, and nothing else.
func GoBack(ctx context.Context, client kubernetes.Interface, namespace string) (Back, error) {
	store := newHistory(ctx, client, namespace)
	newest, err := store.newest()
	if err != nil || newest == nil {
		return Back{}, err
	}
	return Back{Deployed: wentWell(store.revisions), Upgrade: before(newest)}, nil
}

// wentWell is the number of the newest revision that is, or was, deployed.
func wentWell(newestFirst []metav1.ObjectMeta) int {
	for i := range newestFirst {
		switch common.Status(newestFirst[i].Labels["status"]) {
		case common.StatusDeployed, common.StatusSuperseded:
			return revision(&newestFirst[i])
		}
	}
	return 0
}

func before(meta *metav1.ObjectMeta) int {
	var own, to int
	if _, err := fmt.Sscanf(meta.Labels[labelBack], "%d-%d", &own, &to); err != nil || own != revision(meta) {
		return 0
	}
	return to
}
