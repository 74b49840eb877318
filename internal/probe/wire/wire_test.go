package wire

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]*Line{
		`{"done":0,"of":10}`:                       {Of: 10},
		`{"done":3,"of":10,"new":{"x":1}}`:         {Done: 3, Of: 10},
		`{"http":{"requests":1,"answered":1}}`:     {HTTP: &HTTP{Requests: 1, Answered: 1}},
		`{"error":"no"}`:                           {Error: "no"},
		`{"listening":{"beat":2,"udp":4000}}`:      {Listening: &Listening{Beat: 2, UDP: 4000}},
		`{"measured":{"sent":[{"stream":1}]}}`:     {Measured: &Measured{Sent: []Sent{{Stream: 1}}}},
		`{}`:                                       nil,
		`{"level":"info"}`:                         nil,
		`panic: runtime error`:                     nil,
		``:                                         nil,
		`{"http":{"requests":1,"answered":`:        nil,
		`{"http":{"requests":"many"},"error":"x"}`: nil,
		`null`: nil,
	} {
		got, ok := Parse([]byte(text))
		if ok != (want != nil) {
			t.Errorf("%s: ok is %v", text, ok)
		}
		if want != nil {
			if diff := cmp.Diff(*want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", text, diff)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"done":3,"of":10}`))
	f.Add([]byte(`{"http":{"answers":[{"text":"a","times":1}]}}`))
	f.Add([]byte(`{"listening":{"beat":1,"arrivals":[{"stream":1,"from":"10.0.0.4:5","sizes":[[100,1500]]}]}}`))
	f.Add([]byte(`{"measured":{"sent":[{"stream":3,"largest":1500,"dial":{"tls":"timeout"}}]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if line, ok := Parse(text); ok && line.Of <= 0 && line.Listening == nil && !line.Last() {
			t.Errorf("%+v says nothing", line)
		}
	})
}
