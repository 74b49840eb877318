// Package azure asks and changes Azure Resource Manager (ARM): it finds the
// managed cluster behind a kubeconfig context, reads what a mesh cares about,
// and turns kube-proxy on and off.
//
// It talks to ARM's REST API through azcore and keeps bodies as plain JSON. The
// typed SDK would pin one preview API version, which Azure retires after about a
// year, and a PUT through it would drop every property that it does not know.
package azure
