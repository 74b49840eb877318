# written by kubectl aksmesh, sha256 d7a8a3409804ec61c2cd5e39d34714ae4c57520655fae6f67c53585ec0870142
# shellcheck shell=sh
# Switches kube-proxy on in Azure: sh azure.sh. It takes minutes, and changes
# nothing where that is so already. The az extension aks-preview is needed, as
# the property is part of preview API versions only.
set -eu
config=$(mktemp)
trap 'rm -f "$config"' EXIT
echo '{"enabled": true}' >"$config"
az extension add --upgrade --name aks-preview
az aks update --ids /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks-3 --kube-proxy-config "$config"
