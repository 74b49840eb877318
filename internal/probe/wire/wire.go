// Package wire is what a prober in a pod tells the plugin: lines of JSON on its
// standard output, which come back as the pod's log. It knows the standard
// library only, so that the prober's program stays small.
package wire

import "encoding/json"

// Line is one line of a prober's output. Several lines with Done and Of tell
// how far it is; the last line has a result, or an error.
type Line struct {
	Done int `json:"done,omitempty"` // requests that have ended
	Of   int `json:"of,omitempty"`   // requests to send
	// HTTP is the result of subcommand http.
	HTTP *HTTP `json:"http,omitempty"`
	// Measured is the result of subcommand measure.
	Measured *Measured `json:"measured,omitempty"`
	// Listening is what subcommand listen says from time to time. It has no
	// result: it listens until it is ended.
	Listening *Listening `json:"listening,omitempty"`
	// Error says why there is no result.
	Error string `json:"error,omitempty"`
}

// Last says whether no line follows.
func (l *Line) Last() bool { return l.HTTP != nil || l.Measured != nil || l.Error != "" }

// Parse reads one line of a prober's log. What is none of its lines is not ok:
// a runtime's or a library's words may stand between them.
func Parse(text []byte) (line Line, ok bool) {
	if err := json.Unmarshal(text, &line); err != nil {
		return Line{}, false
	}
	return line, line.Of > 0 || line.Listening != nil || line.Last()
}

// HTTP is who answered a number of requests.
type HTTP struct {
	Requests int `json:"requests"` // that were to be sent
	Answered int `json:"answered"` // with any HTTP status
	Failed   int `json:"failed"`   // without an answer
	// Answers counts equal answers, most frequent first.
	Answers []Count `json:"answers,omitempty"`
	// Errors counts the classes of failures, most frequent first; see the
	// constants of [Timeout] and so on. Others are "other: " and the error's text.
	Errors []Count `json:"errors,omitempty"`
	// Latency is of the requests that were answered; nil if there was none.
	Latency *Latency `json:"latency,omitempty"`
	Micros  int64    `json:"tookMicroseconds"`
	// Incomplete is true if the prober was ended before it had sent all.
	Incomplete bool `json:"incomplete,omitempty"`
}

// Count is how often something was seen.
type Count struct {
	Text  string `json:"text"`
	Times int    `json:"times"`
}

// Latency is the time from the dial to the end of the answer, in
// microseconds: percentiles by nearest rank.
type Latency struct {
	P50 int64 `json:"p50Microseconds"`
	P90 int64 `json:"p90Microseconds"`
	P99 int64 `json:"p99Microseconds"`
	Max int64 `json:"maxMicroseconds"`
}

// Classes of failed requests.
const (
	Timeout     = "timeout"
	Refused     = "refused"
	Reset       = "reset"
	Unreachable = "unreachable"
	Other       = "other: " // and the error's text
)

// Answers that stand for others.
const (
	NoMatch      = "(no match)"      // the expression does not match
	EmptyAnswer  = "(empty answer)"  // no text in it
	OtherAnswers = "(other answers)" // beyond the number that is told apart
)
