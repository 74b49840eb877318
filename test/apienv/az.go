package apienv

import (
	"fmt"
	"os"
	"path/filepath"
)

// simulatedAz is an `az` that knows one command, the one that azidentity's
// AzureCLICredential runs, and is logged in for ever.
const simulatedAz = `#!/bin/sh
# simulated Azure CLI
case "$1 $2" in
"account get-access-token")
	printf '{"accessToken":"%s","expires_on":%%s,"tokenType":"Bearer"}\n' "$(($(date +%%s) + 3600))" ;;
*)
	echo "simulated az does not know: $*" >&2
	exit 2 ;;
esac
`

// loggedOutAz is an `az` that nobody is logged in to.
const loggedOutAz = `#!/bin/sh
echo "ERROR: Please run 'az login' to setup account." >&2
exit 1
`

// writeAz puts an `az` into the folder.
func writeAz(dir string, loggedIn bool) error {
	script := loggedOutAz
	if loggedIn {
		script = fmt.Sprintf(simulatedAz, armToken)
	}
	return os.WriteFile(filepath.Join(dir, "az"), []byte(script), 0o755)
}
