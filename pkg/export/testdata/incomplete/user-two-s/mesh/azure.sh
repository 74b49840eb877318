# written by kubectl aksmesh, sha256 95363c6ad0f9f0278c58496a34d8dc29b0baa75076616ff41557bc7ee7bee784
# shellcheck shell=sh
# Switches kube-proxy off in Azure: sh azure.sh. It takes minutes, and changes
# nothing where that is so already. The az extension aks-preview is needed, as
# the property is part of preview API versions only.
set -eu
config=$(mktemp)
trap 'rm -f "$config"' EXIT
echo '{"enabled": false}' >"$config"
az extension add --upgrade --name aks-preview
# Its ARM resource id was not known; az finds it by the nodes' resource group.
az aks update --ids "$(az aks list --subscription 00000000-0000-0000-0000-000000000001 --query "[?nodeResourceGroup=='MC_2'].id" -o tsv)" --kube-proxy-config "$config"
