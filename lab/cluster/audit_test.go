package cluster

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const auditLines = `{"kind":"Event","stage":"ResponseComplete","requestURI":"/api/v1/nodes","verb":"list","user":{"username":"admin-aks-1"},"userAgent":"kubectl-aksmesh/v1","objectRef":{"resource":"nodes"},"responseStatus":{"code":200},"requestReceivedTimestamp":"2026-11-22T10:00:00.000000Z"}
{"kind":"Event","requestURI":"/apis/authorization.k8s.io/v1/selfsubjectaccessreviews","verb":"create","user":{"username":"admin-aks-1"},"userAgent":"kubectl-aksmesh/v1","objectRef":{"resource":"selfsubjectaccessreviews"},"responseStatus":{"code":201},"requestReceivedTimestamp":"2026-11-22T10:00:01.000000Z"}
{"kind":"Event","requestURI":"/api/v1/namespaces/kube-system/secrets?dryRun=All","verb":"create","user":{"username":"admin-aks-1"},"userAgent":"kubectl-aksmesh/v1","objectRef":{"resource":"secrets","namespace":"kube-system","name":"cilium-ca"},"responseStatus":{"code":201},"requestReceivedTimestamp":"2026-11-22T10:00:02.000000Z"}
{"kind":"Event","requestURI":"/api/v1/nodes/n/status","verb":"patch","user":{"username":"system:node:n"},"userAgent":"kubelet/v1","objectRef":{"resource":"nodes","name":"n","subresource":"status"},"responseStatus":{"code":200},"requestReceivedTimestamp":"2026-11-22T10:00:03.000000Z"}
`

func TestAudit(t *testing.T) {
	second := func(n int) time.Time { return time.Date(2026, 11, 22, 10, 0, n, 0, time.UTC) }
	dryRun := AuditWrite{Time: second(2), User: "admin-aks-1", Agent: "kubectl-aksmesh/v1", Verb: "create", Object: "secrets kube-system/cilium-ca", Code: 201, DryRun: true}
	status := AuditWrite{Time: second(3), User: "system:node:n", Agent: "kubelet/v1", Verb: "patch", Object: "nodes/status n", Code: 200}
	for name, c := range map[string]struct {
		filter AuditFilter
		log    string
		want   AuditReport
	}{
		"all": {
			log:  auditLines,
			want: AuditReport{Verbs: map[string]int{"list": 1, "create": 2, "patch": 1}, Writes: []AuditWrite{dryRun, status}},
		},
		"a user": {
			filter: AuditFilter{User: "admin-aks-1"}, log: auditLines,
			want: AuditReport{Verbs: map[string]int{"list": 1, "create": 2}, Writes: []AuditWrite{dryRun}},
		},
		"a program, since a time": {
			filter: AuditFilter{UserAgent: "kube", Since: second(3)}, log: auditLines,
			want: AuditReport{Verbs: map[string]int{"patch": 1}, Writes: []AuditWrite{status}},
		},
		"a line that is being written": {
			log:  auditLines[:strings.Index(auditLines, "\n")+20],
			want: AuditReport{Verbs: map[string]int{"list": 1}},
		},
		"nothing": {want: AuditReport{Verbs: map[string]int{}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Audit(strings.NewReader(c.log), c.filter)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAuditGarbage(t *testing.T) {
	_, err := Audit(strings.NewReader("{}\nno json\n"), AuditFilter{})
	if err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("error %v, want one that names line 2", err)
	}
}

// No input makes the parser panic, or lose requests that it counted.
func FuzzAudit(f *testing.F) {
	f.Add(auditLines)
	f.Fuzz(func(t *testing.T, log string) {
		report, err := Audit(strings.NewReader(log), AuditFilter{})
		if err != nil {
			return
		}
		sum := 0
		for _, n := range report.Verbs {
			sum += n
		}
		if lines := strings.Count(log, "\n"); sum != lines || len(report.Writes) > sum {
			t.Errorf("%d requests with %d writes in %d lines", sum, len(report.Writes), lines)
		}
	})
}
