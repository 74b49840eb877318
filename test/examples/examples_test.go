package examples

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
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
	if variables, _ := lab.variables(); variables["clusters"].LengthInt() != 3 {
		t.Errorf("%d clusters", variables["clusters"].LengthInt())
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
		"pods overlap":              {"variables.tf", `"100.65.0.0/16"`, `"100.64.0.0/15"`, "AKSM301: "},
		"pods over far nodes":       {"variables.tf", `"100.65.0.0/16"`, `"10.1.0.0/16"`, "AKSM303: "},
		"pods over own services":    {"variables.tf", `"100.65.0.0/16"`, `"10.102.0.0/16"`, "AKSM302: "},
		"pods over far services":    {"variables.tf", `"100.65.0.0/16"`, `"10.101.0.0/16"`, "AKSM307: "},
		"networks overlap":          {"variables.tf", `vnet     = "10.2.0.0/16"`, `vnet     = "10.0.0.0/14"`, "AKSM310: "},
		"nodes overlap":             {"variables.tf", `"10.2.0.0/20"`, `"10.1.0.0/20"`, "AKSM309: "},
		"services over nodes":       {"variables.tf", `"10.102.0.0/16"`, `"10.2.0.0/16"`, "AKSM311: "},
		"reserved by Azure":         {"variables.tf", `"10.102.0.0/16"`, `"172.30.0.0/16"`, "AKSM315: "},
		"nodes outside":             {"variables.tf", `"10.2.0.0/20"`, `"10.9.0.0/20"`, "not within its virtual network"},
		"hub over a network":        {"variables.tf", `"10.0.0.0/23"`, `"10.3.2.0/23"`, "overlaps the hub"},
		"hub too small":             {"variables.tf", `"10.0.0.0/23"`, `"10.0.0.0/26"`, "at least a /24"},
		"pods too few":              {"variables.tf", `"100.65.0.0/16"`, `"100.65.0.0/25"`, "join would give aks-2"},
		"no CIDR":                   {"variables.tf", `"100.65.0.0/16"`, `"100.65.0.1/16"`, "not a CIDR"},
		"a CNI":                     {"clusters.tf", `network_plugin = "none"`, `network_plugin = "azure"`, `network plugin "azure"`},
		"a network of AKS's":        {"clusters.tf", "    vnet_subnet_id = azurerm_subnet.nodes[each.key].id\n", "", "a network that AKS makes"},
		"unknown argument":          {"clusters.tf", "network_plugin =", "network_plugins =", "has no argument network_plugins"},
		"required argument":         {"clusters.tf", `  principal_id         = azurerm_user_assigned_identity.cluster[each.key].principal_id` + "\n", "", "needs argument principal_id"},
		"unknown block":             {"clusters.tf", "upgrade_settings {", "upgrade_setting {", "has no block upgrade_setting"},
		"unknown resource":          {"network.tf", `resource "azurerm_virtual_wan"`, `resource "azurerm_vwan"`, "HERE: resource azurerm_vwan is not known"},
		"unknown attribute":         {"clusters.tf", "[each.key].principal_id", "[each.key].principal", `HERE: azurerm_user_assigned_identity.cluster[each.key].principal: This object does not have an attribute named "principal".`},
		"unknown variable":          {"clusters.tf", "var.node_size", "var.size", `HERE: var.size: This object does not have an attribute named "size".`},
		"unknown reference":         {"network.tf", "virtual_hub_id            = azurerm_virtual_hub.lab", "virtual_hub_id            = azurerm_virtual_hub.hub", `HERE: azurerm_virtual_hub.hub.id: This object does not have an attribute named "hub".`},
		"misspelt value of each":    {"clusters.tf", "each.value.pods", "each.value.pod", `HERE: each.value.pod: This object does not have an attribute named "pod".`},
		"misspelt key of each":      {"network.tf", "vnet-${each.key}", "vnet-${each.keys}", `HERE: each.keys: This object does not have an attribute named "keys".`},
		"each without for_each":     {"network.tf", "  for_each = var.clusters\n\n  name                 = \"nodes\"", "  name                 = \"nodes\"", `each.key: There is no variable named "each".`},
		"for_each of nothing":       {"network.tf", "for_each = var.clusters", "for_each = var.cluster", `HERE: var.cluster: This object does not have an attribute named "cluster".`},
		"one of many without key":   {"network.tf", "azurerm_virtual_network.cluster[each.key].id", "azurerm_virtual_network.cluster.id", `HERE: azurerm_virtual_network.cluster.id: This object does not have an attribute named "id".`},
		"misspelt in a for":         {"outputs.tf", ": cluster.name]", ": cluster.title]", `HERE: cluster.title: This object does not have an attribute named "title".`},
		"misspelt in a template":    {"outputs.tf", "${cluster.resource_group_name}", "${cluster.resource_group}", `HERE: cluster.resource_group: This object does not have an attribute named "resource_group".`},
		"misspelt in a local":       {"outputs.tf", `output "join"`, "locals {\n  nodes = { for name, c in var.clusters : name => c.node }\n}\n\noutput \"join\"", `c.node: This object does not have an attribute named "node".`},
		"misspelt in each local":    {"clusters.tf", `resource "azurerm_kubernetes_cluster" "cluster" {` + "\n  for_each = var.clusters", "locals {\n  mine = { for name, c in var.clusters : name => { pods = c.pods } }\n}\n\n" + `resource "azurerm_kubernetes_cluster" "cluster" {` + "\n  for_each = local.mine", `each.value.services: This object does not have an attribute named "services".`},
		"misspelt function":         {"clusters.tf", "cidrhost(", "cidrhosts(", `HERE: cidrhosts(each.value.services, 10): There is no function named "cidrhosts"`},
		"misspelt key of a default": {"variables.tf", `pods     = "100.65.0.0/16"`, `pod      = "100.65.0.0/16"`, "HERE: variable clusters is given key pod, which its type does not have"},
		"missing key of a default":  {"variables.tf", `      pods     = "100.65.0.0/16"` + "\n", "", `variables.tf:58: variable clusters: element "aks-2": attribute "pods" is required`},
		"misspelt key of a type":    {"variables.tf", "pods     = string", "pod      = string", "variables.tf:63: variable clusters is given key pods, which its type does not have"},
		"default of another type":   {"variables.tf", "default     = 2", `default     = "two"`, "HERE: variable node_count: number required"},
		"variable's argument":       {"variables.tf", `description = "Nodes of each cluster."`, `summary     = "Nodes of each cluster."`, "HERE: variable node_count has no argument summary"},
		"output's argument":         {"outputs.tf", `value       = "kubectl`, `values      = "kubectl`, "HERE: output join has no argument values"},
		"output without a value":    {"outputs.tf", `value       = "kubectl`, `values      = "kubectl`, "BLOCK: output join needs argument value"},
		"block of no language":      {"outputs.tf", `output "join"`, `outputs "join"`, "HERE: block outputs is not known"},
		"block without a name":      {"outputs.tf", `output "join"`, "output", "HERE: block output has 0 labels, not 1"},
		"missing features":          {"versions.tf", "  features {}\n", "", "BLOCK: provider azurerm needs block features"},
		"provider's argument":       {"versions.tf", "subscription_id  ", "subscription  ", "HERE: provider azurerm has no argument subscription"},
		"provider of another name":  {"versions.tf", "azurerm = {", "azurem = {", "versions.tf:13: provider azurerm needs provider azurerm, which required_providers does not have"},
		"provider's misspelt key":   {"versions.tf", "source  =", "sources =", "HERE: provider azurerm in required_providers has no key sources"},
		"terraform's argument":      {"versions.tf", "required_version", "requires_version", "HERE: terraform has no argument requires_version"},
		"missing identity":          {"clusters.tf", "  identity {\n    type         = \"UserAssigned\"\n    identity_ids = [azurerm_user_assigned_identity.cluster[each.key].id]\n  }\n\n", "", "BLOCK: azurerm_kubernetes_cluster.cluster needs one of identity, service_principal and has 0"},
		"missing node pool":         {"clusters.tf", "default_node_pool {", "node_pool {", "BLOCK: azurerm_kubernetes_cluster.cluster needs block default_node_pool"},
		"missing DNS prefix":        {"clusters.tf", "  dns_prefix          = each.key\n", "", "BLOCK: azurerm_kubernetes_cluster.cluster needs one of dns_prefix, dns_prefix_private_cluster and has 0"},
		"missing depends_on":        {"clusters.tf", "\n  depends_on = [azurerm_role_assignment.network]\n", "", "BLOCK: azurerm_kubernetes_cluster.cluster may be made before its identity has its rights: it needs depends_on = [azurerm_role_assignment.network]"},
		"depends_on of nothing":     {"clusters.tf", "[azurerm_role_assignment.network]", "[azurerm_role_assignment.vnet]", `HERE: azurerm_role_assignment.vnet: This object does not have an attribute named "vnet".`},
		"rights elsewhere":          {"clusters.tf", "azurerm_virtual_network.cluster[each.key].id", "azurerm_virtual_wan.lab.id", "needs a role assignment as Network Contributor there"},
		"rights to read":            {"clusters.tf", "Network Contributor", "Reader", "needs a role assignment as Network Contributor there"},
		"ignored by another name":   {"clusters.tf", "[0].pod_cidr]", "[0].pods]", "HERE: azurerm_kubernetes_cluster.cluster ignores changes of network_profile.pods, which it does not have"},
		"unformatted":               {"network.tf", "  name     = var.resource_group", "  name = var.resource_group", "not formatted"},
		"not closed":                {"outputs.tf", "}\n\noutput \"join\"", "\noutput \"join\"", "outputs.tf:"},
	} {
		t.Run(name, func(t *testing.T) {
			files := texts(t)
			spoiled := strings.Replace(files[c.file], c.from, c.to, 1)
			if spoiled == files[c.file] {
				t.Fatalf("%s does not have %q any more", c.file, c.from)
			}
			files[c.file] = spoiled
			problems := strings.Join(judged(Parse(files)), "\n")
			if want := place(c.file, texts(t)[c.file], spoiled, c.want); !strings.Contains(problems, want) {
				t.Errorf("%q is not said in:\n%s", want, problems)
			}
		})
	}
}

