// Package rbac knows which rights each part of the work needs in a cluster,
// and makes the smallest RBAC objects of them. It asks no cluster.
//
// The lists here are what the preflight of a change asks for, and what kubectl
// aksmesh rbac prints. test/api compares them with the audit log of real API
// servers: a right that is missing here, or that nobody uses, fails there.
//
// Every user that an API server knows may ask for its version and kinds, and
// for the own rights: the cluster roles system:discovery, system:basic-user and
// system:public-info-viewer, which Kubernetes binds by itself, are not repeated.
package rbac
