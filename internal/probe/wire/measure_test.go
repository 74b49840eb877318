package wire

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRanges(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		got  []int
		want []Range
	}{
		"none":         {nil, nil},
		"all":          {Sizes(), []Range{{100, 9000}}},
		"any order":    {[]int{1281, 100, 1280, 576}, []Range{{100, 576}, {1280, 1281}}},
		"a hole":       {[]int{1399, 1400, 1402}, []Range{{1399, 1400}, {1402, 1402}}},
		"a fragmented": {[]int{FragmentSize}, []Range{{3000, 3000}}},
		"none of ours": {[]int{99, 1501}, nil},
	} {
		if diff := cmp.Diff(tt.want, Ranges(tt.got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Every size that people set as an MTU, or that a tunnel makes of one, is sent.
func TestSizes(t *testing.T) {
	t.Parallel()
	sizes := Sizes()
	if !slices.IsSorted(sizes) {
		t.Error("sizes do not ascend")
	}
	for _, size := range []int{100, 576, 1280, 1350, 1400, 1420, 1450, 1500, FragmentSize, 9000} {
		if !slices.Contains(sizes, size) {
			t.Errorf("%d bytes are not sent", size)
		}
	}
}
