package main

import (
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/aksmesh/kubectl-aksmesh/internal/addressing"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
)

// outputValues is a value of --output that only join has.
const outputValues = "values"

type reader = io.Reader

type joinFlags struct {
	clusterNames, clusterIDs, podCIDRs []string
	meshIPs, meshSubnets               []string
	podPool                            string
	maxConnected, mtu                  int
	encapsulation, encryption          string
	nativeRoutingCIDR                  string
	caFrom                             string
	skipKubeProxy                      bool
	hubbleRelay, hubbleUI              bool
	valuesFiles, sets                  []string
	chart, ciliumVersion               string

	file      meshFileFlag
	manifests manifestFlags
	set       *pflag.FlagSet // which flags were given

	changeFlags
	azure azureFlags
}

func (f *joinFlags) add(flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.clusterNames, "cluster-name", nil, "CONTEXT=NAME: a cluster's name in the mesh (default: the one that its Cilium has, else made from the context)")
	flags.StringSliceVar(&f.clusterIDs, "cluster-id", nil, "CONTEXT=ID: a cluster's id in the mesh, 1 to 255 (default: the lowest free one)")
	flags.StringSliceVar(&f.podCIDRs, "pod-cidr", nil, "CONTEXT=CIDR: a new cluster's pod CIDR (default: its podCidr in Azure if no other cluster has that one, else taken from --pod-pool)")
	flags.StringVar(&f.podPool, "pod-pool", "", "CIDR that new clusters' pod CIDRs are taken from (default "+addressing.DefaultPool().String()+")")
	flags.IntVar(&f.maxConnected, "max-connected-clusters", 0, "255 or 511, for a new mesh (default 255)")
	flags.StringVar(&f.encapsulation, "encapsulation", "", "vxlan, geneve or native (default: what the mesh runs, else vxlan)")
	flags.StringVar(&f.nativeRoutingCIDR, "native-routing-cidr", "", "CIDR that the network routes by itself, with --encapsulation native (default: what the mesh has)")
	flags.IntVar(&f.mtu, "mtu", 0, "MTU in bytes of the network between nodes, from which Cilium subtracts its overhead (default: found by Cilium)")
	flags.StringVar(&f.encryption, "encryption", "", "wireguard, ipsec or none (default: what the mesh runs, else none)")
	flags.StringVar(&f.caFrom, "ca-from", "", "CONTEXT whose certificate authority the others take over")
	flags.StringSliceVar(&f.meshIPs, "mesh-ip", nil, "CONTEXT=IP: fixed address of the internal load balancer (default: chosen by Azure)")
	flags.StringSliceVar(&f.meshSubnets, "mesh-subnet", nil, "CONTEXT=SUBNET: subnet of the internal load balancer (default: the nodes')")
	flags.BoolVar(&f.skipKubeProxy, "skip-kube-proxy", false, "leave kube-proxy running beside Cilium")
	flags.BoolVar(&f.hubbleRelay, "hubble-relay", false, "install Hubble relay")
	flags.BoolVar(&f.hubbleUI, "hubble-ui", false, "install Hubble UI, and the relay that it needs")
	flags.StringArrayVar(&f.valuesFiles, "values", nil, "[CONTEXT=]FILE: Helm values of your own, for all clusters or for one; can be repeated")
	flags.StringArrayVar(&f.sets, "set", nil, "[CONTEXT:]KEY=VALUE: a Helm value of your own, for all clusters or for one; can be repeated")
	flags.StringVar(&f.chart, "chart", "", "path of Cilium's chart (default: the release's, else the one built in)")
	flags.StringVar(&f.ciliumVersion, "cilium-version", "", "Cilium version for clusters that have none (default: the mesh's, else the one built in)")
	f.changeFlags.add(flags, changeWords{
		output: "; values: the Helm values to commit" + manifestsHelp, wait: "wait until every agent sees every other cluster", timeout: 15 * time.Minute,
	})
	f.azure.add(flags)
	f.file.add(flags, "make the mesh what it says")
	f.manifests.add(flags)
	f.set = flags
}

// chooses says whether a flag was given that what join draws up depends on,
// besides those that name the clusters.
func (f *joinFlags) chooses() bool {
	chosen := false
	f.set.Visit(func(flag *pflag.Flag) {
		chosen = chosen || !slices.Contains([]string{"context", "filename", "yes", "dry-run", "output", "wait", "timeout", "color", "progress", "parallel"}, flag.Name)
	})
	return chosen
}

// pairs reads CONTEXT=VALUE flags.
func pairs[V any](flag string, items []string, parse func(string) (V, error)) (map[string]V, error) {
	read := map[string]V{}
	for _, item := range items {
		context, value, ok := strings.Cut(item, "=")
		if !ok || context == "" {
			return nil, fmt.Errorf("%s %q is not of the form CONTEXT=VALUE", flag, item)
		}
		parsed, err := parse(value)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", flag, item, err)
		}
		if _, twice := read[context]; twice {
			return nil, fmt.Errorf("%s names context %q twice", flag, context)
		}
		read[context] = parsed
	}
	return read, nil
}

func text(value string) (string, error) { return value, nil }

func number(value string) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number", value)
	}
	return n, nil
}

func cidr(value string) (netip.Prefix, error) { return addressing.ParseCIDR(value) }

func address(value string) (netip.Addr, error) {
	ip, err := netip.ParseAddr(value)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("%q is not an IP address", value)
	}
	return ip, nil
}

// userValues reads --values and --set for all clusters (under "") and for
// single ones (by context).
func userValues(files, sets []string, stdin reader) (map[string]map[string]any, error) {
	type inputs struct{ files, sets []string }
	byContext := map[string]*inputs{}
	at := func(context string) *inputs {
		if byContext[context] == nil {
			byContext[context] = &inputs{}
		}
		return byContext[context]
	}
	for _, file := range files {
		context, path := scoped(file, "=")
		at(context).files = append(at(context).files, path)
	}
	for _, set := range sets {
		context, expression := scoped(set, ":")
		at(context).sets = append(at(context).sets, expression)
	}
	all := map[string]map[string]any{}
	for context, in := range byContext {
		parsed, err := values.Parse(in.files, in.sets, stdin)
		if err != nil {
			return nil, err
		}
		all[context] = parsed
	}
	return all, nil
}

// scoped takes CONTEXT and its separator off the front of a flag's value. A
// context cannot be told from a part of a path or of a key that has the
// separator too, so the latter need an empty context: "=a=b.yaml".
func scoped(item, separator string) (context, rest string) {
	before, after, ok := strings.Cut(item, separator)
	if !ok || strings.ContainsAny(before, "=") {
		return "", item
	}
	return before, after
}
