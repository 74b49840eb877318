# written by kubectl aksmesh, sha256 2c582a472044b743403e931a5689352bbd4d6ac43625328580fdc03a0f1136dc
# shellcheck shell=sh
# Switches kube-proxy off in Azure: sh azure.sh. It takes minutes, and changes
# nothing where that is so already. The az extension aks-preview is needed, as
# the property is part of preview API versions only.
set -eu
config=$(mktemp)
trap 'rm -f "$config"' EXIT
echo '{"enabled": false}' >"$config"
az extension add --upgrade --name aks-preview
az aks update --ids /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks-2 --kube-proxy-config "$config"
