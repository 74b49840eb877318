// Package probe runs a prober for a moment: a pod without any right that
// measures from inside a cluster, tells its result in its log, and is removed
// on every way out. What a crash of the plugin leaves behind ends by itself,
// and is found by its labels.
package probe
