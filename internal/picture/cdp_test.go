//go:build browser

package picture

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"testing"
	"time"
)

// browser is a Chromium that is told what to do over a pipe, in the protocol
// of its developer tools: JSON, each message ended by a zero byte.
type browser struct {
	to      *os.File
	answers chan message
	session string
	last    int
	seen    map[string]bool // events since the last navigation
	said    []string        // errors that the browser reported
}

type message struct {
	ID     int             `json:"id,omitempty"`
	Method string          `json:"method,omitempty"`
	Params json.RawMessage `json:"params,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  json.RawMessage `json:"error,omitempty"`
}

// patience bounds the wait for any one answer.
const patience = time.Minute

// startBrowser starts $AKSMESH_BROWSER without a window, and opens a page.
func startBrowser(t *testing.T) *browser {
	t.Helper()
	program := os.Getenv("AKSMESH_BROWSER")
	if program == "" {
		t.Fatal("AKSMESH_BROWSER names no browser: hack/browser.sh finds one")
	}
	theirs, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	from, theirsToo, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
		"--remote-debugging-pipe", "--user-data-dir="+t.TempDir(), "about:blank")
	command.ExtraFiles = []*os.File{theirs, theirsToo} // 3 and 4
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	theirsToo.Close()
	b := &browser{to: to, answers: make(chan message, 1000), seen: map[string]bool{}}
	go b.read(from)
	t.Cleanup(func() {
		b.call(t, "Browser.close", nil, nil)
		_ = command.Wait() // it has been told to go
		to.Close()
		from.Close()
	})
	b.attach(t)
	return b
}

func (b *browser) read(from *os.File) {
	defer close(b.answers)
	scanner := bufio.NewScanner(from)
	scanner.Buffer(nil, 256<<20)
	scanner.Split(func(data []byte, _ bool) (int, []byte, error) {
		if i := bytes.IndexByte(data, 0); i >= 0 {
			return i + 1, data[:i], nil
		}
		return 0, nil, nil
	})
	for scanner.Scan() {
		var m message
		if json.Unmarshal(scanner.Bytes(), &m) == nil {
			b.answers <- m
		}
	}
}

// attach opens a page and has its events reported.
func (b *browser) attach(t *testing.T) {
	t.Helper()
	var target struct{ TargetID string }
	b.call(t, "Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var session struct{ SessionID string }
	b.call(t, "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &session)
	b.session = session.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		b.call(t, domain+".enable", nil, nil)
	}
}

// call sends a command and reads its result.
func (b *browser) call(t *testing.T, method string, params, result any) {
	t.Helper()
	b.last++
	command := map[string]any{"id": b.last, "method": method}
	if params != nil {
		command["params"] = params
	}
	if b.session != "" && method != "Browser.close" {
		command["sessionId"] = b.session
	}
	if method == "Page.navigate" {
		clear(b.seen)
	}
	text, err := json.Marshal(command)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.to.Write(append(text, 0)); err != nil {
		t.Fatal(err)
	}
	for {
		m := b.next(t, method)
		if m.ID != b.last {
			continue
		}
		if m.Error != nil {
			t.Fatalf("%s: %s", method, m.Error)
		}
		if result != nil {
			if err := json.Unmarshal(m.Result, result); err != nil {
				t.Fatalf("%s: %v", method, err)
			}
		}
		return
	}
}

// await waits for an event since the last navigation.
func (b *browser) await(t *testing.T, event string) {
	t.Helper()
	for !b.seen[event] {
		b.next(t, event)
	}
}

func (b *browser) next(t *testing.T, waitsFor string) message {
	t.Helper()
	select {
	case m, ok := <-b.answers:
		if !ok {
			t.Fatalf("the browser ended before %s", waitsFor)
		}
		if m.Method != "" {
			b.seen[m.Method] = true
			b.note(m)
		}
		return m
	case <-time.After(patience):
		t.Fatalf("%s: no answer in %s", waitsFor, patience)
	}
	return message{}
}

// note keeps what the browser complains about by itself.
func (b *browser) note(m message) {
	switch m.Method {
	case "Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled":
		b.said = append(b.said, m.Method+": "+string(m.Params))
	}
}
