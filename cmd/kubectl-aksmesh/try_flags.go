package main

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/aksmesh/kubectl-aksmesh/internal/probe"
	"github.com/aksmesh/kubectl-aksmesh/internal/version"
)

const (
	// imageVariable names the prober's image, unless --image does.
	imageVariable = "AKSMESH_PROBE_IMAGE"
	defaultImage  = "ghcr.io/aksmesh/aksmesh-probe"

	mostRequests    = 1_000_000
	mostConcurrency = 64 // what the pod's memory allows
)

type tryFlags struct {
	namespace    string
	requests     int
	from         []string
	by           string
	port         string
	path, scheme string
	eachTimeout  time.Duration
	startTimeout time.Duration
	concurrency  int
	image        string
	output       string
}

func (f *tryFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.namespace, "namespace", "default", "namespace of the service, and of the clients' pods (also -n)")
	flags.IntVar(&f.requests, "requests", 1000, "how many requests each client sends (also -n)")
	flags.VarP(namespaceOrRequests{f}, "n", "n", "a namespace, or a number of requests")
	flags.Lookup("n").Hidden = true // the two above tell
	flags.StringSliceVar(&f.from, "from", nil, "CONTEXT of a cluster to ask from; can be repeated (default: all that --context names)")
	flags.StringVar(&f.by, "by", "", "regular expression whose first capture in an answer tells answers apart (default: the HTML title, else the first line)")
	flags.StringVar(&f.port, "port", "", "name or number of the service's port (default: the first of TCP)")
	flags.StringVar(&f.path, "path", "/", "path and query of the requests")
	flags.StringVar(&f.scheme, "scheme", "http", "http or https, whose certificate is not checked")
	flags.DurationVar(&f.eachTimeout, "each-timeout", 2*time.Second, "bound of one request")
	flags.DurationVar(&f.startTimeout, "start-timeout", 2*time.Minute, "bound of the time until a client's pod runs, the pull of its image included")
	flags.IntVar(&f.concurrency, "concurrency", 4, "how many requests a client has under way at the same time; those that wait long for an answer do not count")
	flags.StringVar(&f.image, "image", "", "image of the clients (default $"+imageVariable+", else that of this version on "+defaultImage+")")
	flags.StringVarP(&f.output, "output", "o", "", "json or yaml")
}

func (f *tryFlags) validate() error {
	switch {
	case !slices.Contains([]string{"", outputJSON, outputYAML}, f.output):
		return fmt.Errorf("--output %q is not one of json, yaml", f.output)
	case !slices.Contains([]string{"http", "https"}, f.scheme):
		return fmt.Errorf("--scheme %q is not one of http, https", f.scheme)
	case f.requests < 1 || f.requests > mostRequests:
		return fmt.Errorf("--requests %d is not between 1 and %d", f.requests, mostRequests)
	case f.concurrency < 1 || f.concurrency > mostConcurrency:
		return fmt.Errorf("--concurrency %d is not between 1 and %d", f.concurrency, mostConcurrency)
	case f.eachTimeout <= 0:
		return fmt.Errorf("--each-timeout %s is not a positive time", f.eachTimeout)
	case f.startTimeout < time.Second:
		return fmt.Errorf("--start-timeout %s is less than a second", f.startTimeout)
	case !strings.HasPrefix(f.path, "/"):
		return fmt.Errorf("--path %q does not begin with /", f.path)
	case f.namespace == "":
		return fmt.Errorf("--namespace is empty")
	}
	if _, err := regexp.Compile(f.by); err != nil {
		return fmt.Errorf("--by: %w", err)
	}
	return nil
}

// namespaceOrRequests is -n, which kubectl uses for namespaces and a person
// for a number.
type namespaceOrRequests struct{ flags *tryFlags }

func (namespaceOrRequests) String() string { return "" }
func (namespaceOrRequests) Type() string   { return "namespace|number" }

func (v namespaceOrRequests) Set(text string) error {
	if number, err := strconv.Atoi(text); err == nil {
		v.flags.requests = number
		return nil
	}
	v.flags.namespace = text
	return nil
}

// gatePatience is after how long a request that was not answered makes room.
const gatePatience = 100 * time.Millisecond

// job is what a client's pod is to do.
func (o *tryOptions) job(url string) probe.Job {
	f := &o.flags
	args := []string{
		"http", "-n", strconv.Itoa(f.requests), "-concurrency", strconv.Itoa(f.concurrency), "-timeout", f.eachTimeout.String(),
		"-host", o.service + "." + f.namespace + ".svc.cluster.local",
	}
	if f.by != "" {
		args = append(args, "-by", f.by)
	}
	// As long as it takes if no request is answered, and some time for the log.
	const spare = 30 * time.Second
	// A request that gets no answer makes room for another after a while, so
	// many wait at once (see the prober's gate).
	const waiting = 64
	at := max(f.concurrency, waiting)
	rounds := (f.requests + at - 1) / at
	return probe.Job{
		Namespace: f.namespace, Image: o.image, Args: append(args, "--", url),
		StartWithin: f.startTimeout, RunWithin: time.Duration(rounds)*f.eachTimeout + time.Duration(f.requests/f.concurrency)*gatePatience + spare,
	}
}

// probeImage is the prober's: that of this version, unless somebody says
// otherwise by the flag or the environment.
func (a *app) probeImage(flag, value string) (string, error) {
	fromEnvironment, _ := a.lookupEnv(imageVariable)
	if given := cmp.Or(value, fromEnvironment); given != "" {
		return given, nil
	}
	return publishedImage(version.Get().Version, flag)
}

// publishedImage is that of a release. Of other versions there is none, which is
// told before pods wait for it in vain.
func publishedImage(build, flag string) (string, error) {
	if !version.Released(build) {
		return "", fmt.Errorf("the prober's image is published for releases only, and this is version %s: build and push it (make dist && bin/aksmesh-release image --push REGISTRY/aksmesh-probe), then name it by %s", build, flag)
	}
	return defaultImage + ":" + build, nil
}
