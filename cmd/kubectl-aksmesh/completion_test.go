package main

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/aksmesh/kubectl-aksmesh/pkg/diagnose"
)

// said runs a command line.
func said(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errOut bytes.Buffer
	code = run(genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &errOut}, args)
	return out.String(), errOut.String(), code
}

// completed are the words that are offered after some others, without
// descriptions, and cobra's directive.
func completed(t *testing.T, words ...string) (offered []string, directive string) {
	t.Helper()
	out, errOut, code := said(t, append([]string{cobra.ShellCompRequestCmd}, words...)...)
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if code != exitOK || !strings.HasPrefix(lines[len(lines)-1], ":") {
		t.Fatalf("completion of %q ended with %d\n%s%s", words, code, out, errOut)
	}
	for _, line := range lines[:len(lines)-1] {
		word, _, _ := strings.Cut(line, "\t")
		offered = append(offered, word)
	}
	return offered, lines[len(lines)-1]
}

// offers checks what is offered, in any order.
func offers(t *testing.T, want []string, words ...string) {
	t.Helper()
	got, _ := completed(t, words...)
	if diff := cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got))); diff != "" {
		t.Errorf("after %q (-want +got)\n%s", words, diff)
	}
}

func TestArguments(t *testing.T) {
	for _, c := range []struct{ words, want []string }{
		{nil, nil},
		{[]string{"kubectl-aksmesh", "join"}, []string{"join"}},
		{[]string{"/bin/kubectl_complete-aksmesh", "join", ""}, []string{"__complete", "join", ""}},
		{[]string{"kubectl_complete-aksmesh.exe", ""}, []string{"__complete", ""}},
	} {
		if diff := cmp.Diff(c.want, arguments(c.words)); diff != "" {
			t.Errorf("%q (-want +got)\n%s", c.words, diff)
		}
	}
}

// TestEnumerations: each value that is offered is taken, and no other.
func TestEnumerations(t *testing.T) {
	root := newRoot(&app{lookupEnv: os.LookupEnv})
	everyCommand(root, func(command *cobra.Command) {
		command.LocalFlags().VisitAll(func(f *pflag.Flag) {
			values := enumeration(command, f)
			if len(values) == 0 || command == root {
				return
			}
			words := append(strings.Fields(command.CommandPath())[2:], "--"+f.Name)
			if strings.Contains(command.Use, "SERVICE") {
				words = slices.Insert(words, len(words)-1, "web")
			}
			for _, value := range values {
				if _, errOut, _ := said(t, append(words, value, "--kubeconfig", os.DevNull)...); refusesValue(errOut) {
					t.Errorf("%q is offered, and refused: %s", append(words, value), errOut)
				}
			}
			if _, errOut, code := said(t, append(words, "bogus", "--kubeconfig", os.DevNull)...); code != exitError {
				t.Errorf("%q is taken: %s", append(words, "bogus"), errOut)
			}
		})
	})
}

// refusesValue tells errors on a flag's value from those on missing clusters.
func refusesValue(text string) bool {
	return strings.Contains(text, "is not one of") || strings.Contains(text, "invalid argument")
}

// TestEveryEnumerationIsKnown: a flag whose help names a few values offers them.
func TestEveryEnumerationIsKnown(t *testing.T) {
	few := regexp.MustCompile(`^(\w+: )?(\w[\w-]*( \([^)]*\))?, )*\w[\w-]*( \([^)]*\))? or \w[\w-]*($|:|;| \()`)
	everyCommand(newRoot(&app{lookupEnv: os.LookupEnv}), func(command *cobra.Command) {
		command.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if few.MatchString(f.Usage) && len(enumeration(command, f)) == 0 {
				t.Errorf("%s --%s takes one of a few (%s), and completion does not know them", command.CommandPath(), f.Name, f.Usage)
			}
		})
	})
}

// TestOutputsAreOffered: what a command says of --output in its help, what it
// offers and what it takes are the same values.
func TestOutputsAreOffered(t *testing.T) {
	checked := 0
	everyCommand(newRoot(&app{lookupEnv: os.LookupEnv}), func(command *cobra.Command) {
		f := command.LocalNonPersistentFlags().Lookup("output")
		if f == nil {
			return
		}
		checked++
		words := strings.Fields(command.CommandPath())[2:]
		if strings.Contains(command.Use, "SERVICE") {
			words = append(words, "web")
		}
		_, errOut, _ := said(t, append(words, "--output", "bogus", "--kubeconfig", os.DevNull)...)
		_, taken, ok := strings.Cut(strings.TrimSpace(errOut), "is not one of ")
		if !ok {
			t.Fatalf("%s does not say what it takes: %s", command.CommandPath(), errOut)
		}
		want := slices.Sorted(slices.Values(strings.Split(taken, ", ")))
		if diff := cmp.Diff(want, slices.Sorted(slices.Values(namedValues(f.Usage)))); diff != "" {
			t.Errorf("the help of %s names other values than it takes (-takes +names)\n%s", command.CommandPath(), diff)
		}
		offers(t, want, append(words, "--output", "")...)
	})
	if checked < 10 {
		t.Errorf("only %d commands with --output were found", checked)
	}
}

