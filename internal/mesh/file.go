package mesh

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// SnapshotKind is the kind of a stored [Snapshot].
const SnapshotKind = "MeshSnapshot"

// document is a snapshot as it stands in a file.
type document struct {
	Kind string `json:"kind"`
	Snapshot
}

// Save writes the snapshot to a file as JSON, gzipped if the name ends in
// ".gz", readable by the user alone: it names addresses. The file appears
// whole or not at all. Of cilium-config it has only what somebody judges.
func (s Snapshot) Save(path string) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return fmt.Errorf("snapshot cannot be saved: %w", err)
	}
	defer os.Remove(file.Name()) // nothing is left of it after the rename
	if err := s.write(file, strings.HasSuffix(path, ".gz")); err != nil {
		file.Close()
		return fmt.Errorf("snapshot cannot be saved: %w", err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("snapshot cannot be saved: %w", err)
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return fmt.Errorf("snapshot cannot be saved: %w", err)
	}
	return nil
}

func (s Snapshot) write(w io.Writer, zipped bool) error {
	if zipped {
		z := gzip.NewWriter(w)
		if err := s.write(z, false); err != nil {
			return err
		}
		return z.Close()
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", " ")
	s.Clusters = stored(s.Clusters)
	return encoder.Encode(document{SnapshotKind, s})
}

// storedSettings are the keys of cilium-config that packages diagnose and
// globalsvc ask for by name. Others are not stored: people may put anything
// into extraConfig, and the file is made to be given away. The cluster's name
// is always set, so it tells that others are not.
func storedSettings() []string {
	return []string{
		"cluster-name", "clustermesh-cache-ttl", "clustermesh-default-global-namespace", "clustermesh-enable-endpoint-sync",
		"default-lb-service-ipam", "enable-cilium-clusterwide-network-policy", "enable-cilium-network-policy",
		"enable-health-checking", "enable-k8s-networkpolicy", "enable-non-default-deny-policies", "enable-policy",
		"identity-allocation-mode", "ipv4-native-routing-cidr", "labels", "policy-default-local-cluster", "underlay-protocol",
	}
}

// stored are the clusters as they are written.
func stored(clusters []Facts) []Facts {
	all := slices.Clone(clusters)
	for i := range all {
		if all[i].Config == nil || all[i].Config.Raw == nil {
			continue
		}
		config := *all[i].Config
		config.Raw = map[string]string{}
		for _, key := range storedSettings() {
			if value, set := all[i].Config.Raw[key]; set {
				config.Raw[key] = value
			}
		}
		all[i].Config = &config
	}
	return all
}

// LoadSnapshot reads what [Snapshot.Save] wrote: JSON or YAML, gzipped or not.
func LoadSnapshot(path string) (Snapshot, error) {
	file, err := os.Open(path)
	if err != nil {
		return Snapshot{}, fmt.Errorf("snapshot cannot be read: %w", err)
	}
	defer file.Close()
	var text io.Reader = file
	if strings.HasSuffix(path, ".gz") {
		if text, err = gzip.NewReader(file); err != nil {
			return Snapshot{}, fmt.Errorf("snapshot %s is not gzipped: %w", path, err)
		}
	}
	data, err := io.ReadAll(text)
	if err != nil {
		return Snapshot{}, fmt.Errorf("snapshot %s cannot be read: %w", path, err)
	}
	return ParseSnapshot(data)
}

// ParseSnapshot reads a stored snapshot.
func ParseSnapshot(data []byte) (Snapshot, error) {
	var d document
	if err := yaml.Unmarshal(data, &d); err != nil {
		return Snapshot{}, fmt.Errorf("the snapshot is neither JSON nor YAML: %w", err)
	}
	if d.Kind != SnapshotKind || d.APIVersion != SnapshotVersion {
		return Snapshot{}, fmt.Errorf("the file is a %q of %q, not a %s of %s as doctor --save writes it", d.Kind, d.APIVersion, SnapshotKind, SnapshotVersion)
	}
	return d.Snapshot, nil
}
