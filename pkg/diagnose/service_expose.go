package diagnose

import (
	"maps"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// ownManager is the name under which kubectl aksmesh owns fields. It is that
// of internal/cilium, which this package does not depend on.
const ownManager = "kubectl-aksmesh"

// expose is the command that changes the service in the clusters; a place
// without a service is where one is to be made. The command refuses to touch
// annotations that somebody else owns, unless it is told to, and what Git says
// it would change in vain.
func expose(k serviceKey, flags string, in ...place) string {
	var b strings.Builder
	b.WriteString("kubectl aksmesh expose " + quote(k.name) + " -n " + quote(k.namespace))
	for _, p := range in {
		b.WriteString(" --context " + quote(p.c.Context))
	}
	if flags != "" {
		b.WriteString(" " + flags)
	}
	gitOps, force := "", false
	for _, p := range in {
		product, taken := ownership(p.s, flags)
		if product != "" {
			gitOps = product + " puts it back in context " + quote(p.c.Context)
		}
		force = force || taken
	}
	switch {
	case gitOps != "":
		return "change it in Git, as " + gitOps + ", to what this would write: " + b.String() + " --force-conflicts"
	case force:
		b.WriteString(" --force-conflicts")
	}
	return b.String()
}

// ownership names the GitOps product that owns what the command changes, if one
// does, and says whether the command wants to be told to take anything over.
func ownership(s *mesh.GlobalService, flags string) (gitOps string, taken bool) {
	if s == nil {
		return "", false
	}
	replace := strings.Contains(flags, "--replace-legacy")
	for _, name := range touched(s, flags) {
		for _, manager := range s.Managers[name] {
			if product := mesh.GitOps(manager); product != "" {
				gitOps = product
			}
			taken = taken || manager != ownManager && (!replace || !isLegacy(name)) // which is asked for by the flag
		}
	}
	return gitOps, taken
}

// touched are the annotations that the command may change.
func touched(s *mesh.GlobalService, flags string) []string {
	var names []string
	if !s.Global() {
		names = append(names, mesh.AnnotationGlobal)
	}
	if strings.Contains(flags, "--shared") {
		names = append(names, mesh.AnnotationShared)
	}
	if strings.Contains(flags, "--affinity") {
		names = append(names, mesh.AnnotationAffinity, mesh.LegacyAnnotations()[mesh.AnnotationAffinity])
	}
	if strings.Contains(flags, "--replace-legacy") {
		names = slices.AppendSeq(names, maps.Values(mesh.LegacyAnnotations()))
	}
	return names
}

func isLegacy(name string) bool {
	return slices.Contains(slices.Collect(maps.Values(mesh.LegacyAnnotations())), name)
}
