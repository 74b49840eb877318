#!/usr/bin/env bash
# Checks the example for Azure with Terraform itself: form, "validate", and "test"
# with a mocked azurerm, so neither Azure nor a registry is needed. azurerm's
# schema and what it judges of values are real: Go builds it from its sources,
# once, into the user's cache. Not part of CI: that takes too long.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v terraform >/dev/null; then
  echo "no terraform on the PATH: install Terraform 1.7 or newer" >&2
  exit 1
fi
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT

# azurerm's module path has no major version, so Go knows its releases only by
# their commits. This one is of its main branch, four days after 5.2.0.
version=5.2.0
module=github.com/hashicorp/terraform-provider-azurerm
commit=v1.44.1-0.20260824201233-fae580791926
# All of azurerm takes hours to build on a small machine; these of its services
# have the resources that test/examples knows.
services='authorization|containers|managedidentity|network|resource|subscription'

mirror=${XDG_CACHE_HOME:-$HOME/.cache}/kubectl-aksmesh-terraform/$commit
folder=$mirror/registry.terraform.io/hashicorp/azurerm/$version/$(go env GOOS)_$(go env GOARCH)
provider=terraform-provider-azurerm_v$version
if [ ! -x "$folder/$provider" ]; then
  echo "building azurerm $version into $mirror, once: that took half an hour on two busy processors" >&2
  cd "$work"
  sources=$(go mod download -json "$module@$commit" | sed -n 's/.*"Dir": "\(.*\)",/\1/p')
  mkdir azurerm
  cp -r "$sources"/{go.mod,go.sum,main.go,helpers,internal,utils,version} azurerm
  chmod -R u+w azurerm
  sed -i.all -E "/internal\/services\/($services)\"/!{/internal\/services\//d}; /^[[:space:]]*($services)\.Reg/!{/\.Registration\{\},/d}" \
    azurerm/internal/provider/services{,_gen}.go
  cp azurerm/go.{mod,sum} .
  go mod edit -module=provider -require="$module@$commit" -replace="$module=./azurerm"
  # Nothing is inlined and no symbols are kept: that is quicker to build.
  CGO_ENABLED=0 GOWORK=off go build -trimpath -gcflags=all=-l -ldflags "-s -w" -o "$provider" "$module"
  mkdir -p "$folder"
  mv "$provider" "$folder"
  cd "$OLDPWD"
fi

# A copy without a state and without values of the user's.
mkdir "$work/example"
cp -r examples/azure-vwan/*.tf examples/azure-vwan/tests "$work/example"
cat >"$work/mirror.tfrc" <<EOF
disable_checkpoint = true
provider_installation {
  filesystem_mirror {
    path = "$mirror"
  }
}
EOF
export TF_CLI_CONFIG_FILE=$work/mirror.tfrc TF_IN_AUTOMATION=1
terraform fmt -check -diff -recursive examples
terraform -chdir="$work/example" init -input=false >"$work/init.log" || { cat "$work/init.log"; exit 1; }
terraform -chdir="$work/example" validate
terraform -chdir="$work/example" test
terraform -chdir="$work/example" providers schema -json >"$work/schema.json"
cd test/examples
AKSMESH_SCHEMA=$work/schema.json "${GO:-go}" test -count=1 -run '^TestSchema$' .
