package apienv

import (
	"net/http"
	"strings"
)

// Refusal is an answer that Azure gives instead of doing what is asked.
type Refusal struct {
	Site    Site
	Method  string // of requests to the managed cluster that are refused
	Times   int    // how often; 0 is always
	Status  int
	Code    string
	Message string

	given int
}

// Refuse has requests refused from now on, until [SimulatedARM.Mend].
func (a *SimulatedARM) Refuse(r Refusal) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refusals = append(a.refusals, &r)
}

// Mend ends all refusals.
func (a *SimulatedARM) Mend() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refusals = nil
}

// refusal is the one for a request; nil if there is none. The path is in lower case.
func (a *SimulatedARM) refusal(r *http.Request) *Refusal {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, one := range a.refusals {
		if one.Method == r.Method && strings.ToLower(one.Site.ID()) == r.URL.Path && (one.Times == 0 || one.given < one.Times) {
			one.given++
			return one
		}
	}
	return nil
}
