# written by kubectl aksmesh, sha256 e66482acc4dfe275f850cfa0270792beb84852dbf048daddb0d7df52ae947ada
# shellcheck shell=sh
# Switches kube-proxy off in Azure: sh azure.sh. It takes minutes, and changes
# nothing where that is so already. The az extension aks-preview is needed, as
# the property is part of preview API versions only.
set -eu
config=$(mktemp)
trap 'rm -f "$config"' EXIT
echo '{"enabled": false}' >"$config"
az extension add --upgrade --name aks-preview
az aks update --ids /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks-1 --kube-proxy-config "$config"
