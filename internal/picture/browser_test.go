//go:build browser

// These tests look at pages in a real browser: hack/browser.sh runs them.
package picture

import (
	_ "embed"
	"encoding/base64"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// probe finds what is wrong with how a page looks. It runs in the page.
//
//go:embed testdata/probe.js
var probe string

// screens are what pages are looked at on, in CSS pixels.
func screens() map[string][2]int {
	return map[string][2]int{"phone": {400, 800}, "laptop": {1280, 900}, "print": {794, 1123}}
}

func TestInBrowser(t *testing.T) {
	b := startBrowser(t)
	for name, m := range meshes() {
		page := drawn(t, HTML, m)
		for screen, size := range screens() {
			for _, scheme := range []string{"light", "dark"} {
				t.Run(fmt.Sprintf("%s on %s, %s", name, screen, scheme), func(t *testing.T) {
					b.open(t, page, size, scheme, screen == "print")
					for _, complaint := range b.complaints(t) {
						t.Error(complaint)
					}
					if shots := os.Getenv("AKSMESH_SHOTS"); shots != "" {
						b.shoot(t, filepath.Join(shots, fmt.Sprintf("%s-%s-%s.png", name, screen, scheme)))
					}
				})
			}
		}
	}
}

// TestPictureInBrowser looks at the SVG by itself, which browsers draw as a
// document of its own: it must be well-formed XML.
func TestPictureInBrowser(t *testing.T) {
	b := startBrowser(t)
	for name, m := range meshes() {
		t.Run(name, func(t *testing.T) {
			b.openURL(t, "data:image/svg+xml;base64,"+base64.StdEncoding.EncodeToString(drawn(t, SVG, m)), [2]int{1600, 1200}, "dark", false)
			for _, complaint := range b.complaints(t) {
				t.Error(complaint)
			}
		})
	}
}

// TestProbeSees holds the probe to finding what it looks for.
func TestProbeSees(t *testing.T) {
	b := startBrowser(t)
	const head = `<!DOCTYPE html><html lang="en"><title>t</title><meta name="viewport" content="width=device-width">`
	for _, tt := range []struct{ name, page, want string }{
		{"well", `<h1>well</h1>`, ""},
		{"wide", `<div style="width:3000px">wide</div>`, "scrolls sideways"},
		{"pale", `<p style="color:#aaa;background:#fff">pale</p>`, "contrast"},
		{"script", `<script>throw new Error("loud")</script>`, "loud"},
		{"reference", `<img alt="" src="http://127.0.0.1:1/x.png">`, "refers"},
		{"crossing", `<svg width="100" height="40"><rect x="0" y="0" width="40" height="20"/><g><rect class="am-box" width="40" height="20"/><text class="am-t" y="15">much too long</text></g></svg>`, "leaves its box"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b.open(t, []byte(head+tt.page), [2]int{400, 800}, "light", false)
			got := strings.Join(b.complaints(t), "\n")
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("complaints are %q, want %q in them", got, tt.want)
			}
		})
	}
}

func (b *browser) open(t *testing.T, page []byte, size [2]int, scheme string, paper bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(path, page, 0o600); err != nil {
		t.Fatal(err)
	}
	b.openURL(t, (&url.URL{Scheme: "file", Path: path}).String(), size, scheme, paper)
}

func (b *browser) openURL(t *testing.T, target string, size [2]int, scheme string, paper bool) {
	t.Helper()
	media := "screen"
	if paper {
		media = "print"
	}
	b.call(t, "Emulation.setDeviceMetricsOverride", map[string]any{"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size[0] < 500}, nil)
	b.call(t, "Emulation.setEmulatedMedia", map[string]any{"media": media, "features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
	b.said = nil
	b.call(t, "Page.navigate", map[string]any{"url": target}, nil)
	b.await(t, "Page.loadEventFired")
}

// complaints are what the probe finds, and what the browser itself said.
func (b *browser) complaints(t *testing.T) []string {
	t.Helper()
	var answer struct {
		Result struct{ Value []string }
		// Exception is set if the probe itself failed.
		Exception *struct{ Text string } `json:"exceptionDetails"`
	}
	b.call(t, "Runtime.evaluate", map[string]any{"expression": probe, "returnByValue": true}, &answer)
	if answer.Exception != nil {
		t.Fatalf("the probe failed: %+v", answer.Exception)
	}
	return append(answer.Result.Value, b.said...)
}

func (b *browser) shoot(t *testing.T, path string) {
	t.Helper()
	var shot struct{ Data []byte }
	b.call(t, "Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": true}, &shot)
	if err := os.WriteFile(path, shot.Data, 0o600); err != nil {
		t.Fatal(err)
	}
}
