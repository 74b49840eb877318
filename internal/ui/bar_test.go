package ui

import (
	"math"
	"testing"
)

func TestBar(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		part           float64
		width          int
		ascii, unicode string
	}{
		{0, 10, "", ""}, {-1, 10, "", ""}, {math.NaN(), 10, "", ""}, {1, 0, "", ""},
		{1, 4, "####", "████"}, {7, 4, "####", "████"},
		{0.5, 4, "##", "██"}, {0.0001, 4, "#", "▏"},
		{0.53125, 4, "##", "██▏"}, {0.71875, 4, "###", "██▉"}, {0.625, 4, "###", "██▌"},
	} {
		if got := (Style{}).Bar(tt.part, tt.width); got != tt.ascii {
			t.Errorf("%g of %d is %q, want %q", tt.part, tt.width, got, tt.ascii)
		}
		if got := (Style{Unicode: true}).Bar(tt.part, tt.width); got != tt.unicode {
			t.Errorf("%g of %d is %q, want %q", tt.part, tt.width, got, tt.unicode)
		}
	}
}
