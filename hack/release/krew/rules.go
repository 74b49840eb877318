package krew

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// What every manifest says, and its text's bounds.
const (
	apiVersion = "krew.googlecontainertools.github.com/v1alpha2"
	kind       = "Plugin"

	mostShort = 50 // characters of the short description; what reviewers of the index ask for
	mostWide  = 80 // columns of the description
)

// Check says all that is against the rules of Krew and of its index. file is
// the manifest's path, whose name must be the plugin's; empty leaves that out,
// as an installation with --manifest does.
func Check(m *Manifest, file string) error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if m.APIVersion != apiVersion {
		fail("apiVersion is %q, not %q", m.APIVersion, apiVersion)
	}
	if m.Kind != kind {
		fail("kind is %q, not %q", m.Kind, kind)
	}
	name := m.Metadata.Name
	if !regexp.MustCompile(`^[\w-]+$`).MatchString(name) || reserved(name) {
		fail("name %q is not a name of letters, digits, - and _ that all systems allow", name)
	}
	if base := filepath.Base(file); file != "" && base != name+".yaml" {
		fail("file %s has another name than plugin %q", base, name)
	}
	errs = append(errs, checkTexts(&m.Spec), checkVersion(m.Spec.Version))
	if len(m.Spec.Platforms) == 0 {
		fail("there are no platforms")
	}
	for i := range m.Spec.Platforms {
		if err := checkPlatform(&m.Spec.Platforms[i]); err != nil {
			fail("platform %d: %w", i+1, err)
		}
	}
	return errors.Join(append(errs, checkCoverage(m))...)
}

// reserved says whether Windows keeps the name for a device.
func reserved(name string) bool {
	return regexp.MustCompile(`(?i)^(con|prn|aux|nul|com[1-9]|lpt[1-9])$`).MatchString(name)
}

func checkVersion(version string) error {
	number, ok := strings.CutPrefix(version, "v")
	if _, err := semver.StrictNewVersion(number); err != nil || !ok {
		return fmt.Errorf("version %q is not a semantic version with a leading v", version)
	}
	return nil
}

func checkTexts(s *Spec) error {
	var errs []error
	switch short := s.ShortDescription; {
	case short == "":
		errs = append(errs, errors.New("shortDescription is missing"))
	case strings.ContainsAny(short, "\r\n"):
		errs = append(errs, errors.New("shortDescription has more than one line"))
	case len([]rune(short)) > mostShort:
		errs = append(errs, fmt.Errorf("shortDescription has %d characters, more than %d", len([]rune(short)), mostShort))
	}
	for line := range strings.Lines(s.Description) {
		if n := len([]rune(strings.TrimSpace(line))); n > mostWide {
			errs = append(errs, fmt.Errorf("description: a line has %d characters, more than %d", n, mostWide))
		}
	}
	return errors.Join(errs...)
}

func checkPlatform(p *Platform) error {
	var errs []error
	if !strings.HasPrefix(p.URI, "https://") {
		errs = append(errs, fmt.Errorf("uri %q is not an https address", p.URI))
	}
	if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(p.SHA256) {
		errs = append(errs, fmt.Errorf("sha256 %q is not 64 lower-case hexadecimal digits", p.SHA256))
	}
	if p.Bin == "" || !inside(p.Bin) {
		errs = append(errs, fmt.Errorf("bin %q is not a path inside the archive", p.Bin))
	}
	if p.Files != nil && len(p.Files) == 0 {
		errs = append(errs, errors.New("files is empty: leave it out to take all"))
	}
	for _, f := range p.Files {
		if f.From == "" || f.To == "" || !inside(f.From) || !inside(f.To) {
			errs = append(errs, fmt.Errorf("files: from %q to %q are not paths inside the archive and the plugin's folder", f.From, f.To))
		}
	}
	return errors.Join(append(errs, checkSelector(p))...)
}

// inside says whether a path leads out of no folder.
func inside(name string) bool {
	clean := path.Clean(filepath.ToSlash(name))
	return !path.IsAbs(clean) && clean != ".." && !strings.HasPrefix(clean, "../")
}

func checkSelector(p *Platform) error {
	if p.Selector == nil || len(p.Selector.MatchLabels)+len(p.Selector.MatchExpressions) == 0 {
		return errors.New("selector is missing or empty")
	}
	keys := make([]string, 0, len(p.Selector.MatchLabels)+len(p.Selector.MatchExpressions))
	for key := range p.Selector.MatchLabels {
		keys = append(keys, key)
	}
	for _, e := range p.Selector.MatchExpressions {
		keys = append(keys, e.Key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		if key != "os" && key != "arch" {
			return fmt.Errorf("selector has key %q: only os and arch are known", key)
		}
	}
	return nil
}

// systems are those that Krew knows, as Go names them.
func systems() [][2]string {
	return [][2]string{
		{"windows", "386"}, {"windows", "amd64"}, {"windows", "arm64"},
		{"linux", "386"}, {"linux", "amd64"}, {"linux", "arm"}, {"linux", "arm64"}, {"linux", "ppc64le"},
		{"darwin", "386"}, {"darwin", "amd64"}, {"darwin", "arm64"},
	}
}

// checkCoverage: each platform is for a system that there is, and no system
// has two. A program for Windows ends in .exe, or Windows does not run it.
func checkCoverage(m *Manifest) error {
	var errs []error
	taken := map[[2]string]int{}
	for i := range m.Spec.Platforms {
		p, selected := &m.Spec.Platforms[i], 0
		for _, system := range systems() {
			ok, err := p.Selects(system[0], system[1])
			if err != nil {
				errs = append(errs, fmt.Errorf("platform %d: %w", i+1, err))
				break
			}
			if !ok {
				continue
			}
			selected++
			if other := taken[system]; other > 0 {
				errs = append(errs, fmt.Errorf("platforms %d and %d are both for %s/%s", other, i+1, system[0], system[1]))
			}
			taken[system] = i + 1
			if system[0] == "windows" && !strings.HasSuffix(p.Bin, ".exe") {
				errs = append(errs, fmt.Errorf("platform %d is for windows, and bin %q does not end in .exe", i+1, p.Bin))
			}
		}
		if selected == 0 {
			errs = append(errs, fmt.Errorf("platform %d is for no system that Krew knows", i+1))
		}
	}
	return errors.Join(errs...)
}
