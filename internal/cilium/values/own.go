package values

import (
	"fmt"
	"slices"
	"strings"
)

// Users returns what of a release's values is the user's own: not what [For]
// makes of the wish w of the cluster as it runs, nor what it would set for any
// wish, as names, ranges and peers. The argument is not changed.
func Users(release Values, w Wish) (Values, error) {
	ours, err := For(w)
	if err != nil {
		return nil, err
	}
	out := WithoutTrustBundle(release)
	for _, path := range [][]string{
		{"cluster"}, {"clustermesh", "config"}, {"clustermesh", "useAPIServer"}, {"clustermesh", "maxConnectedClusters"},
		{"ipam", "operator", "clusterPoolIPv4PodCIDRList"}, {"ipam", "operator", "clusterPoolIPv6PodCIDRList"},
		{"ipam", "operator", "clusterPoolIPv4MaskSize"}, {"ipam", "mode"},
		{"routingMode"}, {"tunnelProtocol"}, {"ipv4NativeRoutingCIDR"}, {"aksbyocni"},
		{"encryption", "enabled"}, {"encryption", "type"}, {"MTU"}, {"kubeProxyReplacement"},
		{"tls", "ca", "cert"}, {"tls", "ca", "key"},
		{"clustermesh", "apiserver", "service", "annotations", AnnotationInternal},
		{"clustermesh", "apiserver", "service", "annotations", AnnotationIPv4},
		{"clustermesh", "apiserver", "service", "annotations", AnnotationSubnet},
	} {
		remove(out, path...)
	}
	subtract(out, ours)
	return out, nil
}

// subtract takes from v the leaves that are the same in ours, and the maps
// that are empty without them. v is changed.
func subtract(v, ours Values) {
	for key, value := range ours {
		had, ok := v[key]
		if !ok {
			continue
		}
		low, isMap := had.(Values)
		high, both := value.(Values)
		switch {
		case isMap && both:
			if subtract(low, high); len(low) == 0 {
				delete(v, key)
			}
		case fmt.Sprint(had) == fmt.Sprint(value): // a release may have a flag as text
			delete(v, key)
		}
	}
}

// Hidden are the dotted paths of what [Mask] hides in v, sorted.
func Hidden(v Values) []string {
	leaves := Values{}
	flatten("", Mask(v), leaves)
	var paths []string
	for path, value := range leaves {
		if hides(value) {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}

// WithoutSecrets returns v without what [Mask] hides. The argument is not changed.
func WithoutSecrets(v Values) Values {
	out := clone(v)
	drop(out, Mask(v))
	return out
}

func drop(v, masked Values) {
	for key, value := range masked {
		if hides(value) {
			delete(v, key)
			continue
		}
		low, isMap := v[key].(Values)
		if high, ok := value.(Values); ok && isMap {
			if drop(low, high); len(low) == 0 && len(high) > 0 {
				delete(v, key)
			}
		}
	}
}

// hides says whether a leaf that went through [Mask] hides something.
func hides(leaf any) bool {
	switch leaf := leaf.(type) {
	case string:
		return strings.Contains(leaf, Masked)
	case []any:
		return slices.ContainsFunc(leaf, hides)
	case Values:
		return false
	}
	return false
}
