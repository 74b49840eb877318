package ui

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
)

// story is a run with waits, a failure and what follows from it.
func story() []plan.Event {
	e := func(sec float64, cluster, step string, s plan.State, text string) plan.Event {
		return plan.Event{Time: at(sec), Cluster: cluster, Step: step, State: s, Text: text}
	}
	return []plan.Event{
		e(0, "aks-1", "aks-1/helm", plan.Pending, "Helm revision 2"),
		e(0, "aks-1", "aks-1/ready", plan.Pending, "agents ready"),
		e(0, "prod-eu-west-2", "prod-eu-west-2/helm", plan.Pending, "Helm revision 1"),
		e(0, "prod-eu-west-2", "prod-eu-west-2/ready", plan.Pending, "agents ready"),
		e(0, "", "mesh", plan.Pending, "everyone sees everyone"),
		e(0, "aks-1", "aks-1/helm", plan.Running, "Helm revision 2"),
		e(0, "prod-eu-west-2", "prod-eu-west-2/helm", plan.Running, "Helm revision 1"),
		e(1.25, "aks-1", "aks-1/helm", plan.Running, "the address of Service clustermesh-apiserver: being made by Azure"),
		e(2.5, "aks-1", "aks-1/helm", plan.Running, "the address of Service clustermesh-apiserver: being made by Azure"),
		e(12.3, "aks-1", "aks-1/helm", plan.Done, "Helm revision 2"),
		e(12.3, "aks-1", "aks-1/ready", plan.Running, "agents ready"),
		e(15, "prod-eu-west-2", "prod-eu-west-2/helm", plan.Failed, "image cannot be pulled\n"+evil),
		e(15, "prod-eu-west-2", "prod-eu-west-2/ready", plan.Skipped, "needs prod-eu-west-2/helm"),
		e(75, "aks-1", "aks-1/ready", plan.Done, "agents ready"),
		e(75, "", "mesh", plan.Skipped, "needs prod-eu-west-2/ready"),
	}
}

func TestProgressLines(t *testing.T) {
	t.Parallel()
	for _, mode := range []ProgressMode{ProgressPlain, ProgressJSON, ProgressQuiet, ProgressAuto, ProgressTTY} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			p := NewProgress(&b, Terminal{Unicode: true}, Style{Unicode: true}, mode)
			for _, e := range story() {
				p.Sink(e)
			}
			if mode != ProgressJSON { // its notes have the time of day in them
				fmt.Fprintf(p.Writer(), "Warning: two\nli")
				fmt.Fprintf(p.Writer(), "nes\nunfinished %s", evil)
			}
			if err := errors.Join(p.Close(), p.Close()); err != nil {
				t.Error(err)
			}
			p.Sink(story()[0])
			name := "progress-" + string(mode)
			if mode == ProgressAuto || mode == ProgressTTY { // without a terminal both are plain
				name = "progress-plain"
			}
			if strings.ContainsAny(b.String(), "\x1b\u009b") && mode != ProgressJSON {
				t.Error("escape codes got through")
			}
			goldenText(t, name, visible(b.String()))
		})
	}
}

func TestJSONNotes(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	p := NewProgress(&b, Terminal{}, Style{}, ProgressJSON)
	fmt.Fprintln(p.Writer(), "Warning: <deprecated>")
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if got := b.String(); !strings.HasPrefix(got, `{"time":"`) || !strings.HasSuffix(got, `,"text":"Warning: <deprecated>"}`+"\n") {
		t.Errorf("got %q", got)
	}
}

func TestBrokenPipeIsReportedOnceAndAtTheEnd(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	_ = r.CloseWithError(errBroken)
	for _, mode := range []ProgressMode{ProgressPlain, ProgressJSON, ProgressTTY} {
		p := NewProgress(w, Terminal{Live: true, Size: func() (int, int) { return 80, 24 }}, Style{}, mode)
		for _, e := range story() {
			p.Sink(e)
		}
		if err := p.Close(); !errors.Is(err, errBroken) {
			t.Errorf("%s: %v", mode, err)
		}
		if err := p.Close(); err != nil {
			t.Errorf("%s, second time: %v", mode, err)
		}
	}
}

