package globalsvc

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Older names of annotations.
const (
	oldGlobal   = "io.cilium/global-service"
	oldShared   = "io.cilium/shared-service"
	oldAffinity = "io.cilium/service-affinity"
)

// effect is what a Service's annotations come down to.
type effect struct {
	Global, Shared bool
	Affinity       string
}

func TestWishEdits(t *testing.T) {
	yes, no := true, false
	for name, test := range map[string]struct {
		now    map[string]string
		wish   Wish
		set    map[string]string
		remove []string
		want   effect
	}{
		"plain Service":                  {set: map[string]string{mesh.AnnotationGlobal: "true"}, want: effect{true, true, "none"}},
		"global already":                 {now: map[string]string{mesh.AnnotationGlobal: "true"}, want: effect{true, true, "none"}},
		"global already, in capitals":    {now: map[string]string{mesh.AnnotationGlobal: "TRUE"}, want: effect{true, true, "none"}},
		"global by the older name":       {now: map[string]string{oldGlobal: "true"}, want: effect{true, true, "none"}},
		"a value that is not true":       {now: map[string]string{mesh.AnnotationGlobal: "1"}, set: map[string]string{mesh.AnnotationGlobal: "true"}, want: effect{true, true, "none"}},
		"the newer name contradicts":     {now: map[string]string{mesh.AnnotationGlobal: "false", oldGlobal: "true"}, set: map[string]string{mesh.AnnotationGlobal: "true"}, want: effect{true, true, "none"}},
		"shared, which is the default":   {wish: Wish{Shared: &yes}, set: map[string]string{mesh.AnnotationGlobal: "true"}, want: effect{true, true, "none"}},
		"not shared":                     {wish: Wish{Shared: &no}, set: map[string]string{mesh.AnnotationGlobal: "true", mesh.AnnotationShared: "false"}, want: effect{true, false, "none"}},
		"not shared as before":           {now: map[string]string{mesh.AnnotationGlobal: "true", oldShared: "false"}, wish: Wish{Shared: &no}, want: effect{true, false, "none"}},
		"shared against the older name":  {now: map[string]string{mesh.AnnotationGlobal: "true", oldShared: "false"}, wish: Wish{Shared: &yes}, set: map[string]string{mesh.AnnotationShared: "true"}, want: effect{true, true, "none"}},
		"shared is left as it is":        {now: map[string]string{mesh.AnnotationGlobal: "true", mesh.AnnotationShared: "false"}, wish: Wish{Affinity: "local"}, set: map[string]string{mesh.AnnotationAffinity: "local"}, want: effect{true, false, "local"}},
		"affinity as before":             {now: map[string]string{mesh.AnnotationGlobal: "true", oldAffinity: "Local"}, wish: Wish{Affinity: "local"}, want: effect{true, true, "local"}},
		"affinity changes":               {now: map[string]string{mesh.AnnotationGlobal: "true", mesh.AnnotationAffinity: "local"}, wish: Wish{Affinity: "remote"}, set: map[string]string{mesh.AnnotationAffinity: "remote"}, want: effect{true, true, "remote"}},
		"affinity none without one":      {now: map[string]string{mesh.AnnotationGlobal: "true"}, wish: Wish{Affinity: "none"}, want: effect{true, true, "none"}},
		"affinity none takes it away":    {now: map[string]string{mesh.AnnotationGlobal: "true", mesh.AnnotationAffinity: "remote"}, wish: Wish{Affinity: "none"}, remove: []string{mesh.AnnotationAffinity}, want: effect{true, true, "none"}},
		"affinity none written as none":  {now: map[string]string{mesh.AnnotationGlobal: "true", mesh.AnnotationAffinity: "none"}, wish: Wish{Affinity: "none"}, remove: []string{mesh.AnnotationAffinity}, want: effect{true, true, "none"}},
		"affinity none under both names": {now: map[string]string{mesh.AnnotationGlobal: "true", mesh.AnnotationAffinity: "remote", oldAffinity: "local"}, wish: Wish{Affinity: "none"}, remove: []string{oldAffinity, mesh.AnnotationAffinity}, want: effect{true, true, "none"}},
		"older names replaced": {
			now: map[string]string{oldGlobal: "TRUE", oldShared: "false", oldAffinity: "Remote"}, wish: Wish{ReplaceLegacy: true},
			set:    map[string]string{mesh.AnnotationGlobal: "true", mesh.AnnotationShared: "false", mesh.AnnotationAffinity: "remote"},
			remove: []string{oldGlobal, oldAffinity, oldShared}, want: effect{true, false, "remote"},
		},
		"older names that the newer contradict": {
			now:  map[string]string{mesh.AnnotationGlobal: "true", oldGlobal: "false", mesh.AnnotationShared: "true", oldShared: "false", mesh.AnnotationAffinity: "local", oldAffinity: "remote"},
			wish: Wish{ReplaceLegacy: true}, remove: []string{oldGlobal, oldAffinity, oldShared}, want: effect{true, true, "local"},
		},
		"an older name with a value that is not true": {
			now: map[string]string{oldGlobal: "true", oldShared: "no"}, wish: Wish{ReplaceLegacy: true},
			set: map[string]string{mesh.AnnotationGlobal: "true", mesh.AnnotationShared: "false"}, remove: []string{oldGlobal, oldShared}, want: effect{true, false, "none"},
		},
		"an older affinity replaced by none": {
			now: map[string]string{mesh.AnnotationGlobal: "true", oldAffinity: "local"}, wish: Wish{ReplaceLegacy: true, Affinity: "none"},
			remove: []string{oldAffinity}, want: effect{true, true, "none"},
		},
		"an older affinity replaced by another": {
			now: map[string]string{mesh.AnnotationGlobal: "true", oldAffinity: "local"}, wish: Wish{ReplaceLegacy: true, Affinity: "remote"},
			set: map[string]string{mesh.AnnotationAffinity: "remote"}, remove: []string{oldAffinity}, want: effect{true, true, "remote"},
		},
		"an older affinity of none": {
			now: map[string]string{mesh.AnnotationGlobal: "true", oldAffinity: "none"}, wish: Wish{ReplaceLegacy: true},
			remove: []string{oldAffinity}, want: effect{true, true, "none"},
		},
		"older shared replaced by the opposite": {
			now: map[string]string{oldGlobal: "true", oldShared: "true"}, wish: Wish{ReplaceLegacy: true, Shared: &no},
			set: map[string]string{mesh.AnnotationGlobal: "true", mesh.AnnotationShared: "false"}, remove: []string{oldGlobal, oldShared}, want: effect{true, false, "none"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			now := &mesh.GlobalService{Annotations: test.now}
			before := maps.Clone(test.now)
			e := test.wish.edit(now)
			if test.set == nil {
				test.set = map[string]string{}
			}
			if diff := cmp.Diff(test.set, e.set) + cmp.Diff(test.remove, e.remove); diff != "" {
				t.Errorf("edit (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, test.now); diff != "" {
				t.Errorf("the Service itself changed:\n%s", diff)
			}
			after := &mesh.GlobalService{Annotations: withAnnotations(test.now, e.set, e.remove)}
			if diff := cmp.Diff(test.want, effect{after.Global(), after.Shared(), after.Affinity()}); diff != "" {
				t.Errorf("effect (-want +got):\n%s", diff)
			}
			if again := test.wish.edit(after); len(again.set)+len(again.remove) > 0 {
				t.Errorf("a second time it would change %v, %v", again.set, again.remove)
			}
		})
	}
}

func TestWishValidate(t *testing.T) {
	good := Wish{Namespace: "shop", Name: "web"}
	for name, test := range map[string]struct {
		change func(*Wish)
		want   []string // parts of the error; none if it is valid
	}{
		"plain":              {change: func(*Wish) {}},
		"all":                {change: func(w *Wish) { w.Affinity, w.Create = "none", CreateWithoutSelector }},
		"no name":            {change: func(w *Wish) { w.Name = "" }, want: []string{`"" is not the name of a Service`}},
		"name with slash":    {change: func(w *Wish) { w.Name = "svc/web" }, want: []string{`"svc/web" is not the name of a Service`}},
		"namespace in upper": {change: func(w *Wish) { w.Namespace = "Shop" }, want: []string{`"Shop" is not the name of a namespace`}},
		"affinity":           {change: func(w *Wish) { w.Affinity = "near" }, want: []string{`--affinity "near" is not one of local, remote, none`}},
		"create":             {change: func(w *Wish) { w.Create = "yes" }, want: []string{`--create "yes" is not one of selector, no-selector`}},
		"several at once":    {change: func(w *Wish) { w.Affinity, w.Create = "a", "b" }, want: []string{"--affinity", "--create"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := good
			test.change(&w)
			err := w.Validate()
			if (err != nil) != (len(test.want) > 0) {
				t.Fatalf("error is %v, want %q", err, test.want)
			}
			for _, part := range test.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error is %v, want %q in it", err, part)
				}
			}
		})
	}
}
