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
}
