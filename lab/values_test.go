package lab

import (
	"testing"

	"sigs.k8s.io/yaml"
)

func TestHasCapability(t *testing.T) {
	for status, want := range map[string]bool{
		"Name:\tx\nCapBnd:\t000001ffffffffff\n": true,
		"CapBnd:\t000001fffeffffff\n":           false,
		"CapEff:\t000001ffffffffff\n":           false,
		"CapBnd:\tgarbage\n":                    false,
	} {
		if got := hasCapability(status, 24); got != want {
			t.Errorf("hasCapability(%q) = %v, want %v", status, got, want)
		}
	}
}

func TestValuesAreYAML(t *testing.T) {
	var values map[string]any
	if err := yaml.UnmarshalStrict([]byte(commonValues+withoutSysResource), &values); err != nil {
		t.Error(err)
	}
}
