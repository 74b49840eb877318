package version

import "testing"

func TestReleased(t *testing.T) {
	for version, want := range map[string]bool{
		"v0.1.0": true, "v1.20.3": true, "v0.1.0-rc.1": true, "v0.1.0-rc1": true, "v1.0.0-beta": true,
		"dev": false, "": false, "d7515cf": false, "d7515cf-dirty": false,
		"v0.1.0-3-gd7515cf": false, "v0.1.0-dirty": false, "v0.1.0-rc.1-3-gd7515cf": false, "v0.1.0-rc.1-dirty": false,
		"v0.0.1-snapshot.d7515cf": false, "v0.0.0-20261128021106-d7515cf4a3b1": false, "v0.1.0+dirty": false,
		"0.1.0": false, "v0.1": false, "v01.1.0": false, "v0.1.0\n": false, "xv0.1.0": false,
	} {
		if got := Released(version); got != want {
			t.Errorf("%q: %t, want %t", version, got, want)
		}
	}
}
