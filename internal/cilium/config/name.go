// Package config reads how a Cilium is configured: ConfigMap cilium-config,
// and the rules for names and ids of clusters.
package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// MaxNameLength is the longest cluster name that Cilium takes, in bytes.
const MaxNameLength = 32

// Sizes of a mesh. Other values are illegal, and all members must agree.
const (
	DefaultMaxClusters = 255
	LargeMaxClusters   = 511
)

// validName returns Cilium's own rule (ValidateClusterName in its
// pkg/clustermesh/types, also in the chart's validate.yaml).
func validName(name string) bool {
	matched, err := regexp.MatchString(`^([a-z0-9][-a-z0-9]*)?[a-z0-9]$`, name)
	return err == nil && matched
}

// ValidateClusterName checks a cluster name against Cilium's rules for a mesh.
func ValidateClusterName(name string) error {
	switch {
	case name == "":
		return errors.New("cluster name is empty")
	case len(name) > MaxNameLength:
		return fmt.Errorf("cluster name %q is longer than %d characters", name, MaxNameLength)
	case !validName(name):
		return fmt.Errorf("cluster name %q may only have lower-case letters, digits and '-', and must start and end with a letter or digit", name)
	case name == "default":
		return errors.New(`cluster name "default" is reserved by Cilium for clusters without a mesh`)
	}
	return nil
}

// ValidateClusterID checks a cluster id for a mesh of at most max clusters
// (255 or 511). Id 0 means "no mesh" to Cilium.
func ValidateClusterID(id, max int) error {
	if max != DefaultMaxClusters && max != LargeMaxClusters {
		return fmt.Errorf("a mesh holds %d or %d clusters at most, not %d", DefaultMaxClusters, LargeMaxClusters, max)
	}
	if id < 1 || id > max {
		return fmt.Errorf("cluster id %d is not between 1 and %d", id, max)
	}
	return nil
}

// DeriveClusterName makes a legal cluster name from a kubeconfig context:
// lower case, other characters become '-', runs of '-' are one, cut to
// [MaxNameLength]. A context that leaves nothing gives "cluster", and
// "default" becomes "cluster-default". Different contexts can give the same
// name; the caller must look for that.
func DeriveClusterName(context string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(context) {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			r = '-'
		}
		if r == '-' && strings.HasSuffix(b.String(), "-") {
			continue
		}
		b.WriteRune(r)
	}
	name := strings.Trim(b.String(), "-")
	if len(name) > MaxNameLength {
		name = strings.TrimRight(name[:MaxNameLength], "-")
	}
	switch name {
	case "":
		return "cluster"
	case "default":
		return "cluster-default"
	}
	return name
}
