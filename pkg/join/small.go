package join

import (
	"net/netip"
	"strconv"
)

// prefixes parses CIDRs and leaves out what is none: facts come from clusters.
func prefixes(cidrs []string) []netip.Prefix {
	var list []netip.Prefix
	for _, text := range cidrs {
		if prefix, err := netip.ParsePrefix(text); err == nil {
			list = append(list, prefix.Masked())
		}
	}
	return list
}

func quote(s string) string { return strconv.Quote(s) }

func itoa(n int) string { return strconv.Itoa(n) }

// holds says whether all has every entry of wanted.
func holds(all, wanted map[string]string) bool {
	for key, value := range wanted {
		if all[key] != value {
			return false
		}
	}
	return true
}
