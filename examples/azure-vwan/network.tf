resource "azurerm_resource_group" "lab" {
  name     = var.resource_group
  location = var.location

  lifecycle {
    precondition {
      condition     = length(local.overlaps) == 0
      error_message = "These ranges overlap: ${join("; ", local.overlaps)}."
    }
  }
}

# The hub routes between all networks that are connected to it; none is peered
# with another.
resource "azurerm_virtual_wan" "lab" {
  name                = "vwan-aksmesh"
  resource_group_name = azurerm_resource_group.lab.name
  location            = azurerm_resource_group.lab.location
}

resource "azurerm_virtual_hub" "lab" {
  name                = "vhub-aksmesh"
  resource_group_name = azurerm_resource_group.lab.name
  location            = azurerm_resource_group.lab.location
  virtual_wan_id      = azurerm_virtual_wan.lab.id
  address_prefix      = var.hub_prefix
}

resource "azurerm_virtual_network" "cluster" {
  for_each = var.clusters

  name                = "vnet-${each.key}"
  resource_group_name = azurerm_resource_group.lab.name
  location            = azurerm_resource_group.lab.location
  address_space       = [each.value.vnet]
}

resource "azurerm_subnet" "nodes" {
  for_each = var.clusters

  name                 = "nodes"
  resource_group_name  = azurerm_resource_group.lab.name
  virtual_network_name = azurerm_virtual_network.cluster[each.key].name
  address_prefixes     = [each.value.nodes]
}

resource "azurerm_virtual_hub_connection" "cluster" {
  for_each = var.clusters

  name                      = each.key
  virtual_hub_id            = azurerm_virtual_hub.lab.id
  remote_virtual_network_id = azurerm_virtual_network.cluster[each.key].id
}
