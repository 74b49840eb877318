package examples

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// rights says if a cluster is made before its own identity may join the nodes'
// subnet and make load balancers there. AKS gives an identity that it makes
// itself these rights, but one of the user's has to have them beforehand.
func (l *Lab) rights(cluster *hclsyntax.Block) []string {
	if !strings.Contains(l.text(attribute(cluster.Body, "identity", "type")), "UserAssigned") {
		return nil
	}
	var problems []string
	for _, identity := range l.resources("azurerm_user_assigned_identity") {
		if !refers(attribute(cluster.Body, "identity", "identity_ids"), address(identity)) {
			continue
		}
		grant := l.grant(cluster, identity)
		switch {
		case grant == nil:
			problems = append(problems, say(cluster.DefRange(), "%s has an identity without rights in the nodes' subnet: %s needs a role assignment as Network Contributor there",
				address(cluster), address(identity)))
		case !slices.Contains(references(cluster.Body), address(grant)):
			problems = append(problems, say(cluster.DefRange(), "%s may be made before its identity has its rights: it needs depends_on = [%s]", address(cluster), address(grant)))
		}
	}
	return problems
}

// grant is the role assignment that gives an identity rights in the subnet of a
// cluster's nodes, or in what that is part of.
func (l *Lab) grant(cluster, identity *hclsyntax.Block) *hclsyntax.Block {
	for _, a := range l.resources("azurerm_role_assignment") {
		role := a.Body.Attributes["role_definition_name"]
		enough := role == nil || slices.Contains([]string{"Network Contributor", "Contributor", "Owner"}, l.text(role))
		if enough && each(a) == each(cluster) && refers(a.Body.Attributes["principal_id"], address(identity)) &&
			slices.ContainsFunc(l.around(cluster), func(place string) bool { return refers(a.Body.Attributes["scope"], place) }) {
			return a
		}
	}
	return nil
}

// around are the subnet of a cluster's nodes and what it names: its network and
// its resource group.
func (l *Lab) around(cluster *hclsyntax.Block) []string {
	var places []string
	for _, subnet := range l.resources("azurerm_subnet") {
		if refers(attribute(cluster.Body, "default_node_pool", "vnet_subnet_id"), address(subnet)) {
			places = append(append(places, address(subnet)), references(subnet.Body)...)
		}
	}
	return places
}

// address is how expressions name a resource.
func address(b *hclsyntax.Block) string { return strings.Join(b.Labels, ".") }

// refers says whether an argument names a resource.
func refers(a *hclsyntax.Attribute, address string) bool {
	if a == nil {
		return false
	}
	return slices.Contains(named(a), address)
}

// references are the resources that a body names anywhere.
func references(body *hclsyntax.Body) []string {
	var all []string
	for _, name := range sorted(body.Attributes) {
		all = append(all, named(body.Attributes[name])...)
	}
	for _, b := range body.Blocks {
		all = append(all, references(b.Body)...)
	}
	return all
}

func named(a *hclsyntax.Attribute) []string {
	var all []string
	for _, t := range a.Expr.Variables() {
		path := names(t)
		all = append(all, strings.Join(path[:min(2, len(path))], "."))
	}
	return all
}
