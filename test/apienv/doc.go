// Package apienv gives Go tests real Kubernetes API servers, things that go
// wrong between them and a client, and the plugin's own binary to run against
// both.
//
// An [Env] is a number of clusters, each etcd and kube-apiserver without any
// controller or node (see lab/controlplane), started once per test process. A
// [World] is what one test sees: the clusters, emptied, each behind a [Proxy]
// that logs calls and can make them fail; a kubeconfig for it; and simulated
// parts, which all are called so: [SimulatedNodes], [SimulatedCloud],
// [SimulatedARM].
//
//	func TestMain(m *testing.M) { … env, err := apienv.Start(ctx, apienv.Options{Clusters: 3}) … }
//
//	w := env.World(t, apienv.WorldOptions{Clusters: 2})
//	result := w.Run(t, "join", "--context", "aks-1", "--context", "aks-2", "--yes")
package apienv
