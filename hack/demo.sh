#!/usr/bin/env bash
# make demo: joins the lab's clusters, shares a service between them, shows who
# answers, has the doctor look, and says how to look around.
# usage: demo.sh LAB-PROGRAM PLUGIN CLUSTERS
set -euo pipefail
lab=$1 plugin=$2 clusters=$3
eval "$("$lab" env)"
contexts=$(seq -f 'aks-%g' -s, 1 "$clusters")

step() { printf '\n== %s\n' "$1"; }

step "join: bare clusters become one mesh"
(set -x; "$plugin" join --context "$contexts" --values "$LAB_VALUES" --yes)

step "the demo application, which answers with its cluster's name, in each cluster"
"$lab" hello

step "expose: the service becomes global"
(set -x; "$plugin" expose aks-helloworld --context "$contexts" --yes)

step "try: who answers a client in each cluster"
(set -x; "$plugin" try aks-helloworld --context "$contexts" -n 300)

if [ "$clusters" -ge 3 ]; then
  step "aks-1 keeps its own endpoints to itself, and clients in aks-2 prefer the others"
  (set -x; "$plugin" expose aks-helloworld --context aks-1 --shared=false --yes
    "$plugin" expose aks-helloworld --context aks-2 --affinity remote --yes
    "$plugin" try aks-helloworld --context "$contexts" -n 300)
fi

step "doctor: is anything wrong?"
(set -x; "$plugin" doctor --context aks-1)

cat <<TEXT

The clusters are up and joined. Look around with

    eval "\$($lab env)"
    $plugin status --context aks-1
    $plugin services --context aks-1 -A
    $plugin doctor --context aks-1
    $plugin join --context $contexts --values "\$LAB_VALUES"     # nothing to do

and take it all away with: make lab-down
TEXT
