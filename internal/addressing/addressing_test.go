package addressing

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseCIDR(t *testing.T) {
	for in, want := range map[string]string{
		"100.64.0.0/16":   "",
		"10.0.0.0/24":     "",
		"10.0.0.0":        "is not a CIDR",
		"":                "is not a CIDR",
		"fd00::/48":       "not an IPv4",
		"10.1.0.0/8":      "did you mean 10.0.0.0/8?",
		"10.0.0.0/25":     "too small",
		"0.0.0.0/0":       "larger than",
		"::ffff:10.0.0.0": "is not a CIDR",
	} {
		_, err := ParseCIDR(in)
		if got := errText(err); (want == "") != (err == nil) || !strings.Contains(got, want) {
			t.Errorf("ParseCIDR(%q): error %q, want %q", in, got, want)
		}
	}
}

func FuzzParseCIDR(f *testing.F) {
	for _, s := range []string{"100.64.0.0/16", "10.0.0.0/33", "fd00::/8", "a/b", "1.2.3.4/08"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParseCIDR(s)
		if err != nil {
			return
		}
		if again, err := ParseCIDR(p.String()); err != nil || again != p {
			t.Errorf("ParseCIDR(%q) = %s, which reads back as %s, %v", s, p, again, err)
		}
		if p.Bits() > NodeBits || !p.Addr().Is4() || p != p.Masked() {
			t.Errorf("ParseCIDR(%q) accepted %s", s, p)
		}
	})
}

// TestOverlapBruteForce compares Overlap with looking at every address of all
// prefixes in a space of 16 addresses.
func TestOverlapBruteForce(t *testing.T) {
	var all []netip.Prefix
	for bits := 28; bits <= 32; bits++ {
		for at := 0; at < 16; at += 1 << (32 - bits) {
			all = append(all, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(at)}), bits))
		}
	}
	for _, a := range all {
		for _, b := range all {
			shared := 0
			for i := range 16 {
				ip := netip.AddrFrom4([4]byte{10, 0, 0, byte(i)})
				if a.Contains(ip) && b.Contains(ip) {
					shared++
				}
			}
			got, ok := Overlap(a, b)
			if ok != (shared > 0) || ok && 1<<(32-got.Bits()) != shared {
				t.Errorf("Overlap(%s, %s) = %s, %t; they share %d addresses", a, b, got, ok, shared)
			}
		}
	}
}

func TestOverlaps(t *testing.T) {
	got := Overlaps(prefixes("10.0.0.0/8", "100.64.0.0/16"), prefixes("10.0.0.0/16", "192.168.0.0/16", "100.64.0.0/10"))
	want := prefixes("10.0.0.0/16", "100.64.0.0/16")
	if d := cmp.Diff(want, got, comparePrefix()); d != "" {
		t.Error(d)
	}
}

func TestDefaultPoolIsClean(t *testing.T) {
	for _, r := range Reserved() {
		if r.Prefix.Overlaps(DefaultPool()) {
			t.Errorf("the default pool overlaps %s, %s", r.Prefix, r.What)
		}
		if r.Prefix != r.Prefix.Masked() || r.What == "" {
			t.Errorf("%s: not masked, or without a reason", r.Prefix)
		}
	}
}

func prefixes(cidrs ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, c := range cidrs {
		out = append(out, netip.MustParsePrefix(c))
	}
	return out
}

func comparePrefix() cmp.Option {
	return cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
