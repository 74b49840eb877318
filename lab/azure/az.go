package azure

import (
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

//go:embed az.sh
var azScript string

// WriteAz writes the simulated Azure CLI to dir/bin/az, to be put on PATH, and
// logs it in (the file dir/logged-in; remove it, or run "az logout", to be
// logged out). dir is the Dir of [Config]; [Run] calls WriteAz by itself.
func WriteAz(dir string) error {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("write the simulated az: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(abs, "bin"), 0o755); err != nil {
		return fmt.Errorf("write the simulated az: %w", err)
	}
	if _, err := loadToken(abs); err != nil {
		return err
	}
	quoted := "'" + strings.ReplaceAll(abs, "'", `'\''`) + "'"
	script := strings.NewReplacer("@DIR@", quoted, "@TENANT@", tenantID).Replace(azScript)
	return errors.Join(
		writeFile(filepath.Join(abs, "bin", "az"), []byte(script), 0o755),
		writeFile(filepath.Join(abs, "logged-in"), nil, 0o600),
	)
}

// loadToken returns the bearer token that az hands out and the server accepts;
// it is made when there is none.
func loadToken(dir string) (string, error) {
	path := filepath.Join(dir, "token")
	raw, err := os.ReadFile(path)
	if err == nil {
		return strings.TrimSpace(string(raw)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the simulated azure's token: %w", err)
	}
	token := "simulated-" + rand.Text()
	return token, writeFile(path, []byte(token), 0o600)
}

// writeAccount writes what "az account show" answers.
func writeAccount(dir, subscription string) error {
	raw, err := json.MarshalIndent(object{
		"environmentName": "AzureCloud", "homeTenantId": tenantID, "tenantId": tenantID, "id": subscription,
		"isDefault": true, "managedByTenants": []any{}, "name": "aksmesh lab (simulated)", "state": "Enabled",
		"user": object{"name": "lab@example.invalid", "type": "user"},
	}, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, "account.json"), append(raw, '\n'), 0o644)
}
