package mesh

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A file has of cilium-config what is judged, and no other key; what was seen
// is not changed by saving it.
func TestSaveSettings(t *testing.T) {
	t.Parallel()
	raw := map[string]string{"cluster-id": "1", "password": "hunter2", "hubble-tls-key-file": "/x"}
	judged := map[string]string{}
	for _, key := range storedSettings() {
		judged[key] = "some " + key
	}
	maps.Copy(raw, judged)
	seen := Snapshot{APIVersion: SnapshotVersion, Taken: time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC), Clusters: []Facts{
		{Context: "aks-1", Config: &Config{ClusterName: "aks-1", Raw: maps.Clone(raw)}},
		{Context: "aks-2", Config: &Config{ClusterName: "aks-2"}},
		{Context: "aks-3"},
	}}
	for _, name := range []string{"mesh.json", "mesh.json.gz"} {
		path := filepath.Join(t.TempDir(), name)
		if err := seen.Save(path); err != nil {
			t.Fatal(err)
		}
		loaded, err := LoadSnapshot(path)
		if err != nil {
			t.Fatal(err)
		}
		want := seen
		want.Clusters = []Facts{{Context: "aks-1", Config: &Config{ClusterName: "aks-1", Raw: judged}}, seen.Clusters[1], seen.Clusters[2]}
		if diff := cmp.Diff(want, loaded); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != fs.FileMode(0o600) {
			t.Errorf("%s: mode %s, want it readable by the user alone", name, info.Mode())
		}
	}
	if diff := cmp.Diff(raw, seen.Clusters[0].Config.Raw); diff != "" {
		t.Errorf("what was seen has changed (-before +after):\n%s", diff)
	}
}