// namedValues are the values in a flag's help, as "a, b or c: what they do; d:
// what that does".
func namedValues(usage string) []string {
	var found []string
	for clause := range strings.SplitSeq(usage, ";") {
		names, _, _ := strings.Cut(clause, ":")
		for name := range strings.SplitSeq(strings.ReplaceAll(names, " or ", ", "), ",") {
			found = append(found, strings.TrimSpace(name))
		}
	}
	return found
}

// TestEveryFileIsKnown: the flags whose help speaks of a file or a folder are
// those that shells complete by themselves.
func TestEveryFileIsKnown(t *testing.T) {
	file := regexp.MustCompile(`(?i)\bfile\b|\bfolder\b|\bpath of\b`)
	everyCommand(newRoot(&app{lookupEnv: os.LookupEnv}), func(command *cobra.Command) {
		command.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Value.Type() == "bool" {
				return
			}
			if takes := takesFile(command, f); takes != file.MatchString(f.Usage) {
				t.Errorf("%s --%s (%s): it is said to take a file: %v", command.CommandPath(), f.Name, f.Usage, takes)
			}
		})
	})
}

func TestCodesAreOffered(t *testing.T) {
	var policies, listed []string
	for _, check := range diagnose.Catalogue() {
		if code := string(check.Code); strings.HasPrefix(code, "AKSM8") {
			policies, listed = append(policies, code), append(listed, "AKSM101,"+code)
		}
	}
	offers(t, policies, "doctor", "explain", "AKSM8")
	offers(t, nil, "doctor", "explain", "AKSM801", "")
	offers(t, listed, "doctor", "--only", "AKSM101,AKSM8")
	offers(t, []string{"8"}, "doctor", "--skip", "8")
	if got, _ := completed(t, "doctor", "--only=AKSM607,"); slices.Contains(got, "AKSM607,AKSM607") || len(got) < 80 {
		t.Errorf("%d codes are offered beside AKSM607", len(got))
	}
}

func TestFilesAreLeftToTheShell(t *testing.T) {
	for _, words := range [][]string{{"join", "--values", ""}, {"doctor", "--save", ""}, {"doctor", "--from", ""}, {"status", "--from", ""}, {"rbac", "--manifest", ""}, {"status", "--kubeconfig", ""}} {
		if got, directive := completed(t, words...); len(got) > 0 || directive != ":0" {
			t.Errorf("%q: %q, %s", words, got, directive)
		}
	}
	for _, words := range [][]string{{"join", "--timeout", ""}, {"join", ""}, {"try", "web", ""}} {
		if _, directive := completed(t, words...); directive != ":4" {
			t.Errorf("%q: files are offered: %s", words, directive)
		}
	}
}

// cluster is an API server with one namespace and services in it; it counts
// requests. An empty list hangs until the client goes.
type cluster struct {
	server   *httptest.Server
	requests chan string
}

func newCluster(t *testing.T, services ...string) *cluster {
	t.Helper()
	c := &cluster{requests: make(chan string, 100)}
	items := func(names ...string) map[string]any {
		var list []any
		for _, name := range names {
			list = append(list, map[string]any{"metadata": map[string]any{"name": name}})
		}
		return map[string]any{"items": list}
	}
	c.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.requests <- r.URL.Path
		if len(services) == 0 {
			<-r.Context().Done()
			return
		}
		w.Header().Set("Content-Type", "application/json")
		answer := items(services...)
		if r.URL.Path == "/api/v1/namespaces" {
			answer = items("default", "shop")
		}
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(c.server.Close)
	return c
}

// kubeconfig writes one with a context for each cluster and names it to the
// process, as a shell does.
func kubeconfig(t *testing.T, clusters map[string]*cluster, users map[string]*clientcmdapi.AuthInfo) {
	t.Helper()
	config := clientcmdapi.NewConfig()
	for name, c := range clusters {
		ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.server.Certificate().Raw})
		config.Clusters[name] = &clientcmdapi.Cluster{Server: c.server.URL, CertificateAuthorityData: ca}
		config.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
		config.AuthInfos[name] = &clientcmdapi.AuthInfo{}
		if user := users[name]; user != nil {
			config.AuthInfos[name] = user
		}
	}
	file := filepath.Join(t.TempDir(), "config")
	if err := clientcmd.WriteToFile(*config, file); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBECONFIG", file)
}

