output "contexts" {
  description = "The kubeconfig contexts that get_credentials makes."
  value       = [for cluster in azurerm_kubernetes_cluster.cluster : cluster.name]
}

output "get_credentials" {
  description = "Commands that add the contexts to your kubeconfig."
  value       = [for cluster in azurerm_kubernetes_cluster.cluster : "az aks get-credentials --resource-group ${cluster.resource_group_name} --name ${cluster.name} --context ${cluster.name}"]
}

output "join" {
  description = "The command that makes the clusters one mesh."
  value       = "kubectl aksmesh join --context ${join(",", keys(var.clusters))}"
}
