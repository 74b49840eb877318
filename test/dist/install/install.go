// Package install installs a plugin the way Krew does (kubectl krew install
// --manifest=… --archive=…), for any system: Krew itself cannot be had as a
// module. What is imitated is in Krew's internal/installation.
package install

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/hack/release/krew"
)

// Plugin is an installed plugin.
type Plugin struct {
	Folder string // where its files are
	Bin    string // the folder that Krew has on the PATH
	Link   string // the link in Bin, to the program
	// Program is what the link leads to.
	Program string
}

// Install installs below root what the manifest has for the system, from
// archives that lie in a folder.
func Install(m *krew.Manifest, archives, root, goos, goarch string) (*Plugin, error) {
	platform, err := m.For(goos, goarch)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(archives, path.Base(platform.URI)))
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != platform.SHA256 {
		return nil, fmt.Errorf("the archive's sum is %x, and the manifest has %s", sum, platform.SHA256)
	}
	staging := filepath.Join(root, "staging")
	if err := extract(data, staging); err != nil {
		return nil, fmt.Errorf("archive %s: %w", path.Base(platform.URI), err)
	}
	p := &Plugin{
		Folder: filepath.Join(root, "store", m.Metadata.Name, m.Spec.Version),
		Bin:    filepath.Join(root, "bin"),
	}
	if err := move(platform.Files, staging, p.Folder); err != nil {
		return nil, err
	}
	if err := hasLicence(p.Folder); err != nil {
		return nil, err
	}
	return p, p.link(platform.Bin, m.Metadata.Name, goos)
}

// move does the manifest's operations; without any, all files are taken.
func move(files []krew.File, from, to string) error {
	if len(files) == 0 {
		files = []krew.File{{From: "*", To: "."}}
	}
	for _, f := range files {
		found, err := filepath.Glob(filepath.Join(from, filepath.FromSlash(f.From)))
		if err != nil || len(found) == 0 {
			return fmt.Errorf("files: %q matches nothing in the archive (%w)", f.From, errors.Join(err, os.ErrNotExist))
		}
		folder := filepath.Join(to, filepath.FromSlash(f.To))
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		for _, name := range found {
			if err := os.Rename(name, filepath.Join(folder, filepath.Base(name))); err != nil {
				return err
			}
		}
	}
	return nil
}

// hasLicence: Krew's index takes no plugin that does not install its licence.
func hasLicence(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	licence := regexp.MustCompile(`(?i)^(licenses?(\.txt|\.md)?|copying(\.txt)?)$`)
	for _, e := range entries {
		if licence.MatchString(e.Name()) {
			return nil
		}
	}
	return errors.New("the archive has no licence")
}

// link makes kubectl find the program. For the plugin's name, dashes become
// underscores, for kubectl takes dashes for spaces.
func (p *Plugin) link(bin, name, goos string) error {
	p.Program = filepath.Join(p.Folder, filepath.FromSlash(bin))
	info, err := os.Stat(p.Program)
	if err != nil {
		return fmt.Errorf("bin: %w", err)
	}
	if !info.Mode().IsRegular() || goos != "windows" && info.Mode().Perm()&0o111 != 0o111 {
		return fmt.Errorf("bin %s is not a program that all may run, but %s", bin, info.Mode())
	}
	if err := os.MkdirAll(p.Bin, 0o755); err != nil {
		return err
	}
	link := "kubectl-" + strings.ReplaceAll(name, "-", "_")
	if goos == "windows" {
		link += ".exe"
	}
	p.Link = filepath.Join(p.Bin, link)
	return os.Symlink(p.Program, p.Link)
}
