package main

import "strings"

// quote writes NAME=value for a POSIX shell.
func quote(variable string) string {
	name, value, _ := strings.Cut(variable, "=")
	return name + "='" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}
