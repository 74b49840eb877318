package diagnose

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// firstNone is the minor version of Cilium 1.x that first knows the affinity
// "none", and ignores one that it does not know. Before it, whatever was
// neither local nor remote left all endpoints of other clusters out.
const firstNone = 20

func judgeAffinity() func(*View) []Finding {
	return eachService(nil, func(v *View, c *mesh.Facts, s *mesh.GlobalService) []Finding {
		value, ok := s.Annotation(mesh.AnnotationAffinity)
		if !ok || !s.Global() {
			return nil
		}
		lower := strings.ToLower(value)
		if slices.Contains([]string{"", mesh.AffinityLocal, mesh.AffinityRemote}, lower) {
			return nil
		}
		version := ciliumVersion(c, v.phase)
		remedy := expose(keyOf(s), "--affinity none", place{c, s})
		switch {
		case version == nil:
			return one(unknown(ofService(c, s), "context %q: what affinity %q of service %s does depends on Cilium's version, which is not known", c.Context, value, keyOf(s)))
		case version.Major() == 1 && version.Minor() < firstNone:
			return one(failed(ofService(c, s), "context %q: Cilium %s does not know affinity %q of service %s and drops endpoints of all other clusters", c.Context, minor(version), value, keyOf(s)).
				mend("take the annotation away: %s", remedy))
		case lower != mesh.AffinityNone:
			return one(failed(ofService(c, s), "context %q: affinity %q of service %s is none that Cilium knows, so it is ignored", c.Context, value, keyOf(s)).
				as(Warning).mend("%s", remedy))
		}
		return nil
	})
}

// judgeIdle: shared and affinity say how to be global, and mean nothing else.
func judgeIdle() func(*View) []Finding {
	older := mesh.LegacyAnnotations()
	return eachService(nil, func(_ *View, c *mesh.Facts, s *mesh.GlobalService) []Finding {
		// A value that is neither true nor false was meant to be something: AKSM711.
		if value, ok := s.Annotation(mesh.AnnotationGlobal); s.Global() || ok && !strings.EqualFold(value, "false") {
			return nil
		}
		var seen, remove []string
		for _, name := range []string{mesh.AnnotationShared, mesh.AnnotationAffinity} {
			for _, key := range []string{name, older[name]} {
				if value, ok := s.Annotations[key]; ok {
					seen = append(seen, key+"="+value)
					remove = append(remove, key+"-")
				}
			}
		}
		if len(seen) == 0 {
			return nil
		}
		return one(failed(ofService(c, s), "context %q: service %s is not global, so what its annotations say of sharing and affinity is ignored", c.Context, keyOf(s)).
			seen(seen...).
			mend("make it global: %s; or take them away: %s annotate service %s %s",
				expose(keyOf(s), "", place{c, s}), inNamespace(c, keyOf(s)), quote(s.Name), strings.Join(remove, " ")))
	})
}

// judgeBooleans: Cilium compares with "true" and asks no further.
func judgeBooleans() func(*View) []Finding {
	return eachService(nil, func(_ *View, c *mesh.Facts, s *mesh.GlobalService) []Finding {
		var out []Finding
		for _, a := range []struct{ name, flags string }{
			{mesh.AnnotationGlobal, ""},
			{mesh.AnnotationShared, "--shared=true"},
		} {
			value, ok := s.Annotation(a.name)
			if !ok || strings.EqualFold(value, "true") || strings.EqualFold(value, "false") {
				continue
			}
			out = append(out, failed(ofService(c, s), "context %q: annotation %s of service %s is %q, which counts as false", c.Context, a.name, keyOf(s), value).
				mend("if true is meant: %s", expose(keyOf(s), a.flags, place{c, s})))
		}
		return out
	})
}

// judgeLegacy: the newer name counts, whatever the older one says.
func judgeLegacy() func(*View) []Finding {
	older := mesh.LegacyAnnotations()
	return eachService(nil, func(_ *View, c *mesh.Facts, s *mesh.GlobalService) []Finding {
		var old, torn []string
		for _, name := range []string{mesh.AnnotationGlobal, mesh.AnnotationShared, mesh.AnnotationAffinity} {
			legacy := older[name]
			before, ok := s.Annotations[legacy]
			if !ok {
				continue
			}
			old = append(old, legacy+"="+before)
			if now, ok := s.Annotations[name]; ok && !strings.EqualFold(now, before) {
				torn = append(torn, fmt.Sprintf("%s=%s counts, %s=%s does not", name, now, legacy, before))
			}
		}
		remedy := expose(keyOf(s), "--replace-legacy", place{c, s})
		switch {
		case len(torn) > 0:
			return one(failed(ofService(c, s), "context %q: annotations of service %s contradict each other under their newer and older names", c.Context, keyOf(s)).
				as(Warning).seen(torn...).mend("%s", remedy))
		case len(old) > 0:
			return one(failed(ofService(c, s), "context %q: annotations of service %s have their older names", c.Context, keyOf(s)).
				seen(old...).mend("%s", remedy))
		}
		return nil
	})
}

// judgeOwned looks for controllers that write what stands in Git, and so put
// back whatever is changed by hand.
func judgeOwned() func(*View) []Finding {
	return eachService(nil, func(_ *View, c *mesh.Facts, s *mesh.GlobalService) []Finding {
		var seen []string
		for _, key := range slices.Sorted(maps.Keys(s.Managers)) {
			if i := slices.IndexFunc(s.Managers[key], func(m string) bool { return mesh.GitOps(m) != "" }); i >= 0 {
				seen = append(seen, key+": "+s.Managers[key][i])
			}
		}
		if len(seen) == 0 {
			return nil
		}
		who := "a GitOps controller"
		if s.Owner != "" {
			who = s.Owner
		}
		return one(failed(ofService(c, s), "context %q: %s owns annotations of service %s and puts back what is changed by hand", c.Context, who, keyOf(s)).
			seen(seen...).
			mend("change them in Git; what stands there now: %s get service %s --show-managed-fields --output yaml", inNamespace(c, keyOf(s)), quote(s.Name)))
	})
}