func TestNamesOfClusters(t *testing.T) {
	one, two, other := newCluster(t, "web", "worker"), newCluster(t, "web", "api"), newCluster(t, "secret")
	kubeconfig(t, map[string]*cluster{"aks-1": one, "aks-2": two, "other": other}, nil)
	offers(t, []string{"aks-1", "aks-2", "other"}, "join", "--context", "")
	offers(t, []string{"aks-1,aks-2"}, "join", "--context", "aks-1,a")
	offers(t, []string{"aks-1", "aks-2"}, "join", "--ca-from", "a")
	offers(t, []string{"aks-2="}, "join", "--context", "aks-2", "--cluster-name", "")
	offers(t, nil, "join", "--context", "aks-2", "--pod-cidr", "aks-2=")
	if n := len(one.requests) + len(two.requests) + len(other.requests); n > 0 {
		t.Errorf("%d requests for names of contexts", n)
	}
	offers(t, []string{"web", "worker"}, "expose", "--context", "aks-1", "w")
	if path := <-one.requests; path != "/api/v1/namespaces/default/services" {
		t.Errorf("asked %s", path)
	}
	offers(t, []string{"web", "worker", "api"}, "services", "--context", "aks-1,aks-2", "-n", "shop", "")
	if path := <-one.requests; path != "/api/v1/namespaces/shop/services" {
		t.Errorf("asked %s", path)
	}
	offers(t, []string{"shop"}, "expose", "web", "--context", "aks-1", "--namespace", "sh")
	offers(t, []string{"shop"}, "try", "web", "--context", "aks-1", "-n", "sh")
	if len(other.requests) > 0 {
		t.Error("a cluster that was not named was asked")
	}
	offers(t, nil, "expose", "")
}

// TestCompletionIsBounded: a cluster that does not answer holds nobody up, and
// takes nothing from another that does.
func TestCompletionIsBounded(t *testing.T) {
	kubeconfig(t, map[string]*cluster{"dead": newCluster(t), "well": newCluster(t, "web")}, nil)
	started := time.Now()
	offers(t, []string{"web"}, "expose", "--context", "dead,well", "")
	if took := time.Since(started); took > completionTime+time.Second {
		t.Errorf("took %s", took)
	}
}

// TestCompletionNeverLogsIn: a plugin of the kubeconfig that may ask the user
// is not run.
func TestCompletionNeverLogsIn(t *testing.T) {
	plugin := func(name string, mode clientcmdapi.ExecInteractiveMode, args ...string) *clientcmdapi.AuthInfo {
		file := filepath.Join(t.TempDir(), name)
		script := fmt.Sprintf("#!/bin/sh\ntouch %q\necho '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{\"token\":\"t\"}}'\n", traceOf(file))
		if err := os.WriteFile(file, []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
		return &clientcmdapi.AuthInfo{Exec: &clientcmdapi.ExecConfig{
			APIVersion: "client.authentication.k8s.io/v1", Command: file, InteractiveMode: mode, Args: args,
		}}
	}
	const ask, never = clientcmdapi.IfAvailableExecInteractiveMode, clientcmdapi.NeverExecInteractiveMode
	for name, c := range map[string]struct {
		user *clientcmdapi.AuthInfo
		runs bool
	}{
		"code":        {plugin("kubelogin", ask, "get-token", "--login", "devicecode"), false},
		"default":     {plugin("kubelogin", ask, "get-token"), false},
		"browser":     {plugin("kubelogin", ask, "get-token", "--login=interactive"), false},
		"other":       {plugin("other-login", ask), false},
		"azure cli":   {plugin("kubelogin", ask, "get-token", "--login", "azurecli"), true},
		"never asks":  {plugin("other-login", never), true},
		"environment": {withMode(plugin("kubelogin", ask, "get-token"), "msi"), true},
	} {
		t.Run(name, func(t *testing.T) {
			kubeconfig(t, map[string]*cluster{"aks-1": newCluster(t, "web")}, map[string]*clientcmdapi.AuthInfo{"aks-1": c.user})
			ran := func() bool {
				_, err := os.Stat(traceOf(c.user.Exec.Command))
				return err == nil
			}
			got, _ := completed(t, "expose", "--context", "aks-1", "")
			// On a machine that is very busy, its time may be over before that.
			for again := 0; c.runs && !ran() && again < 10; again++ {
				got, _ = completed(t, "expose", "--context", "aks-1", "")
			}
			if ran() != c.runs {
				t.Errorf("it ran: %v", ran())
			}
			if offered := len(got) > 0; offered && !c.runs {
				t.Errorf("%q is offered", got)
			}
		})
	}
}

// traceOf is a file that a plugin leaves when it runs.
func traceOf(plugin string) string { return filepath.Join(filepath.Dir(plugin), "ran") }

func withMode(user *clientcmdapi.AuthInfo, mode string) *clientcmdapi.AuthInfo {
	user.Exec.Env = []clientcmdapi.ExecEnvVar{{Name: "AAD_LOGIN_METHOD", Value: mode}}
	return user
}
