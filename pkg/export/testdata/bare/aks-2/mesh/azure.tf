# written by kubectl aksmesh, sha256 4a219711b67444e2388dd7b98b162268101b6a525aa3252ba11c71c830e16b71
# Switches kube-proxy off in Azure, as azure.sh does: use one of the two. Provider:
# Azure/azapi, 2.0 or newer. Where Terraform makes the cluster itself, put the
# property there instead, or the two will undo each other's work.
resource "azapi_update_resource" "kube_proxy_aks_2" {
  type        = "Microsoft.ContainerService/managedClusters@2026-03-02-preview"
  resource_id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks-2"
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
