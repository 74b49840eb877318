package apienv

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"
)

// Audited is one request as the API server's audit log has it.
type Audited struct {
	ID        string
	Verb      string // get, list, watch, create, update, patch, delete, deletecollection
	User      string
	UserAgent string
	URI       string
	Code      int // HTTP status; 0 as long as the request is being served
	Time      time.Time
	// Write is true if the request could change what is stored: reviews, dry
	// runs and connections to pods cannot.
	Write bool
}

// AuditMark is a place in a cluster's audit log.
type AuditMark int64

// AuditMark returns the present end of the audit log.
func (c *Cluster) AuditMark() (AuditMark, error) {
	info, err := os.Stat(c.AuditLog)
	if err != nil {
		return 0, fmt.Errorf("audit log of %s: %w", c.Context, err)
	}
	return AuditMark(info.Size()), nil
}

// Audit returns the requests since the mark (0: all) of everybody but the API
// server itself and the harness. A request that was answered is never missing:
// the server logs it before it acts on it.
func (c *Cluster) Audit(since AuditMark) ([]Audited, error) {
	file, err := os.Open(c.AuditLog)
	if err != nil {
		return nil, fmt.Errorf("audit log of %s: %w", c.Context, err)
	}
	defer file.Close()
	if _, err := file.Seek(int64(since), io.SeekStart); err != nil {
		return nil, fmt.Errorf("audit log of %s: %w", c.Context, err)
	}
	requests, err := readAudit(file)
	if err != nil {
		return nil, fmt.Errorf("audit log of %s: %w", c.Context, err)
	}
	return requests, nil
}

// AuditWrites returns those requests since the mark that write.
func (c *Cluster) AuditWrites(since AuditMark) ([]Audited, error) {
	requests, err := c.Audit(since)
	var writes []Audited
	for _, r := range requests {
		if r.Write {
			writes = append(writes, r)
		}
	}
	return writes, err
}

// CountAudited counts requests by what key gives.
func CountAudited(requests []Audited, key func(Audited) string) map[string]int {
	counts := map[string]int{}
	for _, r := range requests {
		counts[key(r)]++
	}
	return counts
}

// auditEvent is the part of audit.k8s.io/v1 Event that is used.
type auditEvent struct {
	AuditID    string
	Stage      string
	RequestURI string
	Verb       string
	UserAgent  string
	User       struct{ Username string }

	ResponseStatus           struct{ Code int }
	RequestReceivedTimestamp time.Time
}

// write says whether the request could change what is stored.
func (e *auditEvent) write() bool {
	method, ok := map[string]string{
		"create": "POST", "update": "PUT", "patch": "PATCH", "delete": "DELETE", "deletecollection": "DELETE",
	}[e.Verb]
	if !ok {
		return false
	}
	u, err := url.ParseRequestURI(e.RequestURI)
	if err != nil {
		return true // better one too many
	}
	_, write := kubernetesVerb(method, u)
	return write
}

func (e *auditEvent) own() bool {
	return e.User.Username == "system:apiserver" || strings.HasPrefix(e.UserAgent, harness)
}

// readAudit joins the stages of each request. A last line that is not complete
// yet is left out.
func readAudit(r io.Reader) ([]Audited, error) {
	var requests []Audited
	byID := map[string]int{}
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return requests, nil
		} else if err != nil {
			return nil, err
		}
		var e auditEvent
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("event %.80q: %w", line, err)
		}
		i, seen := byID[e.AuditID]
		switch {
		case seen:
			requests[i].Code = e.ResponseStatus.Code
		case e.Stage == "RequestReceived" && !e.own():
			byID[e.AuditID] = len(requests)
			requests = append(requests, Audited{
				ID: e.AuditID, Verb: e.Verb, User: e.User.Username, UserAgent: e.UserAgent,
				URI: e.RequestURI, Time: e.RequestReceivedTimestamp, Write: e.write(),
			})
		}
	}
}
