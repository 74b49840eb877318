package build

import "time"

// Rates of a machine with two slow cores, to guess by before there is
// anything to measure.
const (
	firstRate = 120_000 // bytes of source compiled per second
	linkCost  = 700_000 // bytes of source that take as long as linking a program
)

// estimate says how long a build still takes. Work is counted in bytes of Go
// source to compile, since compile time follows it closely; the speed is
// measured while work is done.
type estimate struct {
	total, done int64
	started     time.Time
}

// fraction is how much is done, from 0 to 1.
func (e *estimate) fraction() float64 {
	if e.total == 0 {
		return 1
	}
	return min(1, float64(e.done)/float64(e.total))
}

// left is the time that remains. The measured speed counts the more, the more
// was measured; a fifth of the work makes it count alone.
func (e *estimate) left(now time.Time) time.Duration {
	rest := float64(max(0, e.total-e.done))
	guess := rest / firstRate
	trust := min(1, 5*e.fraction())
	if e.done == 0 {
		return seconds(guess)
	}
	elapsed := now.Sub(e.started).Seconds()
	measured := rest * elapsed / float64(e.done)
	return seconds(trust*measured + (1-trust)*guess)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
