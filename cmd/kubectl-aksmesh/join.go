package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aksmesh/kubectl-aksmesh/internal/azure"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/chart"
	"github.com/aksmesh/kubectl-aksmesh/pkg/join"
)

const joinExamples = `  # make three clusters one mesh; shows the plan and asks
  kubectl aksmesh join --context aks-1 --context aks-2 --context aks-3

  # see the plan only, as YAML
  kubectl aksmesh join --context aks-1,aks-2 --dry-run=client -o yaml

  # take a fourth cluster into the mesh of aks-1
  kubectl aksmesh join --context aks-1,aks-4

  # choose names, pod CIDRs and settings
  kubectl aksmesh join --context aks-1,aks-2 --cluster-name aks-1=weu --pod-cidr aks-1=100.70.0.0/16 \
    --encapsulation geneve --mtu 1400 --set operator.replicas=1

  # make the mesh what a file in Git says
  kubectl aksmesh join -f mesh.yaml`

// joinOptions are what join's flags become: complete → validate → run.
type joinOptions struct {
	app   *app
	flags joinFlags

	opened    *opened
	azure     *azure.Client
	azureIDs  map[string]string // by context
	wish      join.Wish
	preflight preflight
}

func newJoin(a *app) *cobra.Command {
	o := &joinOptions{app: a, preflight: preflight{app: a, command: "join"}}
	command := &cobra.Command{
		Use:   "join --context CONTEXT --context CONTEXT …",
		Short: "Make clusters one mesh, or take more clusters into one",
		Long: `join makes the named clusters one Cilium Cluster Mesh: it switches kube-proxy
off through Azure, installs Cilium or keeps the one that runs, gives all clusters
one certificate authority, and connects each with every other.

The clusters and what they shall have are named by flags, or by a mesh file. With
-f, flags may add what the file does not say, and not contradict it; --context
then chooses some of the file's clusters. Nobody leaves by it: see leave -f.

It looks at all clusters, refuses what would break the mesh, shows the plan, and
asks. What is already in place is left alone, so that join can be repeated at any
time, and goes on where it was interrupted.`,
		Example: joinExamples,
		GroupID: groupChange,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.complete(); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	o.flags.add(command.Flags())
	return command
}

// complete turns flags into clusters and a wish, without asking anything.
func (o *joinOptions) complete() error {
	if err := errors.Join(o.flags.validate(outputValues, outputManifests), o.flags.manifests.validate(&o.flags.changeFlags)); err != nil {
		return err
	}
	if err := o.flags.file.load(o.app); err != nil {
		return err
	}
	if err := o.flags.file.choose(o.app, &o.flags.azure); err != nil {
		return err
	}
	opened, err := o.app.clusters.openFor("join")
	if err != nil {
		return err
	}
	o.opened = opened
	given, err := o.flags.wish(o.app.streams.In)
	if err != nil {
		return err
	}
	if o.wish, err = o.flags.file.combine(o.flags.set, o.app.clusters.contexts, given); err != nil {
		return err
	}
	if o.flags.chart != "" && o.wish.ChartVersion == "" {
		// The user's own chart is of the version that is meant.
		own, err := chart.Load(context.Background(), chart.Source{Path: o.flags.chart})
		if err != nil {
			return err
		}
		o.wish.ChartVersion = own.Version()
	}
	if err := o.wish.Validate(o.app.clusters.contexts); err != nil {
		return err
	}
	o.azure, o.azureIDs, err = o.flags.azure.client(o.app)
	return err
}

// wish turns flags into what package join understands.
func (f *joinFlags) wish(stdin reader) (join.Wish, error) {
	w := join.Wish{
		MaxConnectedClusters: f.maxConnected, Encapsulation: f.encapsulation, MTU: f.mtu, Encryption: f.encryption,
		CAFrom: f.caFrom, SkipKubeProxy: f.skipKubeProxy, HubbleRelay: f.hubbleRelay || f.hubbleUI, HubbleUI: f.hubbleUI,
	}
	var errs [8]error
	w.ClusterNames, errs[0] = pairs("--cluster-name", f.clusterNames, text)
	w.ClusterIDs, errs[1] = pairs("--cluster-id", f.clusterIDs, number)
	w.PodCIDRs, errs[2] = pairs("--pod-cidr", f.podCIDRs, cidr)
	w.MeshIPs, errs[3] = pairs("--mesh-ip", f.meshIPs, address)
	w.MeshSubnets, errs[4] = pairs("--mesh-subnet", f.meshSubnets, text)
	w.Values, errs[5] = userValues(f.valuesFiles, f.sets, stdin)
	if f.podPool != "" {
		w.PodPool, errs[6] = cidr(f.podPool)
		if errs[6] != nil {
			errs[6] = fmt.Errorf("--pod-pool: %w", errs[6])
		}
	}
	if f.nativeRoutingCIDR != "" {
		w.NativeRoutingCIDR, errs[7] = netip.ParsePrefix(f.nativeRoutingCIDR)
		if errs[7] != nil {
			errs[7] = fmt.Errorf("--native-routing-cidr: %q is not a CIDR", f.nativeRoutingCIDR)
		}
	}
	if f.ciliumVersion != "" {
		w.ChartVersion = strings.TrimPrefix(f.ciliumVersion, "v")
		if err := chart.Supported(f.ciliumVersion); err != nil {
			return w, fmt.Errorf("--cilium-version: %w", err)
		}
	}
	return w, errors.Join(errs[:]...)
}
