package azure

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// data is everything the simulation remembers, as state.json has it.
type data struct {
	// Resources by lower-case ARM id, each as ARM would send it.
	Resources map[string]object `json:"resources"`
	// Operations by id.
	Operations map[string]*operation `json:"operations"`
	// Frontends are load balancer addresses by "cluster id/service UID".
	Frontends map[string]netip.Addr `json:"frontends"`
	// LastFrontend is the address given out last, by pool. Addresses are not
	// handed out again before the pool is used up: a Service that was
	// re-created gets a new address, as in Azure most of the time.
	LastFrontend map[string]netip.Addr `json:"lastFrontend"`
	Settings     settings              `json:"settings"`
	Faults       map[string]*fault     `json:"faults"`
	// NetworkFaults by name.
	NetworkFaults map[string]*NetworkFault `json:"networkFaults"`
}

// settings are the knobs of PUT /simulation/settings.
type settings struct {
	// OperationDelay is how long a PUT on a managed cluster takes at least.
	OperationDelay metav1.Duration `json:"operationDelay"`
	// LoadBalancerDelay is how long a load balancer takes.
	LoadBalancerDelay metav1.Duration `json:"loadBalancerDelay"`
	// FeatureRequired makes Azure want KubeProxyConfigurationPreview registered.
	FeatureRequired bool `json:"featureRequired"`
	// APIVersions are those of managedClusters.
	APIVersions []string `json:"apiVersions"`
}

func defaultSettings() settings {
	return settings{
		OperationDelay:    metav1.Duration{Duration: 2 * time.Second},
		LoadBalancerDelay: metav1.Duration{Duration: 1500 * time.Millisecond},
		APIVersions:       []string{"2026-03-02-preview", "2026-03-01", "2025-10-02-preview", "2025-10-01", "2025-09-02-preview"},
	}
}

// store keeps data, writes it down after every change, and tells who waits.
type store struct {
	path string

	mu      sync.Mutex
	data    data
	changed chan struct{} // closed at the next change
}

// openStore reads path, or starts afresh if it does not exist.
func openStore(path string) (*store, error) {
	s := &store{path: path, changed: make(chan struct{}), data: data{
		Resources: map[string]object{}, Operations: map[string]*operation{},
		Frontends: map[string]netip.Addr{}, LastFrontend: map[string]netip.Addr{},
		Settings: defaultSettings(), Faults: map[string]*fault{}, NetworkFaults: map[string]*NetworkFault{},
	}}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the simulated azure's state: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&s.data); err != nil {
		return nil, fmt.Errorf("read the simulated azure's state in %s: %w", path, err)
	}
	return s, nil
}

// view calls f with the data, which f must neither change nor keep.
func (s *store) view(f func(*data)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.data)
}

// update lets f change the data, then writes it down and wakes whoever waits.
// If f fails it must have changed nothing.
func (s *store) update(f func(*data) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := f(&s.data); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(&s.data, "", " ")
	if err != nil {
		return fmt.Errorf("encode the simulated azure's state: %w", err)
	}
	if err := writeFile(s.path, raw, 0o600); err != nil {
		return err
	}
	close(s.changed)
	s.changed = make(chan struct{})
	return nil
}

// change returns a channel that is closed at the next update. Take it before
// looking at the data, or an update may be missed.
func (s *store) change() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// get returns a copy of a resource, nil if there is none.
func (s *store) get(id string) object {
	var out object
	s.view(func(d *data) {
		if o := d.Resources[strings.ToLower(id)]; o != nil {
			out = clone(o)
		}
	})
	return out
}

// find returns copies of the resources of one type below scope, by id. Both are
// compared regardless of case, as ARM does.
func (s *store) find(scope, typ string) []object {
	scope = strings.ToLower(scope) + "/"
	var out []object
	s.view(func(d *data) {
		for _, id := range slices.Sorted(maps.Keys(d.Resources)) {
			if o := d.Resources[id]; strings.HasPrefix(id, scope) && strings.EqualFold(digString(o, "type"), typ) {
				out = append(out, clone(o))
			}
		}
	})
	return out
}

// put stores a resource under its own id.
func (d *data) put(o object) { d.Resources[strings.ToLower(digString(o, "id"))] = o }

// newTag makes a value for an eTag or another opaque id.
func newTag() string { return strings.ToLower(rand.Text()) }

// writeFile replaces a file in one step, so that a kill leaves the old or the new.
func writeFile(path string, raw []byte, mode fs.FileMode) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer os.Remove(tmp.Name()) // gone already if all went well
	_, err = tmp.Write(raw)
	err = errors.Join(err, tmp.Chmod(mode), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// cluster returns the managed cluster of a name, in any resource group.
func (d *data) cluster(name string) object {
	for _, id := range slices.Sorted(maps.Keys(d.Resources)) {
		o := d.Resources[id]
		if digString(o, "type") == typeCluster && strings.EqualFold(digString(o, "name"), name) {
			return o
		}
	}
	return nil
}
