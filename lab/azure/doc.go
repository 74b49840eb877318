// Package azure plays the part of Microsoft Azure in the lab. It is a
// SIMULATION: a small HTTPS server with state of its own that speaks as much of
// Azure Resource Manager (ARM) as kubectl-aksmesh uses, and the two controllers
// that AKS runs for every cluster:
//
//   - the addon manager, which puts kube-proxy back whenever somebody edits or
//     deletes it, and takes it away only when ARM says so;
//   - the cloud controller, which gives Services of type LoadBalancer their
//     addresses.
//
// What it imitates was read in public documentation, SDK sources and issue
// threads; where no source says how Azure behaves, the code says so next to it.
// Every answer carries the header "Server: aksmesh-lab (simulated Azure)", so
// that nobody takes it for the real thing.
//
// State lives in Dir/state.json and survives a restart, a PUT that was under way
// included. Tests bend it through PUT requests below /simulation/, see
// [simulation].
package azure
