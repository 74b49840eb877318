package build

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Progress is the state of a build. It is reported whenever it changes.
type Progress struct {
	// Doing is the program at hand, or a module that is being downloaded.
	Doing string
	// Fraction is how much is done, from 0 to 1; Left is an estimate.
	Fraction float64
	Left     time.Duration
}

// Builder builds programs into a folder.
type Builder struct {
	// Source is the folder of the lab's own module.
	Source string
	// Bin is where programs go.
	Bin string
	// Report is told about progress; it may be nil.
	Report func(Progress)
}

// All builds every program that is missing or outdated, one after another
// (the compiler uses all processors by itself). It returns how many it built.
func (b *Builder) All(ctx context.Context) (int, error) {
	versions, err := ReadVersions(b.Source)
	if err != nil {
		return 0, err
	}
	goVersion, err := exec.CommandContext(ctx, "go", "env", "GOVERSION").Output()
	if err != nil {
		return 0, fmt.Errorf("cannot run go: install Go 1.26 or later: %w", err)
	}
	var todo []job
	for _, t := range Targets(b.Source, versions) {
		key, err := t.key(string(goVersion))
		if err != nil {
			return 0, err
		}
		built, err := isBuilt(filepath.Join(b.Bin, t.Name), key)
		if err != nil {
			return 0, err
		}
		if !built {
			todo = append(todo, job{target: t, key: key})
		}
	}
	if len(todo) == 0 {
		return 0, nil
	}
	return len(todo), b.run(ctx, todo)
}

// job is a target that must be built, with the packages to compile for it.
type job struct {
	target Target
	key    string
	work   map[string]int64
}

func (b *Builder) run(ctx context.Context, todo []job) error {
	e := &estimate{}
	if err := b.measure(ctx, todo, e); err != nil {
		return err
	}
	e.started = time.Now()
	for i := range todo {
		if err := b.build(ctx, &todo[i], e); err != nil {
			return fmt.Errorf("cannot build %s: %w", todo[i].target.Name, err)
		}
	}
	return nil
}

// measure finds out how much is to be compiled. A package counts once for
// each kind of flags, as the build cache has it.
func (b *Builder) measure(ctx context.Context, todo []job, e *estimate) error {
	seen := map[string]map[string]int64{}
	for i := range todo {
		t := &todo[i].target
		say := func(doing string) { b.report(Progress{Doing: doing}) }
		say("looking at " + t.Name)
		work, err := t.work(ctx, say)
		if err != nil {
			return err
		}
		kind := t.Dir + t.Tags
		if seen[kind] == nil {
			seen[kind] = map[string]int64{}
		}
		maps.DeleteFunc(work, func(path string, _ int64) bool { _, had := seen[kind][path]; return had })
		maps.Copy(seen[kind], work)
		todo[i].work = work
		e.total += linkCost
		for _, size := range work {
			e.total += size
		}
	}
	return nil
}

// build makes one program. It is renamed into place when it is whole.
func (b *Builder) build(ctx context.Context, j *job, e *estimate) error {
	program := filepath.Join(b.Bin, j.target.Name)
	if err := os.MkdirAll(filepath.Dir(program), 0o755); err != nil {
		return err
	}
	temp := program + ".new"
	args := append([]string{"build", "-v", "-o", temp}, j.target.flags()...)
	cmd := exec.CommandContext(ctx, "go", append(args, j.target.Package)...)
	cmd.Dir, cmd.Env = j.target.Dir, environment()
	var problems strings.Builder
	tell := func() {
		b.report(Progress{Doing: j.target.Name, Fraction: e.fraction(), Left: e.left(time.Now())})
	}
	tell()
	cmd.Stderr = lineWriter(func(line string) {
		if size, expected := j.work[line]; expected {
			e.done += size
			delete(j.work, line)
			tell()
			return
		}
		problems.WriteString(line + "\n")
	})
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%w\n%s", err, problems.String())
	}
	e.done += linkCost
	// What was not compiled was in the build cache after all: go list can't
	// always tell. It says nothing about speed.
	for _, size := range j.work {
		e.total -= size
	}
	tell()
	if err := os.Rename(temp, program); err != nil {
		return err
	}
	return os.WriteFile(keyFile(program), []byte(j.key), 0o644)
}

func (b *Builder) report(p Progress) {
	if b.Report != nil {
		b.Report(p)
	}
}
