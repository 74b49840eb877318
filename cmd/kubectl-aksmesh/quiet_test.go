package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/klog/v2"
)

// TestLibrariesAreQuiet: a connection that is closed while an agent answers is
// told once, by the plugin, and not by client-go in its own words.
func TestLibrariesAreQuiet(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	stderr := os.Stderr
	t.Cleanup(func() { os.Stderr = stderr; _ = file.Close() })
	os.Stderr = file
	quietLibraries(io.Discard)
	broken := errors.New("use of closed network connection")
	klog.ErrorS(broken, "Websocket Ping failed")
	klog.Background().Error(broken, "Copying stdout failed")
	utilruntime.HandleErrorWithLogger(klog.Background(), broken, "Copying stderr failed")
	klog.Flush()
	if said, err := os.ReadFile(file.Name()); err != nil || len(said) != 0 {
		t.Errorf("libraries said on stderr (%v):\n%s", err, said)
	}
}
