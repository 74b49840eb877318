package release

import (
	"crypto/rand"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// labelRun marks a revision as one of this process: "4-" and a word of its own.
// The revision's own number is in it for the reason that [labelRevision] has.
const labelRun = "aksmesh.io/run"

// thisRun tells this process from all others. A change may take a few revisions,
// some of which fail: they are not somebody else's.
var thisRun = rand.Text()

func runMark(revision int) string { return fmt.Sprintf("%d-%s", revision, thisRun) }

func ofThisRun(meta *metav1.ObjectMeta) bool { return meta.Labels[labelRun] == runMark(revision(meta)) }
