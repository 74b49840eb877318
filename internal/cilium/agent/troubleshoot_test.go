package agent

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// TestParseTroubleshoot: each cluster of the recorded text stops at the step
// that its name tells.
func TestParseTroubleshoot(t *testing.T) {
	for remote, want := range map[string]struct {
		step mesh.StepName
		says string
	}{
		"missing":    {mesh.StepConfig, "Configuration not found"},
		"noname":     {mesh.StepResolve, "no such host"},
		"refused":    {mesh.StepTCP, "connection refused"},
		"unknown-ca": {mesh.StepTLS, "unknown authority"},
		"expired":    {mesh.StepTLS, "has expired"},
		"wrong-name": {mesh.StepTLS, "is valid for else.example"},
		"stranger":   {mesh.StepLogin, "not signed by any acceptable CA"},
		"twin":       {mesh.StepLogin, "remote error: tls: unknown certificate authority"},
		"oldclient":  {mesh.StepLogin, "expired certificate"},
		"login":      {mesh.StepEtcd, "permission denied"},
	} {
		steps, err := ParseTroubleshoot(fixture(t, "troubleshoot.txt"), remote)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, s := range steps {
			if s.OK {
				continue
			}
			if s.Name != want.step || !strings.Contains(s.Text, want.says) {
				t.Errorf("%s ends at %+v", remote, s)
			}
			break
		}
	}
}

func TestParseTroubleshootGood(t *testing.T) {
	steps, err := ParseTroubleshoot(fixture(t, "troubleshoot.txt"), "good")
	want := []mesh.Step{
		{Name: mesh.StepResolve, OK: true, Text: "Hostname resolved to: 192.0.2.1"},
		{Name: mesh.StepTCP, OK: true, Text: "TCP connection successfully established to 192.0.2.1:2379"},
		{Name: mesh.StepTLS, OK: true, Text: "TLS connection successfully established to 192.0.2.1:2379"},
		{Name: mesh.StepEtcd, OK: true, Text: "Etcd connection successfully established"},
	}
	if d := cmp.Diff(want, steps); d != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, d)
	}
	for _, text := range []string{"", "Cluster \"other\":\n❌ Configuration not found", "Unable to retrieve cluster configurations"} {
		if _, err := ParseTroubleshoot([]byte(text), "good"); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func FuzzParseTroubleshoot(f *testing.F) {
	f.Add(fixture(f, "troubleshoot.txt"), "good")
	f.Add([]byte("Cluster \"a\":\n❌\n✅ x"), "a")
	f.Fuzz(func(t *testing.T, out []byte, remote string) {
		steps, err := ParseTroubleshoot(out, remote)
		if (err == nil) != (len(steps) > 0) {
			t.Errorf("%d steps, %v", len(steps), err)
		}
		for _, s := range steps {
			if s.Name == "" || strings.Contains(s.Text, "\n") {
				t.Errorf("%+v", s)
			}
		}
	})
}
