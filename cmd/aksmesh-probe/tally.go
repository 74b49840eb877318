package main

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/probe/wire"
)

// mostCounts bounds how many answers, and how many errors, are told apart: an
// expression that captures the time of day must not make the result grow.
const mostCounts = 50

// tally counts. Its methods may be called concurrently.
type tally struct {
	requests int

	mu        sync.Mutex
	answers   map[string]int
	errors    map[string]int
	failed    int
	latencies []time.Duration // of answered requests
}

func newTally(requests int) *tally {
	return &tally{requests: requests, answers: map[string]int{}, errors: map[string]int{}}
}

// add counts a request and returns how many have ended.
func (t *tally) add(answer string, err error, took time.Duration) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		t.failed++
		bump(t.errors, classify(err), wire.Other+"more errors")
	} else {
		t.latencies = append(t.latencies, took)
		bump(t.answers, answer, wire.OtherAnswers)
	}
	return t.failed + len(t.latencies)
}

// bump counts a text, or the rest if too many texts are told apart already.
func bump(counts map[string]int, text, rest string) {
	if _, known := counts[text]; !known && len(counts) >= mostCounts {
		text = rest
	}
	counts[text]++
}

func (t *tally) result(took time.Duration) *wire.HTTP {
	t.mu.Lock()
	defer t.mu.Unlock()
	answered := len(t.latencies)
	return &wire.HTTP{
		Requests: t.requests, Answered: answered, Failed: t.failed,
		Answers: sorted(t.answers), Errors: sorted(t.errors), Latency: percentiles(t.latencies),
		Micros: took.Microseconds(), Incomplete: answered+t.failed < t.requests,
	}
}

// sorted lists counts, the most frequent first.
func sorted(counts map[string]int) []wire.Count {
	var list []wire.Count
	for text, times := range counts {
		list = append(list, wire.Count{Text: text, Times: times})
	}
	slices.SortFunc(list, func(a, b wire.Count) int {
		return cmp.Or(cmp.Compare(b.Times, a.Times), cmp.Compare(a.Text, b.Text))
	})
	return list
}

// percentiles are by nearest rank: each is a latency that was measured. It
// sorts its argument.
func percentiles(latencies []time.Duration) *wire.Latency {
	if len(latencies) == 0 {
		return nil
	}
	slices.Sort(latencies)
	at := func(percent int) int64 {
		rank := (len(latencies)*percent + 99) / 100 // rounded up, from 1
		return latencies[rank-1].Microseconds()
	}
	return &wire.Latency{P50: at(50), P90: at(90), P99: at(99), Max: at(100)}
}
