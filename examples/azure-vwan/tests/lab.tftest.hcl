# "terraform test" without Azure: the provider is mocked, so its schema and what
# it judges of values are real, and what Azure would answer is made up here.

mock_provider "azurerm" {
  mock_resource "azurerm_virtual_wan" {
    defaults = {
      id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-aksmesh-lab/providers/Microsoft.Network/virtualWans/vwan-aksmesh"
    }
  }

  mock_resource "azurerm_virtual_hub" {
    defaults = {
      id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-aksmesh-lab/providers/Microsoft.Network/virtualHubs/vhub-aksmesh"
    }
  }
}

# Each cluster has ids of its own, so that a reference to another's is seen.

override_resource {
  target = azurerm_virtual_network.cluster["aks-1"]
  values = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-aksmesh-lab/providers/Microsoft.Network/virtualNetworks/vnet-aks-1"
  }
}

override_resource {
  target = azurerm_subnet.nodes["aks-1"]
  values = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-aksmesh-lab/providers/Microsoft.Network/virtualNetworks/vnet-aks-1/subnets/nodes"
  }
}

override_resource {
  target = azurerm_user_assigned_identity.cluster["aks-1"]
  values = {
    id           = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-aksmesh-lab/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-aks-1"
    principal_id = "00000000-0000-0000-0000-000000000001"
  }
}

override_resource {
  target = azurerm_virtual_network.cluster["aks-2"]
  values = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-aksmesh-lab/providers/Microsoft.Network/virtualNetworks/vnet-aks-2"
  }
}

override_resource {
  target = azurerm_subnet.nodes["aks-2"]
  values = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-aksmesh-lab/providers/Microsoft.Network/virtualNetworks/vnet-aks-2/subnets/nodes"
  }
}

override_resource {
  target = azurerm_user_assigned_identity.cluster["aks-2"]
  values = {
    id           = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-aksmesh-lab/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-aks-2"
    principal_id = "00000000-0000-0000-0000-000000000002"
  }
}

override_resource {
  target = azurerm_virtual_network.cluster["aks-3"]
  values = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-aksmesh-lab/providers/Microsoft.Network/virtualNetworks/vnet-aks-3"
  }
}

override_resource {
  target = azurerm_subnet.nodes["aks-3"]
  values = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-aksmesh-lab/providers/Microsoft.Network/virtualNetworks/vnet-aks-3/subnets/nodes"
  }
}

override_resource {
  target = azurerm_user_assigned_identity.cluster["aks-3"]
  values = {
    id           = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-aksmesh-lab/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-aks-3"
    principal_id = "00000000-0000-0000-0000-000000000003"
  }
}

override_resource {
  target = azurerm_virtual_network.cluster["aks-4"]
  values = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-aksmesh-lab/providers/Microsoft.Network/virtualNetworks/vnet-aks-4"
  }
}

override_resource {
  target = azurerm_subnet.nodes["aks-4"]
  values = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-aksmesh-lab/providers/Microsoft.Network/virtualNetworks/vnet-aks-4/subnets/nodes"
  }
}

override_resource {
  target = azurerm_user_assigned_identity.cluster["aks-4"]
  values = {
    id           = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-aksmesh-lab/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-aks-4"
    principal_id = "00000000-0000-0000-0000-000000000004"
  }
}

variables {
  subscription_id = "00000000-0000-0000-0000-000000000000"
}

run "three_clusters" {
  assert {
    condition     = keys(azurerm_kubernetes_cluster.cluster) == ["aks-1", "aks-2", "aks-3"]
    error_message = "The defaults make ${join(", ", keys(azurerm_kubernetes_cluster.cluster))}."
  }

  assert {
    condition     = alltrue([for c in azurerm_kubernetes_cluster.cluster : c.network_profile[0].network_plugin == "none"])
    error_message = "A cluster has a CNI; join installs one."
  }

  assert {
    condition = alltrue([
      for name, c in azurerm_kubernetes_cluster.cluster :
      c.network_profile[0].pod_cidr == var.clusters[name].pods && c.network_profile[0].service_cidr == var.clusters[name].services
    ])
    error_message = "A cluster does not have the ranges of its variable."
  }

  assert {
    condition = 10 == length(distinct([
      for cidr in concat([azurerm_virtual_hub.lab.address_prefix], flatten([
        for name, c in azurerm_kubernetes_cluster.cluster :
        [tolist(azurerm_virtual_network.cluster[name].address_space)[0], c.network_profile[0].pod_cidr, c.network_profile[0].service_cidr]
      ])) : cidrsubnet("${cidrhost(cidr, 0)}/16", 0, 0)
    ]))
    error_message = "Two of the defaults' ranges are in the same /16."
  }

  assert {
    condition = alltrue([
      for name, c in azurerm_kubernetes_cluster.cluster :
      c.default_node_pool[0].vnet_subnet_id == azurerm_subnet.nodes[name].id && azurerm_subnet.nodes[name].virtual_network_name == azurerm_virtual_network.cluster[name].name
    ])
    error_message = "A cluster's nodes are not in the subnet of its own virtual network."
  }

  assert {
    condition = keys(azurerm_virtual_hub_connection.cluster) == keys(azurerm_virtual_network.cluster) && alltrue([
      for name, c in azurerm_virtual_hub_connection.cluster :
      c.remote_virtual_network_id == azurerm_virtual_network.cluster[name].id && c.virtual_hub_id == azurerm_virtual_hub.lab.id
    ])
    error_message = "A virtual network is not connected to the hub."
  }

  assert {
    condition = alltrue([
      for name, c in azurerm_kubernetes_cluster.cluster :
      c.identity[0].identity_ids == toset([azurerm_user_assigned_identity.cluster[name].id]) &&
      azurerm_role_assignment.network[name].principal_id == azurerm_user_assigned_identity.cluster[name].principal_id &&
      azurerm_role_assignment.network[name].scope == azurerm_virtual_network.cluster[name].id &&
      azurerm_role_assignment.network[name].role_definition_name == "Network Contributor"
    ])
    error_message = "A cluster's identity has no rights in its own virtual network."
  }

  assert {
    condition     = output.contexts == ["aks-1", "aks-2", "aks-3"]
    error_message = "The contexts are ${join(", ", output.contexts)}."
  }

  assert {
    condition = output.get_credentials == [
      for name in ["aks-1", "aks-2", "aks-3"] : "az aks get-credentials --resource-group rg-aksmesh-lab --name ${name} --context ${name}"
    ]
    error_message = "The commands for credentials are ${join("; ", output.get_credentials)}."
  }

  assert {
    condition     = output.join == "kubectl aksmesh join --context aks-1,aks-2,aks-3"
    error_message = "The command for the mesh is ${output.join}."
  }
}

