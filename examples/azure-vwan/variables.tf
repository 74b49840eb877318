variable "subscription_id" {
  description = "Subscription that the lab is made in."
  type        = string
}

variable "location" {
  description = "Azure region of all resources."
  type        = string
  default     = "westeurope"
}

variable "resource_group" {
  description = "Name of the resource group that is made for the lab."
  type        = string
  default     = "rg-aksmesh-lab"
}

variable "kubernetes_version" {
  description = "Minor version of Kubernetes, one that Cilium is tested with (kubectl aksmesh version)."
  type        = string
  default     = "1.34"
}

variable "node_size" {
  description = "Size of the nodes."
  type        = string
  default     = "Standard_D2s_v5"
}

variable "node_count" {
  description = "Nodes of each cluster."
  type        = number
  default     = 2
}

variable "hub_prefix" {
  description = "Addresses of the virtual hub: at least a /24, better a /23."
  type        = string
  default     = "10.0.0.0/23"

  validation {
    condition     = try(cidrsubnet(var.hub_prefix, 0, 0) == var.hub_prefix && tonumber(split("/", var.hub_prefix)[1]) <= 24, false)
    error_message = "The hub's prefix has to be a network of at least a /24, as 10.0.0.0/23."
  }
}

# What must not overlap in a mesh: nodes and virtual networks anywhere, pods
# anywhere, and a cluster's services with any of them. Services of two clusters
# could have the same range; here they do not.
variable "clusters" {
  description = "The clusters by name, which is also the name of the kubeconfig context. All are ranges in CIDR notation."
  type = map(object({
    vnet     = string # virtual network
    nodes    = string # subnet of the nodes and of the mesh's load balancer, within vnet
    services = string
    pods     = string
  }))
  default = {
    aks-1 = {
      vnet     = "10.1.0.0/16"
      nodes    = "10.1.0.0/20"
      services = "10.101.0.0/16"
      pods     = "100.64.0.0/16"
    }
    aks-2 = {
      vnet     = "10.2.0.0/16"
      nodes    = "10.2.0.0/20"
      services = "10.102.0.0/16"
      pods     = "100.65.0.0/16"
    }
    aks-3 = {
      vnet     = "10.3.0.0/16"
      nodes    = "10.3.0.0/20"
      services = "10.103.0.0/16"
      pods     = "100.66.0.0/16"
    }
  }

  validation {
    condition     = alltrue([for cidr in flatten([for c in var.clusters : values(c)]) : try(cidrsubnet(cidr, 0, 0) == cidr, false)])
    error_message = "Each range of each cluster has to be a network in CIDR notation, as 10.1.0.0/16."
  }

  validation {
    condition = alltrue([
      for c in var.clusters : try(
        cidrsubnet("${cidrhost(c.nodes, 0)}/${split("/", c.vnet)[1]}", 0, 0) == c.vnet && tonumber(split("/", c.nodes)[1]) >= tonumber(split("/", c.vnet)[1]),
        false
      )
    ])
    error_message = "The nodes of each cluster have to be within its virtual network."
  }
}
