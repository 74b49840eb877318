package ui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
)

func TestPlanText(t *testing.T) {
	t.Parallel()
	frame := PlanView{Header: []string{"Joining 3 clusters:"}, Footer: []string{"1 cluster needs a context: " + evil}}
	full, colored := frame, frame
	full.Full = true
	colored.Style = Style{Color: true, Unicode: true}
	tests := map[string]struct {
		plan *plan.Plan
		view PlanView
	}{
		"plan":       {threeClusters(), frame},
		"plan-full":  {threeClusters(), full},
		"plan-color": {threeClusters(), colored},
		"plan-empty": {&plan.Plan{}, PlanView{Header: []string{"Nothing to do."}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			if err := PlanText(&b, tt.plan, tt.view); err != nil {
				t.Fatal(err)
			}
			if !tt.view.Style.Color && strings.ContainsAny(b.String(), "\x1b\u009b\u202e") {
				t.Error("control characters got through")
			}
			goldenText(t, name, visible(b.String()))
		})
	}
}

// What is folded must be found in full in the section that the fold names.
func TestFoldHidesNothing(t *testing.T) {
	t.Parallel()
	first := values("a", "1", "+ x: 1", "+ y: 2")
	tests := map[string][]string{
		"same": first, "one more": values("a", "1", "+ new: 1", "+ x: 1", "+ y: 2"),
		"short": {"+ x: 1", "+ y: 2"}, "moved": append([]string{"+ x: 1"}, values("a", "1")...), "empty": nil,
	}
	for name, diff := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := folder{}
			f.fold("a", &plan.Step{Object: "o", Diff: first})
			shown := 0
			for _, line := range f.fold("b", &plan.Step{Object: "o", Diff: diff}) {
				if n := 0; strings.HasPrefix(line, "...") {
					if _, err := fmt.Sscanf(line, "... %d lines as in a", &n); err != nil {
						t.Fatal(err)
					}
					shown += n
				} else {
					shown++
				}
			}
			if shown != len(diff) {
				t.Errorf("%d of %d lines are accounted for", shown, len(diff))
			}
		})
	}
}

func TestResultText(t *testing.T) {
	t.Parallel()
	r := &plan.Result{Started: at(0), Ended: at(100)}
	for i, s := range threeClusters().Steps {
		sr := plan.StepResult{
			ID: s.ID, Cluster: s.Cluster, Action: s.Action, Object: s.Object, Summary: s.Summary, State: plan.Done,
			Started: at(float64(i)), Ended: at(float64(i) + 61),
		}
		switch s.ID {
		case "aks-2/helm":
			sr.State, sr.Reason = plan.Failed, "another operation is in progress (pending-upgrade)\nfirst line by helm: "+evil
		case "aks-2/kube-proxy", "aks-2/ready":
			sr.State, sr.Reason, sr.Started, sr.Ended = plan.Skipped, "needs aks-2/helm", time.Time{}, time.Time{}
		case "mesh":
			sr.State, sr.Reason, sr.Started, sr.Ended = plan.Skipped, "needs aks-2/ready", time.Time{}, time.Time{}
		}
		r.Steps = append(r.Steps, sr)
	}
	view := ResultView{
		Header: []string{"2 of 3 clusters joined."}, Footer: []string{"The same command goes on from here."},
		Next: map[string][]string{"aks-2": {"helm --kube-context aks-2 history cilium"}, "aks-1": {"not shown: all is done"}},
	}
	for name, s := range map[string]Style{"result": {}, "result-color": {Color: true, Unicode: true}} {
		var b strings.Builder
		view.Style = s
		if err := ResultText(&b, r, view); err != nil {
			t.Fatal(err)
		}
		goldenText(t, name, visible(b.String()))
	}
}

func TestMatrix(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		m     Matrix
		style Style
		width int
	}{
		"matrix":         {m: matrix(3)},
		"matrix-unicode": {m: matrix(3), style: Style{Unicode: true, Color: true}},
		"matrix-narrow":  {m: matrix(3), width: 30},
		"matrix-many":    {m: matrix(11), style: Style{Unicode: true}},
		"matrix-evil":    {m: Matrix{Names: []string{evil, "b"}, Cell: [][]MatrixCell{{{}, {Down, evil}}}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			if err := tt.m.Write(&b, tt.style, tt.width); err != nil {
				t.Fatal(err)
			}
			goldenText(t, name, visible(b.String()))
		})
	}
}

// matrix has every kind of cell.
func matrix(n int) Matrix {
	m := Matrix{}
	for i := range n {
		m.Names = append(m.Names, fmt.Sprint("aks-", i+1))
		row := make([]MatrixCell, n)
		for j := range n {
			row[j] = MatrixCell{State: Connected}
		}
		m.Cell = append(m.Cell, row)
	}
	m.Cell[0][1] = MatrixCell{Degraded, "2 of 3 agents are connected"}
	m.Cell[1][0] = MatrixCell{Down, "no route to host"}
	m.Cell[1][2] = MatrixCell{Down, "no route to host"}
	m.Cell[2][0] = MatrixCell{State: NotConfigured}
	return m
}

func TestTable(t *testing.T) {
	t.Parallel()
	table := Table{
		Header: []string{"CONTEXT", "POD CIDR", "ADDRESS"},
		Rows: [][]Cell{
			{{Text: "aks-1", Tone: Good}, {Text: "10.1.0.0/16"}, {Text: ""}},
			Cells("名前", "", "10.0.0.4"),
			Cells("short"),
			Cells(evil, "two\nlines", "x"),
		},
	}
	for name, s := range map[string]Style{"table": {}, "table-color": {Color: true}} {
		var b strings.Builder
		if err := table.Write(&b, s); err != nil {
			t.Fatal(err)
		}
		goldenText(t, name, visible(b.String()))
	}
}
