package azure

import (
	"strings"
	"testing"
)

func TestParseID(t *testing.T) {
	good := testID().String()
	tests := map[string]struct {
		in   string
		want ID
		ok   bool
	}{
		"as printed":      {good, testID(), true},
		"other case":      {strings.Replace(good, "managedClusters", "managedclusters", 1), testID(), true},
		"spaces around":   {" " + good + "\n", testID(), true},
		"empty":           {"", ID{}, false},
		"a name":          {"aks-1", ID{}, false},
		"a child":         {good + "/agentPools/p1", ID{}, false},
		"another type":    {strings.Replace(good, "managedClusters", "fleets", 1), ID{}, false},
		"a shell command": {good + ";reboot", ID{}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ParseID(test.in)
			if (err == nil) != test.ok || got != test.want {
				t.Errorf("ParseID(%q) = %v, %v", test.in, got, err)
			}
		})
	}
}

func TestParseProviderID(t *testing.T) {
	const group = "azure:///subscriptions/" + testSub + "/resourceGroups/mc_rg_aks-1_westeurope/providers/Microsoft.Compute/"
	tests := map[string]struct {
		in string
		ok bool
	}{
		"scale set":   {group + "virtualMachineScaleSets/aks-p1-vmss/virtualMachines/0", true},
		"machine":     {group + "virtualMachines/aks-p1-0", true},
		"upper case":  {strings.ToUpper(group) + "virtualMachines/x", true},
		"kind":        {"kind://docker/kind/kind-control-plane", false},
		"aws":         {"aws:///eu-west-1a/i-0123", false},
		"empty":       {"", false},
		"empty group": {"azure:///subscriptions/" + testSub + "/resourceGroups//providers/Microsoft.Compute/x", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			sub, nodeGroup, err := ParseProviderID(test.in)
			if (err == nil) != test.ok {
				t.Fatalf("error %v", err)
			}
			if test.ok && (sub != testSub || !strings.EqualFold(nodeGroup, "mc_rg_aks-1_westeurope")) {
				t.Errorf("got %q, %q", sub, nodeGroup)
			}
		})
	}
}

func FuzzParseID(f *testing.F) {
	f.Add(testID().String())
	f.Add("/subscriptions//resourceGroups/x")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseID(s)
		if err != nil {
			return
		}
		again, err := ParseID(id.String())
		if err != nil || again != id {
			t.Errorf("ParseID(%q) = %v, which reads back as %v, %v", s, id, again, err)
		}
	})
}

func FuzzParseProviderID(f *testing.F) {
	f.Add("azure:///subscriptions/" + testSub + "/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/x")
	f.Add("azure:///")
	f.Fuzz(func(t *testing.T, s string) {
		sub, group, err := ParseProviderID(s)
		if err == nil && (sub == "" || group == "" || strings.ContainsAny(sub+group, "/ \n'\"`$;")) {
			t.Errorf("ParseProviderID(%q) = %q, %q", s, sub, group)
		}
	})
}

func TestChooseVersion(t *testing.T) {
	tests := map[string]struct {
		offer []string
		want  string
	}{
		"nothing known":       {nil, "2026-03-02-preview"},
		"newest tested":       {[]string{"2026-09-02-preview", "2026-03-02-preview", "2025-10-02-preview"}, "2026-03-02-preview"},
		"older tested":        {[]string{"2026-03-01", "2025-10-02-preview"}, "2025-10-02-preview"},
		"only newer":          {[]string{"2027-01-01", "2027-01-02-preview", "2026-12-02-preview"}, "2027-01-02-preview"},
		"no preview":          {[]string{"2025-10-01", "2026-03-01"}, "2026-03-01"},
		"previews too old":    {[]string{"2022-07-02-preview", "2026-03-01"}, "2026-03-01"},
		"stable newer still":  {[]string{"2028-01-01", "2027-06-02-preview"}, "2027-06-02-preview"},
		"old preview is last": {[]string{"2022-07-02-preview"}, "2022-07-02-preview"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := chooseVersion(test.offer); got != test.want {
				t.Errorf("chooseVersion(%v) = %s, want %s", test.offer, got, test.want)
			}
		})
	}
}
