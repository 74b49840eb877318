# written by kubectl aksmesh, sha256 233cc3da926465b4ab5cb09081255c3c53adcb6976161f98b699f3557d87c04c
# Switches kube-proxy off in Azure, as azure.sh does: use one of the two. Provider:
# Azure/azapi, 2.0 or newer. Where Terraform makes the cluster itself, put the
# property there instead, or the two will undo each other's work.
resource "azapi_update_resource" "kube_proxy_arn_aws_x_one" {
  type        = "Microsoft.ContainerService/managedClusters@2026-03-02-preview"
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
