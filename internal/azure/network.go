package azure

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// survey reads the network of one cluster.
type survey struct {
	*Networks
	cluster *ManagedCluster

	mu  sync.Mutex // guards what follows while resources are read in parallel
	out mesh.AzureNetwork
	err []error
}

// Read reads what packets of the cluster's nodes pass: virtual networks with
// their peerings or Virtual WAN hub, the security groups on subnets and on
// network interfaces, and route tables. It needs no more than Reader rights. A
// resource that cannot be read is left out, and costs one error, an [*Error] with
// status 403 that names the missing action where a right is the reason.
func (n *Networks) Read(ctx context.Context, m *ManagedCluster) (*mesh.AzureNetwork, []error) {
	s := &survey{Networks: n, cluster: m}
	s.parallel(
		func() { s.interfaces(ctx) },
		func() { s.virtualNetworks(ctx) },
	)
	var groups, tables []string
	for _, subnet := range m.subnets {
		groups, tables = appendNew(groups, subnet.NSG), appendNew(tables, subnet.RouteTable)
	}
	for _, nic := range s.out.NICs {
		groups = appendNew(groups, nic.NSG)
	}
	var reads []func()
	for _, id := range named(groups) {
		reads = append(reads, func() { s.securityGroup(ctx, id) })
	}
	for _, id := range named(tables) {
		reads = append(reads, func() { s.routeTable(ctx, id) })
	}
	for i := range s.out.VNets {
		reads = append(reads, func() { s.hub(ctx, &s.out.VNets[i]) })
	}
	s.parallel(reads...)
	s.sort()
	return &s.out, s.err
}

// named are the ids that are not empty.
func named(ids []string) []string {
	return slices.DeleteFunc(ids, func(id string) bool { return id == "" })
}

func (s *survey) parallel(reads ...func()) {
	var group sync.WaitGroup
	for _, read := range reads {
		group.Go(read)
	}
	group.Wait()
}

// add takes over what was read.
func (s *survey) add(take func(*mesh.AzureNetwork)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	take(&s.out)
}

// sort gives everything an order that does not depend on who answered first.
func (s *survey) sort() {
	slices.SortFunc(s.out.VNets, func(a, b mesh.VNet) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(s.out.NSGs, func(a, b mesh.SecurityGroup) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(s.out.RouteTables, func(a, b mesh.RouteTable) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(s.err, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
}

// failed keeps an error; action is what a missing right would be.
func (s *survey) failed(err error, what, id, action string) {
	if isStatus(err, http.StatusForbidden) {
		err = &Error{
			Code: "AuthorizationFailed", Status: http.StatusForbidden,
			Message: "cannot read the " + what + ": the login lacks " + action + " on " + id,
			Next:    "ask for Reader on it", err: err,
		}
	} else {
		err = translate(err, "read the "+what+" "+id, s.cluster.ID)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = append(s.err, err)
}

func (s *survey) virtualNetworks(ctx context.Context) {
	var ids []string
	for _, subnet := range s.cluster.subnets {
		ids = appendNew(ids, subnet.VNet)
	}
	if len(ids) == 0 && s.cluster.nodeGroup() != "" { // those that AKS made could not be listed
		path := s.cluster.nodeGroup() + "/providers/Microsoft.Network/virtualNetworks"
		if _, err := s.list(ctx, path, versionNetwork); err != nil {
			s.failed(err, "virtual networks", s.cluster.nodeGroup(), "Microsoft.Network/virtualNetworks/read")
		}
	}
	for _, id := range named(ids) {
		at := slices.IndexFunc(s.cluster.vnets, func(o object) bool { return strings.EqualFold(digString(o, "id"), id) })
		if at >= 0 {
			s.add(func(n *mesh.AzureNetwork) { n.VNets = append(n.VNets, parseVNet(id, s.cluster.vnets[at])) })
			continue
		}
		body, err := s.get(ctx, id, versionNetwork) // read before: this only tells why it failed
		if err != nil {
			s.failed(err, "virtual network", id, "Microsoft.Network/virtualNetworks/read")
			continue
		}
		s.add(func(n *mesh.AzureNetwork) { n.VNets = append(n.VNets, parseVNet(id, body)) })
	}
}

// interfaces reads which security groups AKS has put on the nodes' network
// interfaces. Scale sets show it in their model; pools of single machines have
// interfaces of their own.
func (s *survey) interfaces(ctx context.Context) {
	group := s.cluster.nodeGroup()
	if group == "" {
		s.add(func(n *mesh.AzureNetwork) { n.NICsUnread = true })
		return
	}
	read := func(typ, version string, parse func(object) []mesh.NIC) {
		all, err := s.list(ctx, group+"/providers/"+typ, version)
		if err != nil {
			s.failed(err, "nodes' network interfaces", group, typ+"/read")
			s.add(func(n *mesh.AzureNetwork) { n.NICsUnread = true })
			return
		}
		for _, o := range all {
			s.add(func(n *mesh.AzureNetwork) { n.NICs = appendNICs(n.NICs, parse(o)) })
		}
	}
	sets, machines := false, false
	for _, pool := range s.cluster.pools() {
		single := strings.EqualFold(digString(pool, "type"), "VirtualMachines")
		sets, machines = sets || !single, machines || single
	}
	if sets {
		read("Microsoft.Compute/virtualMachineScaleSets", versionCompute, parseScaleSet)
	}
	if machines {
		read("Microsoft.Network/networkInterfaces", versionNetwork, parseInterface)
	}
}

// appendNICs leaves out what says nothing new: pools mostly share one group.
func appendNICs(list, more []mesh.NIC) []mesh.NIC {
	for _, nic := range more {
		if !slices.ContainsFunc(list, func(n mesh.NIC) bool {
			return strings.EqualFold(n.Subnet, nic.Subnet) && strings.EqualFold(n.NSG, nic.NSG)
		}) {
			list = append(list, nic)
		}
	}
	return list
}

func (s *survey) securityGroup(ctx context.Context, id string) {
	body, err := s.get(ctx, id, versionNetwork)
	if err != nil {
		s.failed(err, "network security group", id, "Microsoft.Network/networkSecurityGroups/read")
		return
	}
	s.add(func(n *mesh.AzureNetwork) { n.NSGs = append(n.NSGs, parseSecurityGroup(id, body)) })
}

func (s *survey) routeTable(ctx context.Context, id string) {
	body, err := s.get(ctx, id, versionNetwork)
	if err != nil {
		s.failed(err, "route table", id, "Microsoft.Network/routeTables/read")
		return
	}
	s.add(func(n *mesh.AzureNetwork) { n.RouteTables = append(n.RouteTables, parseRouteTable(id, body)) })
}
