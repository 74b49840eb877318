# written by kubectl aksmesh, sha256 f41c207731eab88c999b31843ebc57d999e5505c38928be94fa62900d012bd6c
# Switches kube-proxy off in Azure, as azure.sh does: use one of the two. Provider:
# Azure/azapi, 2.0 or newer. Where Terraform makes the cluster itself, put the
# property there instead, or the two will undo each other's work.
resource "azapi_update_resource" "kube_proxy_aks_1" {
  type        = "Microsoft.ContainerService/managedClusters@2025-10-02-preview"
  resource_id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks-1"
  body = {
    properties = {
      networkProfile = {
        kubeProxyConfig = {
          enabled = false
        }
      }
    }
  }
}
