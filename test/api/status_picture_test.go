package api

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestStatusPictures: each picture can be read by what it is for, shows both
// clusters and the service, and has the exit code that words have.
func TestStatusPictures(t *testing.T) {
	w := shops(t, 2)
	well(t, w, exposing(two))
	writes := watch(t, w)
	words := w.Run(t, "status", "--context="+two)
	for format, check := range map[string]func(*testing.T, string){"html": readHTML, "svg": readSVG, "mermaid": readMermaid, "dot": readDot} {
		r := w.Run(t, "status", "--context="+two, "-o="+format)
		if r.ExitCode != 2 || r.ExitCode != words.ExitCode || r.Stderr != words.Stderr {
			t.Errorf("%s ended with %d, in words with %d\n%s", format, r.ExitCode, words.ExitCode, said(r))
		}
		says(t, r.Stdout, "aks-1", "aks-2")
		check(t, r.Stdout)
		keepsSecrets(t, w, r)
	}
	noWrites(t, writes)
}

func readHTML(t *testing.T, text string) {
	t.Helper()
	says(t, text, "shop/web", "aks-1 50%, aks-2 50%", "What the doctor found")
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && (n.Data == "script" || n.Data == "link") {
			t.Errorf("the page has an element %s", n.Data)
		}
	}
}

func readSVG(t *testing.T, text string) {
	t.Helper()
	for decoder := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func readMermaid(t *testing.T, text string) {
	t.Helper()
	if !strings.HasPrefix(text, "flowchart LR\n") || !regexp.MustCompile(`(?m)^  c1 \S+ c2$|^  c1 .*\|".*"\| c2$`).MatchString(text) {
		t.Errorf("not a flowchart from one cluster to the other:\n%s", text)
	}
}

func readDot(t *testing.T, text string) {
	t.Helper()
	if !strings.HasPrefix(text, "digraph mesh {\n") || !strings.HasSuffix(text, "\n}\n") || !strings.Contains(text, "c1 -> c2 [") {
		t.Errorf("not a graph from one cluster to the other:\n%s", text)
	}
}

// TestStatusWithoutRelay: where there is no Hubble relay, one line says so for
// each cluster, and the picture is drawn without flows.
func TestStatusWithoutRelay(t *testing.T) {
	w := shops(t, 2)
	r := w.Run(t, "status", "--context="+two, "--flows=60s", "-o=svg")
	if r.ExitCode != 2 {
		t.Errorf("ended with %d, want 2\n%s", r.ExitCode, said(r))
	}
	for _, context := range []string{"aks-1", "aks-2"} {
		says(t, r.Stderr, context+": no flows: Hubble relay is not installed: kubectl aksmesh join --context "+context+",… --hubble-relay installs it")
	}
	says(t, r.Stdout, "read from no cluster; 2 clusters could not be read")
	readSVG(t, r.Stdout)
}

// TestStatusWatch: without a terminal each look that differs is printed, and
// Ctrl-C ends it.
func TestStatusWatch(t *testing.T) {
	w := shops(t, 2)
	p := w.Launch(t, "status", "--watch", "--interval=50ms", "--context="+two)
	waitFor(t, p, "who sees whom")
	if err := w.Members[0].Client.CoreV1().ConfigMaps("kube-system").Delete(t.Context(), "cilium-config", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	waitFor(t, p, "\nat ")
	interrupt(t, p)
	if r := p.Wait(); r.ExitCode != 130 || strings.Count(r.Stdout, "who sees whom") != 2 {
		t.Errorf("ended with %d, want 130 and two looks, as one thing changed\n%s", r.ExitCode, said(r))
	}
}
