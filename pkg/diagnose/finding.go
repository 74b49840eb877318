package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// maxEvidence is how many lines of evidence a finding carries, so that a mesh
// of fifty clusters stays readable.
const maxEvidence = 3

func ofMesh() Subject { return Subject{Kind: MeshSubject} }

func ofCluster(c *mesh.Facts) Subject {
	return Subject{Kind: ClusterSubject, Names: []string{c.Context}}
}

func ofPair(a, b *mesh.Facts) Subject {
	return Subject{Kind: PairSubject, Names: []string{a.Context, b.Context}}
}

// failed starts a failure. The message is one sentence without a full stop.
func failed(s Subject, format string, args ...any) Finding {
	return Finding{Status: Fail, Subject: s, Message: fmt.Sprintf(format, args...)}
}

func passed(s Subject) Finding { return Finding{Status: Pass, Subject: s} }

func skipped(s Subject, format string, args ...any) Finding {
	return Finding{Status: Skipped, Subject: s, Message: fmt.Sprintf(format, args...)}
}

func unknown(s Subject, format string, args ...any) Finding {
	return Finding{Status: Unknown, Subject: s, Message: fmt.Sprintf(format, args...)}
}

// counted is a number with its noun, as "1 node" or "3 nodes".
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// one is f as the only finding of a judgement.
func one(f Finding) []Finding { return []Finding{f} }

// seen adds lines of evidence; what goes beyond the limit is counted instead.
func (f Finding) seen(lines ...string) Finding { return f.seenOf(len(lines), lines) }

// seenOf is seen for the first of many lines: n of them, of which those beyond
// the limit need not be there.
func (f Finding) seenOf(n int, lines []string) Finding {
	if n > maxEvidence {
		more := n - (maxEvidence - 1)
		lines = append(slices.Clone(lines[:maxEvidence-1]), fmt.Sprintf("and %d more", more))
	}
	f.Evidence = lines
	return f
}

// mend says what to do next.
func (f Finding) mend(format string, args ...any) Finding {
	f.Remedy = fmt.Sprintf(format, args...)
	return f
}

// as gives the finding another severity than its check has.
func (f Finding) as(s Severity) Finding {
	f.Severity = s
	return f
}

// quote makes a name safe to paste into a shell.
func quote(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
			strings.ContainsRune("-_./:@=,+%", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// kubectl is the start of a kubectl command for the cluster.
func kubectl(c *mesh.Facts) string { return "kubectl --context " + quote(c.Context) }

// azTarget names the managed cluster for an "az aks" command, with
// placeholders where its ARM id is not known.
func azTarget(c *mesh.Facts) string {
	group, name, sub := "RESOURCE_GROUP", "CLUSTER", ""
	if c.Azure != nil {
		p := strings.Split(c.Azure.ID, "/")
		// /subscriptions/S/resourceGroups/G/providers/Microsoft.ContainerService/managedClusters/N
		if len(p) == 9 {
			sub, group, name = p[2], p[4], p[8]
		}
	}
	out := "--resource-group " + quote(group) + " --name " + quote(name)
	if sub != "" {
		out += " --subscription " + quote(sub)
	}
	return out
}
