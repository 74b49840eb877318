package main

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// target is what a client asks: the Service's address in the client's cluster,
// so that no DNS is needed.
type target struct {
	address string
	port    int32
}

func (t target) url(scheme, path string) string {
	return scheme + "://" + net.JoinHostPort(t.address, strconv.Itoa(int(t.port))) + path
}

// targetOf finds a Service in a client's cluster. port is a port's name or
// number; empty for the first of TCP.
func targetOf(s mesh.Snapshot, context, namespace, name, port string) (target, error) {
	i := slices.IndexFunc(s.Clusters, func(f mesh.Facts) bool { return f.Context == context })
	if i < 0 {
		return target{}, fmt.Errorf("the cluster was not looked at")
	}
	facts := &s.Clusters[i]
	service := facts.Services.Find(namespace, name)
	if service == nil {
		if problems := problemsOf(facts); len(problems) > 0 {
			return target{}, fmt.Errorf("the service could not be read: %s", strings.Join(problems, "; "))
		}
		return target{}, fmt.Errorf("there is no service %s in namespace %s: clients here have nothing to ask; see kubectl aksmesh expose --create", name, namespace)
	}
	if len(service.ClusterIPs) == 0 {
		kind := "headless"
		if service.Type == "ExternalName" {
			kind = "of type ExternalName"
		}
		return target{}, fmt.Errorf("service %s/%s is %s: it has no ClusterIP that could be asked", namespace, name, kind)
	}
	number, err := portOf(service, port)
	return target{address: service.ClusterIPs[0], port: number}, err
}

// portOf picks a port of TCP.
func portOf(service *mesh.GlobalService, wanted string) (int32, error) {
	var known []string
	for _, p := range service.Ports {
		if p.Protocol != "TCP" {
			continue
		}
		number := strconv.Itoa(int(p.Port))
		if wanted == "" || wanted == number || wanted == p.Name {
			return p.Port, nil
		}
		known = append(known, strings.TrimPrefix(p.Name+"/"+number, "/"))
	}
	if len(known) == 0 {
		return 0, fmt.Errorf("service %s has no port of TCP", service.Key())
	}
	return 0, fmt.Errorf("service %s has no port %q of TCP (it has %s)", service.Key(), wanted, strings.Join(known, ", "))
}
