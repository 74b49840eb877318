package pasted

import "testing"

const tried = `aks-1: 300 of 300 requests to http://10.0.211.43:80/ were answered in 247ms (p50 2.14ms, max 25.9ms)
ANSWER   TIMES   SHARE
aks-1    104     34.7%
aks-3    99      33.0%
aks-2    97      32.3%
predicted: aks-1 33.3% (1 endpoint)`

func TestSame(t *testing.T) {
	for page, now := range map[string]string{
		tried: `aks-1: 300 of 300 requests to http://10.0.7.4:80/ were answered in 1.2s (p50 900µs, max 1m2s)
ANSWER TIMES SHARE
aks-2  101   33.7%
aks-1  100   33.3%
aks-3  99    33.0%
predicted: aks-1 33.3% (1 endpoint)`,
		"✓ aks-1  6 steps done in 53s":                  "✓ aks-1  6 steps done in 1m3s",
		"aks-1     49e7e612d606   ECDSA P-256   9y":     "aks-1     0a1b2c3d4e5f   ECDSA P-256   10y",
		"237 passed, 7 failed (7 warnings) in 1.09s":    "240 passed, 8 failed (8 warnings) in 880ms",
		"aks-3    300     100.0%":                       "aks-3    500     100.0%",
		"aks-1 33% ▇▇▇   same":                          "aks-1 33% ===   same",
		"/subscriptions/00000000-0000-0000-0000-00001/": "/subscriptions/12345678-0000-0000-0000-00002/",
		"renewed in 364d":                               "renewed in 23h",
	} {
		if diff := Diff(page, now); diff != "" {
			t.Errorf("-page +now:\n%s", diff)
		}
	}
}

func TestDifferent(t *testing.T) {
	for page, now := range map[string]string{
		"aks-3    300     100.0%":                        "aks-1    300     100.0%",
		"aks-3    300     100%":                          "aks-3    150     50%",
		"aks-3 0.0%":                                     "aks-3 0.1%",
		"300 of 300 requests":                            "12 of 300 requests",
		"12 of 300 requests":                             "0 of 300 requests",
		"warning AKSM102: aks-1":                         "warning AKSM306: aks-1",
		"likewise: aks-2, aks-3":                         "likewise: aks-2, aks-1",
		"aks-1    104     34.7%\naks-3    99      33.0%": "aks-1    203     67.7%",
		"aks-2 50%, aks-3 50%":                           "aks-1 50%, aks-3 50%",
		"agents: as the rules say":                       "agents: otherwise",
	} {
		if Diff(page, now) == "" {
			t.Errorf("%q is taken for %q", now, page)
		}
	}
}