# A fourth cluster, and another range for the first one's pods, after the lab was
# made: the fourth is added, and the first one's pods stay (README).
run "four_clusters" {
  variables {
    clusters = {
      aks-1 = { vnet = "10.1.0.0/16", nodes = "10.1.0.0/20", services = "10.101.0.0/16", pods = "100.70.0.0/16" }
      aks-2 = { vnet = "10.2.0.0/16", nodes = "10.2.0.0/20", services = "10.102.0.0/16", pods = "100.65.0.0/16" }
      aks-3 = { vnet = "10.3.0.0/16", nodes = "10.3.0.0/20", services = "10.103.0.0/16", pods = "100.66.0.0/16" }
      aks-4 = { vnet = "10.4.0.0/16", nodes = "10.4.0.0/20", services = "10.103.0.0/16", pods = "100.67.0.0/16" }
    }
  }

  assert {
    condition     = output.contexts == ["aks-1", "aks-2", "aks-3", "aks-4"] && endswith(output.join, "aks-1,aks-2,aks-3,aks-4")
    error_message = "The contexts are ${join(", ", output.contexts)}."
  }

  assert {
    condition     = azurerm_virtual_hub_connection.cluster["aks-4"].remote_virtual_network_id == azurerm_virtual_network.cluster["aks-4"].id
    error_message = "The fourth virtual network is not connected to the hub."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.cluster["aks-1"].network_profile[0].pod_cidr == "100.64.0.0/16"
    error_message = "Terraform changes the pods of a cluster that exists, for which Azure wants a new one."
  }
}

run "hub_too_small" {
  command = plan
  variables {
    hub_prefix = "10.0.0.0/26"
  }
  expect_failures = [var.hub_prefix]
}

run "no_range" {
  command = plan
  variables {
    clusters = {
      aks-1 = { vnet = "10.1.0.0/16", nodes = "10.1.0.0/20", services = "10.101.0.0/16", pods = "100.64.0.1/16" }
    }
  }
  expect_failures = [var.clusters]
}

run "nodes_elsewhere" {
  command = plan
  variables {
    clusters = {
      aks-1 = { vnet = "10.1.0.0/16", nodes = "10.2.0.0/20", services = "10.101.0.0/16", pods = "100.64.0.0/16" }
    }
  }
  expect_failures = [var.clusters]
}

run "nodes_beyond" {
  command = plan
  variables {
    clusters = {
      aks-1 = { vnet = "10.0.0.0/16", nodes = "10.0.0.0/8", services = "192.168.0.0/16", pods = "100.64.0.0/16" }
    }
    hub_prefix = "172.16.0.0/23"
  }
  expect_failures = [var.clusters]
}

run "hub_in_a_network" {
  command = plan
  variables {
    hub_prefix = "10.3.2.0/23"
  }
  expect_failures = [azurerm_resource_group.lab]
}

run "pods_twice" {
  command = plan
  variables {
    clusters = {
      aks-1 = { vnet = "10.1.0.0/16", nodes = "10.1.0.0/20", services = "10.101.0.0/16", pods = "100.64.0.0/16" }
      aks-2 = { vnet = "10.2.0.0/16", nodes = "10.2.0.0/20", services = "10.102.0.0/16", pods = "100.64.0.0/15" }
    }
  }
  expect_failures = [azurerm_resource_group.lab]
}

run "services_over_far_pods" {
  command = plan
  variables {
    clusters = {
      aks-1 = { vnet = "10.1.0.0/16", nodes = "10.1.0.0/20", services = "100.65.0.0/20", pods = "100.64.0.0/16" }
      aks-2 = { vnet = "10.2.0.0/16", nodes = "10.2.0.0/20", services = "10.102.0.0/16", pods = "100.65.0.0/16" }
    }
  }
  expect_failures = [azurerm_resource_group.lab]
}
