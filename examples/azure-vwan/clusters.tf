resource "azurerm_user_assigned_identity" "cluster" {
  for_each = var.clusters

  name                = "id-${each.key}"
  resource_group_name = azurerm_resource_group.lab.name
  location            = azurerm_resource_group.lab.location
}

# The cluster's identity makes the mesh's internal load balancer in the nodes'
# subnet, and AKS wants it to have rights there before the cluster is made.
resource "azurerm_role_assignment" "network" {
  for_each = var.clusters

  scope                = azurerm_virtual_network.cluster[each.key].id
  role_definition_name = "Network Contributor"
  principal_id         = azurerm_user_assigned_identity.cluster[each.key].principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_kubernetes_cluster" "cluster" {
  for_each = var.clusters

  name                = each.key
  resource_group_name = azurerm_resource_group.lab.name
  location            = azurerm_resource_group.lab.location
  dns_prefix          = each.key
  kubernetes_version  = var.kubernetes_version

  default_node_pool {
    name           = "system"
    vm_size        = var.node_size
    node_count     = var.node_count
    vnet_subnet_id = azurerm_subnet.nodes[each.key].id

    upgrade_settings {
      max_surge = "10%"
    }
  }

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.cluster[each.key].id]
  }

  # Nodes are those of the pool above: AKS's own Karpenter makes none.
  node_provisioning_profile {
    mode = "Manual"
  }

  # No CNI: "kubectl aksmesh join" installs Cilium, and takes the pod_cidr that
  # Azure has here. It also switches kube-proxy off, which azurerm cannot
  # (Azure's stable API does not know the setting).
  network_profile {
    network_plugin = "none"
    pod_cidr       = each.value.pods
    service_cidr   = each.value.services
    dns_service_ip = cidrhost(each.value.services, 10)
  }

  # Azure has not always kept this pod_cidr, and Terraform would make a new
  # cluster to have it back (README).
  lifecycle {
    ignore_changes = [network_profile[0].pod_cidr]
  }

  depends_on = [azurerm_role_assignment.network]
}
