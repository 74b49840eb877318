package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/cilium/ebpf"
)

// The kernel numbers BPF programs upwards and never uses a number twice. So
// what the lab left behind is what is there at the end with a number higher
// than any at the start.

func (l *Lab) bpfFile() string { return filepath.Join(l.Home.Run(), "last-bpf-program") }

// rememberPrograms notes the highest number before the lab starts.
func (l *Lab) rememberPrograms() error {
	if _, err := os.Stat(l.bpfFile()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	ids, err := programsAfter(0)
	if err != nil {
		return err
	}
	var last ebpf.ProgramID
	for _, id := range ids {
		last = max(last, id)
	}
	return os.WriteFile(l.bpfFile(), []byte(strconv.Itoa(int(last))), 0o600)
}

// newPrograms lists the programs that were loaded since the lab started and
// are still there.
func (l *Lab) newPrograms() ([]ebpf.ProgramID, error) {
	text, err := os.ReadFile(l.bpfFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	last, err := strconv.ParseUint(string(text), 10, 32)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.bpfFile(), err)
	}
	return programsAfter(ebpf.ProgramID(last))
}

func programsAfter(id ebpf.ProgramID) ([]ebpf.ProgramID, error) {
	var ids []ebpf.ProgramID
	for {
		next, err := ebpf.ProgramGetNextID(id)
		if errors.Is(err, fs.ErrNotExist) {
			return ids, nil
		}
		if err != nil {
			return nil, fmt.Errorf("cannot list BPF programs: %w", err)
		}
		ids, id = append(ids, next), next
	}
}
