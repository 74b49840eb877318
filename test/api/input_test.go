package api

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

func TestBadInput(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Clusters: 2})
	dir := t.TempDir()
	malformed, list := filepath.Join(dir, "malformed.yaml"), filepath.Join(dir, "list.yaml")
	write(t, malformed, "{ this: is, not: YAML")
	write(t, list, "- a list\n- is no map of values\n")
	long := strings.Repeat("a", 33)
	cases := map[string]struct {
		args []string
		want []string // in the line
	}{
		"no context":               {[]string{"join", "--yes"}, []string{"no clusters named", "--context aks-1"}},
		"empty context":            {joining(""), []string{"no clusters named"}},
		"one context":              {joining("aks-1"), []string{"at least two clusters", `"aks-1"`}},
		"the same twice":           {joining("aks-1,aks-1"), []string{"named twice", `"aks-1"`}},
		"unknown context":          {joining("aks-1,nowhere"), []string{`"nowhere"`, "not in the kubeconfig", "aks-2"}},
		"pool is no CIDR":          {joining(two, "--pod-pool=10.0.0.0"), []string{"--pod-pool", `"10.0.0.0"`}},
		"pod CIDR is none":         {joining(two, "--pod-cidr=aks-1=ten"), []string{"--pod-cidr", `"ten"`}},
		"pod CIDR has host bits":   {joining(two, "--pod-cidr=aks-1=10.9.0.1/16"), []string{"--pod-cidr", "10.9.0.1/16"}},
		"no CONTEXT=":              {joining(two, "--pod-cidr=10.9.0.0/16"), []string{"--pod-cidr", "CONTEXT=VALUE"}},
		"CONTEXT= is unknown":      {joining(two, "--pod-cidr=aks-9=10.9.0.0/16"), []string{"--pod-cidr", `"aks-9"`}},
		"name of unknown context":  {joining(two, "--cluster-name=aks-9=x"), []string{"--cluster-name", `"aks-9"`}},
		"id of unknown context":    {joining(two, "--cluster-id=aks-9=7"), []string{"--cluster-id", `"aks-9"`}},
		"address of unknown":       {joining(two, "--mesh-ip=aks-9=10.1.2.3"), []string{"--mesh-ip", `"aks-9"`}},
		"subnet of unknown":        {joining(two, "--mesh-subnet=aks-9=nodes"), []string{"--mesh-subnet", `"aks-9"`}},
		"ARM id of unknown":        {joining(two, "--azure-id=aks-9=/subscriptions/x"), []string{"--azure-id", `"aks-9"`}},
		"ARM id is none":           {joining(two, "--azure-id=aks-1=x"), []string{"--azure-id", `"x"`}},
		"CA from unknown":          {joining(two, "--ca-from=aks-9"), []string{"--ca-from", `"aks-9"`}},
		"id 0":                     {joining(two, "--cluster-id=aks-1=0"), []string{"--cluster-id", "between 1 and 255"}},
		"id 256":                   {joining(two, "--cluster-id=aks-1=256"), []string{"--cluster-id", "between 1 and 255"}},
		"id is no number":          {joining(two, "--cluster-id=aks-1=one"), []string{"--cluster-id", `"one"`}},
		"same id twice":            {joining(two, "--cluster-id=aks-1=7,aks-2=7"), []string{"7", "aks-1", "aks-2"}},
		"name too long":            {joining(two, "--cluster-name=aks-1="+long), []string{"--cluster-name", "32"}},
		"name illegal":             {joining(two, "--cluster-name=aks-1=A_b"), []string{"--cluster-name", "A_b"}},
		"same name twice":          {joining(two, "--cluster-name=aks-1=x,aks-2=x"), []string{`"x"`, "aks-1", "aks-2"}},
		"no kubeconfig":            {joining(two, "--kubeconfig="+filepath.Join(dir, "none")), []string{"kubeconfig", "none"}},
		"kubeconfig is a folder":   {joining(two, "--kubeconfig="+dir), []string{"kubeconfig"}},
		"kubeconfig is malformed":  {joining(two, "--kubeconfig="+malformed), []string{"kubeconfig"}},
		"values file is malformed": {joining(two, "--values="+malformed), []string{"malformed.yaml"}},
		"values file is a list":    {joining(two, "--values="+list), []string{"list.yaml"}},
		"no values file":           {joining(two, "--values="+filepath.Join(dir, "none.yaml")), []string{"none.yaml"}},
		"values of unknown":        {joining(two, "--values=aks-9="+list), []string{"list.yaml"}},
		"set of unknown":           {joining(two, "--set=aks-9:debug.enabled=true"), []string{`"aks-9"`}},
		"set without a value":      {joining(two, "--set=debug"), []string{"--set", "debug"}},
		"output":                   {joining(two, "--output=xml"), []string{"--output", `"xml"`}},
		"dry run":                  {joining(two, "--dry-run=maybe"), []string{"--dry-run", `"maybe"`}},
		"timeout":                  {joining(two, "--timeout=0s"), []string{"--timeout"}},
		"encapsulation":            {joining(two, "--encapsulation=gre"), []string{"--encapsulation", `"gre"`}},
		"encryption":               {joining(two, "--encryption=rot13"), []string{"--encryption", `"rot13"`}},
		"MTU":                      {joining(two, "--mtu=1"), []string{"--mtu", "1"}},
		"most clusters":            {joining(two, "--max-connected-clusters=256"), []string{"--max-connected-clusters", "511"}},
		"Cilium version":           {joining(two, "--cilium-version=1.2.3"), []string{"--cilium-version", "1.2.3"}},
		"no chart":                 {joining(two, "--chart="+dir), []string{"chart", dir}},
		"cloud":                    {joining(two, "--azure-cloud=mars"), []string{"mars"}},
		"ARM endpoint":             {joining(two, "--arm-endpoint=http://["), []string{"endpoint"}},
		"unknown flag":             {joining(two, "--frobnicate"), []string{"--frobnicate", "--help"}},
		"argument":                 {joining(two, "aks-3"), []string{"aks-3"}},
		"unknown command":          {[]string{"jion"}, []string{"jion"}},
	}
	writes := watch(t, w)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			r := w.Run(t, tc.args...)
			refused(t, r)
			lines := errorLines(r)
			if len(lines) != 1 {
				t.Fatalf("errors are %q, want one line\n%s", lines, said(r))
			}
			says(t, lines[0], tc.want...)
		})
	}
	noWrites(t, writes)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
