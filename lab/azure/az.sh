#!/bin/sh
# The Azure CLI of the lab: a SIMULATION that knows four commands and hands out
# a token which only the lab's simulated Azure accepts.
set -eu
dir=@DIR@

need_login() {
  if [ ! -e "$dir/logged-in" ]; then
    echo "ERROR: Please run 'az login' to setup account." >&2
    exit 1
  fi
}

case "${1:-} ${2:-}" in
"account get-access-token")
  need_login
  ends=$(($(date +%s) + 3600))
  printf '{\n  "accessToken": "%s",\n  "expiresOn": "%s",\n  "expires_on": %s,\n  "tenant": "%s",\n  "tokenType": "Bearer"\n}\n' \
    "$(cat "$dir/token")" "$(date -d "@$ends" '+%Y-%m-%d %H:%M:%S.000000')" "$ends" @TENANT@
  ;;
"account show")
  need_login
  cat "$dir/account.json"
  ;;
"login "*) : >"$dir/logged-in" ;;
"logout "*) rm -f "$dir/logged-in" ;;
*)
  echo "ERROR: the lab's simulated az has no '$*'." >&2
  exit 2
  ;;
esac
