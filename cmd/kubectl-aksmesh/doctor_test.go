package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/yaml"

	"github.com/aksmesh/kubectl-aksmesh/test/golden"
)

// pluginRun runs the plugin in-process, without a terminal, and returns what
// it wrote and its exit code.
func pluginRun(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errOut bytes.Buffer
	code = run(genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &errOut}, args)
	return out.String(), errOut.String(), code
}

// brokenMesh is a snapshot whose clusters have different tunnel protocols and
// the same id.
const brokenMesh = "testdata/broken.json"

// took hides the time, which differs between two runs, and the counts of what
// passed and was skipped, which each new check changes.
func took(text string) string {
	text = regexp.MustCompile(`\d+ (passed|skipped)`).ReplaceAllString(text, "N $1")
	return regexp.MustCompile(`in [0-9.]+m?s`).ReplaceAllString(text, "in TIME")
}

func goldenText(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	golden.Compare(t, path, got)
}

// The exit code is the same for every output.
func TestDoctorFormats(t *testing.T) {
	for _, format := range []string{"", "wide", "json", "yaml", "junit", "sarif", "markdown"} {
		args := []string{"doctor", "--from", brokenMesh}
		if format != "" {
			args = append(args, "-o", format)
		}
		stdout, _, code := pluginRun(t, args...)
		if code != exitFindings {
			t.Errorf("-o %q: exit code %d, want %d", format, code, exitFindings)
		}
		for _, said := range []string{"AKSM202", "AKSM602"} {
			if !strings.Contains(stdout, said) {
				t.Errorf("-o %q does not name %s:\n%s", format, said, stdout)
			}
		}
		var err error
		switch format {
		case "json", "sarif":
			err = json.Unmarshal([]byte(stdout), new(map[string]any))
		case "yaml":
			err = yaml.Unmarshal([]byte(stdout), new(map[string]any))
		case "junit":
			err = xml.Unmarshal([]byte(stdout), new(junitSuites))
		case "", "markdown":
			goldenText(t, strings.TrimSuffix("doctor."+format, ".")+".txt", took(stdout))
		}
		if err != nil {
			t.Errorf("-o %s cannot be parsed: %v", format, err)
		}
	}
}

func TestDoctorExitCodes(t *testing.T) {
	ignore := filepath.Join(t.TempDir(), "ignore.yaml")
	text := "ignore:\n- {code: AKSM202, until: 2999-01-01, reason: on purpose}\n- {code: AKSM602, until: 2999-01-01, reason: on purpose}\n"
	if err := os.WriteFile(ignore, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args []string
		want int
	}{
		"findings":             {nil, exitFindings},
		"only what passes":     {[]string{"--only", "AKSM601"}, exitOK},
		"ignored":              {[]string{"--only", "202,602", "--ignore", ignore}, exitOK},
		"strict":               {[]string{"--only", "AKSM101,AKSM509", "--strict"}, exitOK},
		"no such code":         {[]string{"--only", "AKSM000"}, exitError},
		"no such format":       {[]string{"-o", "pdf"}, exitError},
		"file and cluster":     {[]string{"--context", "aks-1"}, exitError},
		"compared with itself": {[]string{"--compare", brokenMesh}, exitFindings},
	} {
		stdout, stderr, code := pluginRun(t, append([]string{"doctor", "--from", brokenMesh}, test.args...)...)
		if code != test.want {
			t.Errorf("%s: exit code %d, want %d\n%s%s", name, code, test.want, stdout, stderr)
		}
	}
}

func TestDoctorExplain(t *testing.T) {
	stdout, _, code := pluginRun(t, "doctor", "explain", "602")
	if code != exitOK || !strings.HasPrefix(stdout, "# AKSM602") {
		t.Errorf("exit code %d, page %q", code, stdout)
	}
	if _, stderr, code := pluginRun(t, "doctor", "explain", "999"); code != exitError || !strings.Contains(stderr, "there is no code") {
		t.Errorf("exit code %d, error %q", code, stderr)
	}
}