// place puts file and line of a change for HERE, and of the block around it for
// BLOCK.
func place(file, before, after, want string) string {
	same := 0
	for same < min(len(before), len(after)) && before[same] == after[same] {
		same++
	}
	here := strings.Count(before[:same], "\n")
	block := here
	for lines := strings.Split(before, "\n"); !regexp.MustCompile(`^\w.*{$`).MatchString(lines[block]); {
		block--
	}
	return strings.NewReplacer("HERE", fmt.Sprintf("%s:%d", file, here+1), "BLOCK", fmt.Sprintf("%s:%d", file, block+1)).Replace(want)
}

// TestAdditions: what others are likely to add is not called wrong.
func TestAdditions(t *testing.T) {
	for name, c := range map[string]struct{ file, from, to string }{
		"a delegated subnet": {"network.tf", "  address_prefixes     = [each.value.nodes]\n", `  address_prefixes     = [each.value.nodes]

  delegation {
    name = "pods"
    service_delegation {
      name    = "Microsoft.ContainerService/managedClusters"
      actions = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
    }
  }
`},
		"routing of a connection": {"network.tf", "  remote_virtual_network_id = azurerm_virtual_network.cluster[each.key].id\n", `  remote_virtual_network_id = azurerm_virtual_network.cluster[each.key].id

  routing {
    associated_route_table_id = azurerm_virtual_hub.lab.default_route_table_id
    propagated_route_table {
      labels          = ["default"]
      route_table_ids = [azurerm_virtual_hub.lab.default_route_table_id]
    }
  }
`},
		"a profile of the load balancer": {"clusters.tf", "    pod_cidr       = each.value.pods\n", `    pod_cidr       = each.value.pods
    load_balancer_profile {
      managed_outbound_ip_count = 2
    }
`},
		"timeouts": {"network.tf", "  address_prefix      = var.hub_prefix\n", `  address_prefix      = var.hub_prefix

  timeouts {
    create = "2h"
  }
`},
		"a backend": {"versions.tf", "  required_providers {\n", `  backend "azurerm" {
    key = "lab.tfstate"
  }
  required_providers {
`},
		"features": {"versions.tf", "  features {}\n", `  features {
    resource_group {
      prevent_deletion_if_contains_resources = false
    }
  }
`},
		"data": {"outputs.tf", "output \"join\" {\n", `data "azurerm_client_config" "me" {}

output "me" {
  value = data.azurerm_client_config.me.object_id
}

output "join" {
`},
		"a cluster by name": {"outputs.tf", "output \"join\" {\n", `output "first" {
  value = azurerm_kubernetes_cluster.cluster["aks-1"].identity[0].principal_id
}

output "join" {
`},
		"locals, in any order": {"outputs.tf", "output \"join\" {\n", `locals {
  a = [for name, c in local.b : c.pods]
  b = { for name, c in var.clusters : name => merge(c, { more = true }) if name != "aks-1" }
}

output "join" {
`},
		"a key that may be left out": {"variables.tf", "    pods     = string\n", `    pods     = string
    zones    = optional(list(string), ["1"])
`},
		"a validation": {"variables.tf", "  default     = 2\n", `  default     = 2
  validation {
    condition     = var.node_count > 0
    error_message = "At least one node."
  }
`},
		"clusters of the user's": {"variables.tf", "  default = {\n", "  nullable = false\n  default = {\n"},
	} {
		t.Run(name, func(t *testing.T) {
			files := texts(t)
			changed := strings.Replace(files[c.file], c.from, c.to, 1)
			if changed == files[c.file] {
				t.Fatalf("%s does not have %q any more", c.file, c.from)
			}
			files[c.file] = changed
			lab := Parse(files)
			for _, problem := range append(lab.Problems, lab.Names()...) {
				t.Error(problem)
			}
		})
	}
}

// TestVariableFiles are looked at as defaults are, and come before them.
func TestVariableFiles(t *testing.T) {
	for text, want := range map[string]string{
		`hub_prefix = "10.3.2.0/23"` + "\n":                      "overlaps the hub",
		`hub_prefixes = "10.0.0.0/23"` + "\n":                    "terraform.tfvars:1: variable hub_prefixes is not declared",
		`node_count = "two"` + "\n":                              "terraform.tfvars:1: variable node_count: number required",
		`clusters = { a = { vnets = "10.1.0.0/16" } }` + "\n":    "terraform.tfvars:1: variable clusters is given key vnets",
		`clusters = { aks-1 = { vnet = "10.1.0.0/16" } }` + "\n": "terraform.tfvars:1: variable clusters: ",
	} {
		files := texts(t)
		files["terraform.tfvars"] = text
		if problems := strings.Join(judged(Parse(files)), "\n"); !strings.Contains(problems, want) {
			t.Errorf("%s%q is not said in:\n%s", text, want, problems)
		}
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
