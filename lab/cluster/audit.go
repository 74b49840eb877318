package cluster

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// AuditLog is the API server's audit log: a JSON object per request and line.
func AuditLog(dir string) string { return filepath.Join(dir, "audit.log") }

// AuditFilter chooses requests; empty fields choose all.
type AuditFilter struct {
	Since time.Time
	// User is the exact user name.
	User string
	// UserAgent is the beginning of the program's own name for itself.
	UserAgent string
}

// AuditReport is what was asked of an API server.
type AuditReport struct {
	// Verbs counts requests, watches included when they ended.
	Verbs map[string]int `json:"verbs"`
	// Writes are the requests that could change something.
	Writes []AuditWrite `json:"writes"`
}

// AuditWrite is a request that is not a read, successful or not.
type AuditWrite struct {
	Time   time.Time `json:"time"`
	User   string    `json:"user"`
	Agent  string    `json:"agent"`
	Verb   string    `json:"verb"`
	Object string    `json:"object"` // resource[/subresource] [namespace/]name
	Code   int       `json:"code"`
	DryRun bool      `json:"dryRun,omitempty"`
}

// auditEvent is what is used of audit.k8s.io/v1 Event.
type auditEvent struct {
	Verb       string
	RequestURI string
	UserAgent  string
	User       struct{ Username string }
	ObjectRef  *struct {
		Resource, Subresource, Namespace, Name string
	}
	ResponseStatus           struct{ Code int }
	RequestReceivedTimestamp time.Time
}

// Audit reads an audit log. A last line without an end is one that is being
// written and does not count.
func Audit(log io.Reader, filter AuditFilter) (*AuditReport, error) {
	report := &AuditReport{Verbs: map[string]int{}}
	lines := bufio.NewReader(log)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return report, nil
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read the audit log: %w", err)
		}
		var e auditEvent
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("audit log, line %d: %w", n, err)
		}
		if filter.matches(&e) {
			report.add(&e)
		}
	}
}

func (f *AuditFilter) matches(e *auditEvent) bool {
	return !e.RequestReceivedTimestamp.Before(f.Since) &&
		(f.User == "" || e.User.Username == f.User) &&
		strings.HasPrefix(e.UserAgent, f.UserAgent)
}

func (r *AuditReport) add(e *auditEvent) {
	r.Verbs[e.Verb]++
	if e.isRead() {
		return
	}
	r.Writes = append(r.Writes, AuditWrite{
		Time: e.RequestReceivedTimestamp, User: e.User.Username, Agent: e.UserAgent, Verb: e.Verb,
		Object: e.object(), Code: e.ResponseStatus.Code, DryRun: strings.Contains(e.RequestURI, "dryRun=All"),
	})
}

// isRead says whether a request can't change anything. Reviews ask a question
// by a create; exec is a create or a get that runs a command.
func (e *auditEvent) isRead() bool {
	if e.ObjectRef != nil && strings.HasSuffix(e.ObjectRef.Resource, "reviews") {
		return true
	}
	return slices.Contains([]string{"get", "list", "watch", "head", "options"}, e.Verb)
}

func (e *auditEvent) object() string {
	o := e.ObjectRef
	if o == nil {
		return e.RequestURI
	}
	kind, name := o.Resource, o.Name
	if o.Subresource != "" {
		kind += "/" + o.Subresource
	}
	if o.Namespace != "" {
		name = o.Namespace + "/" + name
	}
	return strings.TrimSpace(kind + " " + name)
}
