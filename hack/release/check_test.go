package main

import (
	"os"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	t.Chdir(t.TempDir())
	const text = "# Changes\n\n## Unreleased\n\n## 0.2.0-rc.1\n\n### 0.4.0\n\nSee ## 0.5.0\n\n## 0.1.0 (2026-11-28)\n\n## 0x3.0\n"
	if err := os.WriteFile(changelog, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for tag, want := range map[string]string{
		"v0.1.0":            "",
		"v0.2.0-rc.1":       "",
		"v0.2.0":            `CHANGELOG.md has no section "## 0.2.0"`, // only a candidate of it
		"v0.1.0-rc.1":       `no section "## 0.1.0-rc.1"`,
		"v0.3.0":            "no section",
		"v0.4.0":            "no section",
		"v0.5.0":            "no section",
		"0.1.0":             `tag "0.1.0" is not of the form vX.Y.Z`,
		"v0.1":              "not of the form",
		"v0.1.0-3-gd7515cf": "not of the form",
	} {
		err := run(t.Context(), []string{"check", tag})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", tag, err, want)
		}
	}
	if err := os.Remove(changelog); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"check"}, {"check", "v0.1.0", "v0.2.0"}, {"check", "v0.1.0"}} {
		if err := run(t.Context(), args); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
}
