# written by kubectl aksmesh, sha256 5dd810f7363c43677187d44dc4147348d7ab71706c3630a6b978a0efdd0d8f8e
# Switches kube-proxy on in Azure, as azure.sh does: use one of the two. Provider:
# Azure/azapi, 2.0 or newer. Where Terraform makes the cluster itself, put the
# property there instead, or the two will undo each other's work.
resource "azapi_update_resource" "kube_proxy_aks_3" {
  type        = "Microsoft.ContainerService/managedClusters@2026-03-02-preview"
  resource_id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks-3"
  body = {
    properties = {
      networkProfile = {
        kubeProxyConfig = {
          enabled = true
        }
      }
    }
  }
}
