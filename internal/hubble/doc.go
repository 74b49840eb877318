// Package hubble reads the flows that Hubble saw, from the relays of several
// clusters at once, and makes one picture of them: who talked to whom, each
// connection counted once although both of its clusters saw it.
//
// It speaks gRPC with net/http and reads messages with protowire: Cilium's
// generated client would add more to the program than all that uses it. The
// tests talk to a real gRPC server, and hold every field number to Cilium's
// own descriptors; test/e2e reads real relays.
package hubble
