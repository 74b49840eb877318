package examples

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const folder = "../../examples/azure-vwan"

// judged are all problems of a configuration.
func judged(l *Lab) []string {
	problems := append([]string{}, l.Problems...)
	problems = append(problems, l.Names()...)
	problems = append(problems, l.Shape()...)
	return append(problems, l.Addresses()...)
}

func TestLab(t *testing.T) {
	lab, err := Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range judged(lab) {
		t.Error(problem)
	}
	for kind, want := range map[string]int{
		"azurerm_resource_group": 1, "azurerm_virtual_wan": 1, "azurerm_virtual_hub": 1, "azurerm_virtual_hub_connection": 1,
		"azurerm_virtual_network": 1, "azurerm_subnet": 1, "azurerm_user_assigned_identity": 1, "azurerm_role_assignment": 1,
		"azurerm_kubernetes_cluster": 1,
	} {
		if got := len(lab.resources(kind)); got != want {
			t.Errorf("%d blocks of %s, want %d", got, kind, want)
		}
	}
	if clusters := lab.defaults()["clusters"]; clusters.LengthInt() != 3 {
		t.Errorf("%d clusters", clusters.LengthInt())
	}
	for _, output := range []string{"contexts", "get_credentials", "join"} {
		if !strings.Contains(texts(t)["outputs.tf"], `output "`+output+`"`) {
			t.Errorf("no output %s", output)
		}
	}
}

// texts are the lab's files, to be spoiled.
func texts(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.tf"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(file)] = string(text)
	}
	return all
}

// TestBrokenLabs spoils the lab in one place; the problem is found, and named.
func TestBrokenLabs(t *testing.T) {
	for name, c := range map[string]struct{ file, from, to, want string }{
		"pods overlap":           {"variables.tf", `"100.65.0.0/16"`, `"100.64.0.0/15"`, "AKSM301: "},
		"pods over far nodes":    {"variables.tf", `"100.65.0.0/16"`, `"10.1.0.0/16"`, "AKSM303: "},
		"pods over own services": {"variables.tf", `"100.65.0.0/16"`, `"10.102.0.0/16"`, "AKSM302: "},
		"pods over far services": {"variables.tf", `"100.65.0.0/16"`, `"10.101.0.0/16"`, "AKSM307: "},
		"networks overlap":       {"variables.tf", `vnet     = "10.2.0.0/16"`, `vnet     = "10.0.0.0/14"`, "AKSM310: "},
		"nodes overlap":          {"variables.tf", `"10.2.0.0/20"`, `"10.1.0.0/20"`, "AKSM309: "},
		"services over nodes":    {"variables.tf", `"10.102.0.0/16"`, `"10.2.0.0/16"`, "AKSM311: "},
		"reserved by Azure":      {"variables.tf", `"10.102.0.0/16"`, `"172.30.0.0/16"`, "AKSM315: "},
		"nodes outside":          {"variables.tf", `"10.2.0.0/20"`, `"10.9.0.0/20"`, "not within its virtual network"},
		"hub over a network":     {"variables.tf", `"10.0.0.0/23"`, `"10.3.2.0/23"`, "overlaps the hub"},
		"hub too small":          {"variables.tf", `"10.0.0.0/23"`, `"10.0.0.0/26"`, "at least a /24"},
		"pods too few":           {"variables.tf", `"100.65.0.0/16"`, `"100.65.0.0/25"`, "join would give aks-2"},
		"no CIDR":                {"variables.tf", `"100.65.0.0/16"`, `"100.65.0.1/16"`, "not a CIDR"},
		"a CNI":                  {"clusters.tf", `network_plugin = "none"`, `network_plugin = "azure"`, `network plugin "azure"`},
		"a network of AKS's":     {"clusters.tf", "    vnet_subnet_id = azurerm_subnet.nodes[each.key].id\n", "", "a network that AKS makes"},
		"unknown argument":       {"clusters.tf", "network_plugin =", "network_plugins =", "has no argument network_plugins"},
		"required argument":      {"clusters.tf", `  principal_id         = azurerm_user_assigned_identity.cluster[each.key].principal_id` + "\n", "", "needs argument principal_id"},
		"unknown block":          {"clusters.tf", "upgrade_settings {", "upgrade_setting {", "has no block upgrade_setting"},
		"unknown resource":       {"network.tf", `resource "azurerm_virtual_wan"`, `resource "azurerm_vwan"`, "azurerm_vwan is not known"},
		"unknown attribute":      {"clusters.tf", "[each.key].principal_id", "[each.key].principal", "has no attribute principal "},
		"unknown variable":       {"clusters.tf", "var.node_size", "var.size", "var.size is not declared"},
		"unknown reference":      {"network.tf", "virtual_hub_id            = azurerm_virtual_hub.lab", "virtual_hub_id            = azurerm_virtual_hub.hub", "azurerm_virtual_hub.hub.id is not declared"},
		"unformatted":            {"network.tf", "  name     = var.resource_group", "  name = var.resource_group", "not formatted"},
		"not closed":             {"outputs.tf", "}\n\noutput \"join\"", "\noutput \"join\"", "outputs.tf:"},
	} {
		t.Run(name, func(t *testing.T) {
			files := texts(t)
			spoiled := strings.Replace(files[c.file], c.from, c.to, 1)
			if spoiled == files[c.file] {
				t.Fatalf("%s does not have %q any more", c.file, c.from)
			}
			files[c.file] = spoiled
			problems := strings.Join(judged(Parse(files)), "\n")
			if !strings.Contains(problems, c.want) {
				t.Errorf("%q is not said in:\n%s", c.want, problems)
			}
		})
	}
}

// TestServicesOfTwoClusters may have the same range: each is used in its own.
func TestServicesOfTwoClusters(t *testing.T) {
	files := texts(t)
	files["variables.tf"] = strings.ReplaceAll(files["variables.tf"], `"10.102.0.0/16"`, `"10.101.0.0/16"`)
	for _, problem := range judged(Parse(files)) {
		t.Error(problem)
	}
}

// TestHubConnections: a network without a connection, or only one of them with
// one, is found.
func TestHubConnections(t *testing.T) {
	files := texts(t)
	at := strings.Index(files["network.tf"], `resource "azurerm_virtual_hub_connection"`)
	with := files["network.tf"][at:]
	for name, text := range map[string]string{
		"none":     "",
		"only one": strings.Replace(with, "  for_each = var.clusters\n\n", "", 1),
		"another":  strings.ReplaceAll(with, "azurerm_virtual_network.cluster", "azurerm_virtual_network.other"),
	} {
		changed := map[string]string{}
		for file, content := range files {
			changed[file] = content
		}
		changed["network.tf"] = files["network.tf"][:at] + text
		if problems := strings.Join(Parse(changed).Shape(), "\n"); !strings.Contains(problems, "connected to no hub") {
			t.Errorf("%s: it is not found: %s", name, problems)
		}
	}
}
