package examples

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/aksmesh/kubectl-aksmesh/internal/addressing"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/pkg/diagnose"
)

// Shape says what a mesh needs and the configuration does not have: clusters
// without a CNI, and a hub that all of their networks are connected to.
func (l *Lab) Shape() []string {
	var problems []string
	for _, b := range l.resources("azurerm_kubernetes_cluster") {
		if plugin := l.text(attribute(b.Body, "network_profile", "network_plugin")); plugin != "none" {
			problems = append(problems, say(b.DefRange(), "%s has network plugin %q: join needs \"none\"", b.Labels[1], plugin))
		}
		if attribute(b.Body, "default_node_pool", "vnet_subnet_id") == nil {
			problems = append(problems, say(b.DefRange(), "%s has nodes in a network that AKS makes, which the hub does not reach", b.Labels[1]))
		}
		problems = append(problems, l.rights(b)...)
	}
	for _, network := range l.resources("azurerm_virtual_network") {
		if !slices.ContainsFunc(l.resources("azurerm_virtual_hub_connection"), func(c *hclsyntax.Block) bool { return connects(c, network) }) {
			problems = append(problems, say(network.DefRange(), "virtual network %s is connected to no hub", network.Labels[1]))
		}
	}
	return problems
}

// connects says whether a connection is for a network, and for each of them if
// there are many.
func connects(connection, network *hclsyntax.Block) bool {
	return refers(connection.Body.Attributes["remote_virtual_network_id"], address(network)) && each(connection) == each(network)
}

// each is what for_each of a block goes over, as "var.clusters".
func each(b *hclsyntax.Block) string {
	over := b.Body.Attributes["for_each"]
	if over == nil {
		return ""
	}
	text := ""
	for _, t := range over.Expr.Variables() {
		text += fmt.Sprint(names(t))
	}
	return text
}

func attribute(body *hclsyntax.Body, block, name string) *hclsyntax.Attribute {
	for _, b := range body.Blocks {
		if b.Type == block {
			return b.Body.Attributes[name]
		}
	}
	return nil
}

// text is the value of an argument that is a literal.
func (l *Lab) text(a *hclsyntax.Attribute) string {
	if a == nil {
		return ""
	}
	value, problems := a.Expr.Value(nil)
	if problems.HasErrors() || value.Type() != cty.String {
		return ""
	}
	return value.AsString()
}

// Addresses says what this plugin thinks of the ranges: its judge refuses, or
// its planner would choose other pods.
func (l *Lab) Addresses() []string {
	values, _ := l.variables() // what is wrong with them, Values says
	snapshot, inputs, problems := l.snapshot(values)
	report := diagnose.Judge(snapshot, diagnose.Options{Phase: diagnose.Preflight})
	for _, f := range report.Findings {
		if f.Status == diagnose.Fail && f.Code.Family() == diagnose.Addressing {
			problems = append(problems, string(f.Code)+": "+f.Message)
		}
	}
	hub := netip.Prefix{}
	if value, ok := values["hub_prefix"]; ok && value.IsKnown() && value.Type() == cty.String {
		hub, _ = netip.ParsePrefix(value.AsString())
	}
	if !hub.IsValid() || hub.Bits() > 24 {
		problems = append(problems, fmt.Sprintf("the hub's prefix %s is not a CIDR of at least a /24", hub))
	}
	inputs.Avoid = append(inputs.Avoid, addressing.Range{Prefix: hub, What: "the hub"})
	problems = append(problems, hubOverlaps(inputs)...)
	planned, err := addressing.PlanPodCIDRs(inputs)
	if err != nil {
		return append(problems, err.Error())
	}
	for _, c := range inputs.Clusters {
		if !slices.Equal(planned[c.Context], []netip.Prefix{c.Preferred}) {
			problems = append(problems, fmt.Sprintf("join would give %s the pods %v instead of %s", c.Context, planned[c.Context], c.Preferred))
		}
	}
	return problems
}

func hubOverlaps(in addressing.Input) []string {
	var problems []string
	hub := in.Avoid[len(in.Avoid)-1]
	for _, r := range in.Avoid[:len(in.Avoid)-1] {
		if r.Prefix.Overlaps(hub.Prefix) {
			problems = append(problems, fmt.Sprintf("%s (%s) overlaps the hub (%s)", r.What, r.Prefix, hub.Prefix))
		}
	}
	return problems
}

// snapshot is what the plugin would see of the clusters before a join, as far
// as addresses go.
func (l *Lab) snapshot(values map[string]cty.Value) (mesh.Snapshot, addressing.Input, []string) {
	var problems []string
	var s mesh.Snapshot
	var in addressing.Input
	clusters, ok := values["clusters"]
	if !ok || !known(clusters) {
		return s, in, []string{"variable clusters has no value to judge"}
	}
	for it := clusters.ElementIterator(); it.Next(); {
		key, value := it.Element()
		name := key.AsString()
		prefix := map[string]netip.Prefix{}
		for _, of := range words("vnet nodes services pods") {
			if !value.Type().IsObjectType() || !value.Type().HasAttribute(of) {
				return s, in, []string{fmt.Sprintf("cluster %s has no %s to judge", name, of)}
			}
			p, err := netip.ParsePrefix(value.GetAttr(of).AsString())
			if err != nil || p != p.Masked() {
				problems = append(problems, fmt.Sprintf("%s of cluster %s is %q, not a CIDR", of, name, value.GetAttr(of).AsString()))
			}
			prefix[of] = p
		}
		if !prefix["vnet"].Contains(prefix["nodes"].Addr()) || prefix["nodes"].Bits() < prefix["vnet"].Bits() {
			problems = append(problems, fmt.Sprintf("the nodes of cluster %s are not within its virtual network", name))
		}
		s.Clusters = append(s.Clusters, facts(name, prefix))
		in.Clusters = append(in.Clusters, addressing.Cluster{Context: name, Preferred: prefix["pods"], Nodes: 2})
		for _, of := range words("vnet nodes services") {
			in.Avoid = append(in.Avoid, addressing.Range{Prefix: prefix[of], What: of + " of " + name})
		}
	}
	return s, in, problems
}

func facts(name string, prefix map[string]netip.Prefix) mesh.Facts {
	text := func(of string) []string { return []string{prefix[of].String()} }
	return mesh.Facts{
		Context:    name,
		Kubernetes: &mesh.Kubernetes{UID: name, Version: "v1.34.0", ServiceCIDRs: text("services"), AKS: true},
		Nodes:      []mesh.Node{{Name: name + "-1", InternalIPs: []string{prefix["nodes"].Addr().Next().String()}}},
		Config:     &mesh.Config{PodCIDRs: text("pods"), PodCIDRMaskSize: 24, IPv4: true},
		Azure: &mesh.Azure{
			ID: "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/" + name, State: "Succeeded",
			NetworkPlugin: "none", PodCIDRs: text("pods"), ServiceCIDRs: text("services"),
			Subnets: []mesh.Subnet{{ID: name + "/nodes", VNet: name, Prefixes: text("nodes"), VNetSpace: text("vnet")}},
		},
	}
}
