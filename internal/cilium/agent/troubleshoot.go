package agent

import (
	"bufio"
	"bytes"
	"fmt"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// TroubleshootCommand asks an agent, in container cilium-agent, to go through
// the connection to a remote cluster; [ParseTroubleshoot] reads the answer.
// It takes five seconds at most.
func TroubleshootCommand(remote string) []string {
	return []string{"cilium-dbg", "troubleshoot", "clustermesh", remote}
}

// KVStoreTroubleshootCommand asks kvstoremesh, in the container of that name
// of clustermesh-apiserver, the same.
func KVStoreTroubleshootCommand(remote string) []string {
	return []string{"clustermesh-apiserver", "kvstoremesh-dbg", "troubleshoot", remote}
}

// phrases tell the steps by the words of Cilium 1.20's pkg/kvstore
// (etcd_debug.go) and cilium-dbg/cmd/troubleshoot. A line that has none of
// them, and a cross, counts for the part of the output that it is in.
func phrases() []struct {
	words string
	step  mesh.StepName
} {
	return []struct {
		words string
		step  mesh.StepName
	}{
		{"hostname", mesh.StepResolve},
		{"client authentication failed", mesh.StepLogin},
		{"not signed by any acceptable", mesh.StepLogin},
		{"get /version", mesh.StepEtcd},
		{"tcp connection", mesh.StepTCP},
		{"tls connection", mesh.StepTLS},
		{"cluster name", mesh.StepConfig},
		{"configuration not found", mesh.StepConfig},
		{"config", mesh.StepConfig},
		{"no available endpoints", mesh.StepConfig},
		{"parse endpoint", mesh.StepConfig},
		{"etcd", mesh.StepEtcd},
		{"establish connection", mesh.StepEtcd},
	}
}

// Signs that the lines of the output begin with.
const (
	goodSign = "✅"
	badSign  = "❌"
)

// ParseTroubleshoot reads the steps that are told about one remote cluster, in
// their order, each with its line. An error says that the text is about
// something else.
func ParseTroubleshoot(out []byte, remote string) ([]mesh.Step, error) {
	var steps []mesh.Step
	inside, certificates := false, false
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		switch {
		case strings.HasPrefix(line, "Cluster "):
			inside = line == fmt.Sprintf("Cluster %q:", remote)
			certificates = false
		case strings.HasSuffix(line, "certificates:") && !strings.HasPrefix(line, goodSign):
			certificates = true // of this side, on file
		case strings.HasSuffix(line, "client:"):
			certificates = false
		}
		if step, ok := stepIn(line); ok && inside && !certificates {
			steps = append(steps, step)
		}
	}
	if len(steps) == 0 {
		return nil, fmt.Errorf("nothing about cluster %q in what the pod answered: %.80q", remote, oneLine(string(out)))
	}
	return steps, nil
}

func stepIn(line string) (mesh.Step, bool) {
	text, ok := strings.CutPrefix(line, goodSign)
	if !ok {
		var bad bool
		if text, bad = strings.CutPrefix(line, badSign); !bad {
			return mesh.Step{}, false
		}
	}
	step := mesh.Step{Name: mesh.StepEtcd, OK: ok, Text: oneLine(text)}
	for _, p := range phrases() {
		if strings.Contains(strings.ToLower(text), p.words) {
			step.Name = p.step
			break
		}
	}
	return step, true
}