// play feeds events at their time and takes a picture at the given seconds.
func play(t *testing.T, p *Progress, s *screen, events []plan.Event, pictures map[float64]func()) string {
	t.Helper()
	var b strings.Builder
	begin := time.Now()
	for sec := 0.0; sec <= 80; sec += 0.05 {
		for len(events) > 0 && !events[0].Time.After(at(sec)) {
			e := events[0]
			e.Time = begin.Add(e.Time.Sub(at(0)))
			p.Sink(e)
			events = events[1:]
		}
		time.Sleep(50 * time.Millisecond)
		synctest.Wait()
		for when, change := range pictures {
			if when > sec-0.025 && when <= sec+0.025 {
				fmt.Fprintf(&b, "--- %gs, %d columns\n%s", when, s.width, s.text())
				change()
			}
		}
	}
	return b.String()
}

func TestLive(t *testing.T) {
	t.Parallel()
	for _, style := range []Style{{}, {Unicode: true, Color: true}} {
		t.Run(fmt.Sprintf("%+v", style), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newScreen(t, 100, 24)
				fmt.Fprintf(s, "$ kubectl aksmesh join\r\n")
				p := NewProgress(s, Terminal{Live: true, Size: s.size}, style, ProgressAuto)
				nothing := func() {}
				got := play(t, p, s, story(), map[float64]func(){
					0.5: nothing, 3: func() { s.resize(50, 24) }, 4: func() { s.resize(20, 24) }, 5: func() { s.resize(120, 24) },
					6:  func() { fmt.Fprintf(p.Writer(), "Warning: %s is deprecated\nand not", evil) },
					13: nothing, 16: nothing,
				})
				before := s.writes
				if err := p.Close(); err != nil {
					t.Error(err)
				}
				time.Sleep(10 * time.Second)
				p.Sink(story()[0])
				fmt.Fprintln(p.Writer(), "a word after the end")
				got += "--- the end\n" + s.text()
				if before > 100 {
					t.Errorf("drew %d times in 80 seconds", before)
				}
				goldenText(t, "live-"+style.pick("unicode", "ascii"), got)
			})
		})
	}
}

func TestLiveCrowd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScreen(t, 80, 40)
		p := NewProgress(s, Terminal{Live: true, Size: s.size}, Style{}, ProgressTTY)
		states := []plan.State{plan.Done, plan.Running, plan.Pending, plan.Failed}
		for i := range 12 {
			cluster := fmt.Sprint("aks-", i)
			p.Sink(plan.Event{Time: time.Now(), Cluster: cluster, Step: cluster + "/helm", State: states[i%4], Text: "a text"})
		}
		var got strings.Builder
		for _, height := range []int{40, 12, 10, 8, 4, 2, 1} {
			s.resize(80, height)
			time.Sleep(time.Second)
			synctest.Wait()
			fmt.Fprintf(&got, "--- %d rows\n%s", height, s.text())
			if lines := strings.Count(s.text(), "\n"); lines > height {
				t.Errorf("%d lines on a screen of %d", lines, height)
			}
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		goldenText(t, "live-crowd", got.String())
	})
}

// TestLiveRace is for the race detector: events, warnings and redraws at once.
func TestLiveRace(t *testing.T) {
	t.Parallel()
	s := newScreen(t, 80, 24)
	p := NewProgress(s, Terminal{Live: true, Size: s.size}, Style{}, ProgressTTY)
	var all sync.WaitGroup
	for i := range 8 {
		cluster := fmt.Sprint("aks-", i)
		all.Go(func() {
			for n := range 200 {
				p.Sink(plan.Event{Time: time.Now(), Cluster: cluster, Step: cluster + "/x", State: plan.Running, Text: fmt.Sprint(n)})
				if n%50 == 0 {
					fmt.Fprintf(p.Writer(), "warning %d\n", n)
				}
			}
		})
	}
	all.Go(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	all.Wait()
}
