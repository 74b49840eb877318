package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/chart"
	"github.com/aksmesh/kubectl-aksmesh/pkg/diagnose"
)

func TestVersion(t *testing.T) {
	out, errOut, code := said(t, "version")
	for _, want := range []string{"kubectl-aksmesh ", "commit ", "date ", "Cilium " + chart.DefaultVersion, "supports        Cilium 1.18, tested with Kubernetes 1.30 to 1.33"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not said: %s%s", want, out, errOut)
		}
	}
	if code != exitOK || strings.Count(out, "tested with") != 3 {
		t.Errorf("ended with %d\n%s", code, out)
	}
}

// TestInstallPage: the page says of versions what version says.
func TestInstallPage(t *testing.T) {
	text, err := os.ReadFile("../../docs/install.md")
	if err != nil {
		t.Fatal(err)
	}
	table := "| Cilium | tested with Kubernetes |\n|---|---|\n"
	for _, s := range diagnose.Supported() {
		table += fmt.Sprintf("| %s | %s to %s |\n", s.Cilium, s.From, s.To)
	}
	for _, want := range []string{table + "\n", "Clusters without Cilium get " + chart.DefaultVersion + ","} {
		if !strings.Contains(string(text), want) {
			t.Errorf("docs/install.md does not say:\n%s", want)
		}
	}
}

func TestVersionForMachines(t *testing.T) {
	for format, read := range map[string]func([]byte, any) error{
		"json": json.Unmarshal,
		"yaml": func(text []byte, into any) error { return yaml.Unmarshal(text, into) },
	} {
		out, errOut, code := said(t, "version", "-o", format)
		var got versionReport
		if err := read([]byte(out), &got); err != nil || code != exitOK {
			t.Fatalf("%s: %v, ended with %d\n%s%s", format, err, code, out, errOut)
		}
		if got.Version == "" || got.Cilium != chart.DefaultVersion || len(got.Supported) != 3 || got.Go == "" {
			t.Errorf("%s: %+v", format, got)
		}
		// What is supported is said in two places; they are to agree.
		for _, s := range got.Supported {
			if err := chart.Supported(s.Cilium + ".0"); err != nil {
				t.Error(err)
			}
		}
	}
	if _, errOut, code := said(t, "version", "-o", "xml"); code != exitError || !strings.Contains(errOut, "is not one of") {
		t.Errorf("-o xml: %d, %s", code, errOut)
	}
}
