// Package cgroup gives each node of the lab a control group in every hierarchy
// of the machine, whether these are version 1, version 2 or both.
package cgroup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// prefix starts the name of every control group that the lab makes.
const prefix = "aksmesh-"

// Hierarchy is a mounted tree of control groups.
type Hierarchy struct {
	Mount string
	// V2 is the unified hierarchy; the others have a controller or a name.
	V2 bool
	// Options mount a version 1 hierarchy again, as "memory" or "none,name=systemd".
	Options string
	// parent is the group that new ones are made in, relative to Mount.
	parent string
}

// Hierarchies finds the machine's. New groups go below the group of this
// process, so that limits set on it hold. Only where version 2 is all there
// is they go to the root, since a group that has processes can't hand
// controllers down.
func Hierarchies() ([]Hierarchy, error) {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return nil, err
	}
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, err
	}
	all := parse(string(mounts), string(own))
	if len(all) == 0 {
		return nil, errors.New("no control groups are mounted on this machine")
	}
	return all, nil
}

// parse reads /proc/self/mounts and /proc/self/cgroup.
func parse(mounts, own string) []Hierarchy {
	groups := map[string]string{} // controllers, as in the file; "" is version 2
	for line := range strings.Lines(own) {
		if f := strings.SplitN(strings.TrimSpace(line), ":", 3); len(f) == 3 {
			groups[f[1]] = f[2]
		}
	}
	var all []Hierarchy
	for line := range strings.Lines(mounts) {
		f := strings.Fields(line)
		switch {
		case len(f) < 4:
		case f[2] == "cgroup2":
			all = append(all, Hierarchy{Mount: f[1], V2: true, parent: groups[""]})
		case f[2] == "cgroup":
			for controllers, group := range groups {
				if controllers != "" && isOption(f[3], controllers) {
					all = append(all, Hierarchy{Mount: f[1], Options: v1Options(controllers), parent: group})
				}
			}
		}
	}
	if len(all) == 1 && all[0].V2 {
		all[0].parent = "/"
	}
	return all
}

// isOption says whether mount options hold all of a list of controllers.
func isOption(options, controllers string) bool {
	have := strings.Split(options, ",")
	for c := range strings.SplitSeq(controllers, ",") {
		if !slices.Contains(have, c) {
			return false
		}
	}
	return true
}

func v1Options(controllers string) string {
	if strings.HasPrefix(controllers, "name=") {
		return "none," + controllers
	}
	return controllers
}

// Group is a control group of the same name in every hierarchy: one directory
// for each.
type Group []string

// Make makes a group.
func Make(name string) (Group, error) {
	hierarchies, err := Hierarchies()
	if err != nil {
		return nil, err
	}
	var g Group
	for _, h := range hierarchies {
		parent := filepath.Join(h.Mount, h.parent)
		dir := filepath.Join(parent, prefix+name)
		if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return g, fmt.Errorf("cannot make a control group: %w", err)
		}
		g = append(g, dir)
		if Unified(hierarchies) {
			err = HandDown(parent)
		} else {
			err = inheritCPUSet(parent, dir)
		}
		if err != nil {
			return g, err
		}
	}
	return g, nil
}

// Unified says whether version 2 is all that there is.
func Unified(hierarchies []Hierarchy) bool { return len(hierarchies) == 1 && hierarchies[0].V2 }

// JoinLeaf moves a process of the node itself from the node's group of version
// 2 to one below it: a group that hands controllers down has no processes.
func JoinLeaf(group string, pid int) error {
	leaf := filepath.Join(group, "init.scope")
	if err := os.Mkdir(leaf, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("cannot make a control group: %w", err)
	}
	return Group{leaf}.Join(pid)
}

// HandDown lets the groups below a version 2 group use all controllers that it
// has itself. systemd does that with the root group; nobody else does.
func HandDown(group string) error {
	controllers, err := os.ReadFile(filepath.Join(group, "cgroup.controllers"))
	if err != nil {
		return err
	}
	for controller := range strings.FieldsSeq(string(controllers)) {
		if err := os.WriteFile(filepath.Join(group, "cgroup.subtree_control"), []byte("+"+controller), 0o600); err != nil {
			return fmt.Errorf("cannot hand down controller %s of control groups: %w", controller, err)
		}
	}
	return nil
}

// inheritCPUSet copies what a version 1 cpuset needs before it takes
// processes; elsewhere there are no such files.
func inheritCPUSet(parent, dir string) error {
	for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
		value, err := os.ReadFile(filepath.Join(parent, file))
		if errors.Is(err, fs.ErrNotExist) || len(strings.TrimSpace(string(value))) == 0 {
			continue
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, file), value, 0o600)
		}
		if err != nil {
			return fmt.Errorf("cannot copy %s: %w", file, err)
		}
	}
	return nil
}

// Join moves a process into the group.
func (g Group) Join(pid int) error {
	for _, dir := range g {
		if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0o600); err != nil {
			return fmt.Errorf("cannot join control group %s: %w", dir, err)
		}
	}
	return nil
}

// Find returns all groups of the lab that exist, by name.
func Find() (map[string]Group, error) {
	hierarchies, err := Hierarchies()
	if err != nil {
		return nil, err
	}
	found := map[string]Group{}
	for _, h := range hierarchies {
		dirs, err := filepath.Glob(filepath.Join(h.Mount, h.parent, prefix+"*"))
		if err != nil {
			return nil, err
		}
		for _, dir := range dirs {
			name := strings.TrimPrefix(filepath.Base(dir), prefix)
			found[name] = append(found[name], dir)
		}
	}
	return found, nil
}

// Pids lists the processes in the group and in those below it.
func (g Group) Pids() []int {
	seen := map[int]bool{}
	for _, root := range g {
		_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.Name() != "cgroup.procs" {
				return nil //nolint:nilerr // groups come and go while we look
			}
			text, _ := os.ReadFile(path)
			for word := range strings.FieldsSeq(string(text)) {
				if pid, err := strconv.Atoi(word); err == nil {
					seen[pid] = true
				}
			}
			return nil
		})
	}
	var pids []int
	for pid := range seen {
		pids = append(pids, pid)
	}
	return pids
}

// Remove removes the group with all below it, waiting until the kernel is done
// with processes that have just ended.
func (g Group) Remove(ctx context.Context) error {
	for {
		err := g.remove()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("control group not removed: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (g Group) remove() error {
	var errs []error
	for _, root := range g {
		var dirs []string
		_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				dirs = append(dirs, path)
			}
			return nil
		})
		for _, dir := range slices.Backward(dirs) { // children come after their parent
			if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}
