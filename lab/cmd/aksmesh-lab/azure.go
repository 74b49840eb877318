package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/aksmesh/kubectl-aksmesh/lab/azure"
	"github.com/aksmesh/kubectl-aksmesh/lab/shape"
)

func newAzure(open opener) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "azure",
		Short: "Break the network that the simulated Azure shows",
		Long: `Break the network that the simulated Azure shows between two clusters. No packet
is touched: "aksmesh-lab fault" does that.`,
	}
	cmd.AddCommand(newAzureBreak(open), newAzureList(open), newAzureMend(open))
	return cmd
}

func newAzureBreak(open opener) *cobra.Command {
	var f azure.NetworkFault
	var name string
	cmd := &cobra.Command{
		Use:   "break KIND --from CLUSTER --to CLUSTER",
		Short: "Add a fault",
		Long: `Add a fault to what the simulated Azure shows of the network.

Kinds:
  deny     a security rule denies packets (--protocol, --port) of the one
           cluster's nodes to the other's: Inbound at --to, or Outbound at --from
  route    a user-defined route of --from leads to --to's nodes (--next-hop)
  peering  the peering is Disconnected, or forbids access (--no-access)`,
		Example: `  aksmesh-lab azure break deny --from aks-1 --to aks-2 --protocol Udp --port 8472
  aksmesh-lab azure break route --from aks-1 --to aks-2
  aksmesh-lab azure break peering --from aks-1 --to aks-2`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, cluster := range []string{f.From, f.To} {
				if _, err := shape.ParseCluster(cluster); err != nil {
					return err
				}
			}
			l, err := open(cmd)
			if err != nil {
				return err
			}
			client, err := l.Azure()
			if err != nil {
				return err
			}
			f.Kind = args[0]
			if name == "" {
				name = f.Kind + "-" + f.From + "-" + f.To
			}
			if err := client.AddFault(cmd.Context(), name, f); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), name)
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&name, "name", "", "name of the fault (default: KIND-FROM-TO)")
	flags.StringVar(&f.From, "from", "", "cluster that packets come from")
	flags.StringVar(&f.To, "to", "", "cluster that packets go to")
	flags.StringVar(&f.Direction, "direction", "", "of the rule: Inbound (default) or Outbound")
	flags.StringVar(&f.Layer, "layer", "", "of the rule: nic (default) or subnet")
	flags.StringVar(&f.Protocol, "protocol", "", "of the rule: Udp, Tcp, Icmp, Esp (default: all)")
	flags.StringVar(&f.Port, "port", "", "of the rule: a port or a range (default: all)")
	flags.IntVar(&f.Priority, "priority", 0, "of the rule (default: 200)")
	flags.StringVar(&f.Prefix, "prefix", "", "of the route (default: the subnet of --to)")
	flags.StringVar(&f.NextHop, "next-hop", "", "of the route (default: None)")
	flags.StringVar(&f.NextHopIP, "next-hop-ip", "", "of the route, with next hop VirtualAppliance")
	flags.StringVar(&f.State, "state", "", "of the peering (default: Disconnected)")
	flags.BoolVar(&f.NoAccess, "no-access", false, "take access away from the peering, and leave its state")
	flags.BoolVar(&f.OneWay, "one-way", false, "leave the other half of the peering alone")
	return cmd
}

func newAzureList(open opener) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "Show the faults",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := open(cmd)
			if err != nil {
				return err
			}
			client, err := l.Azure()
			if err != nil {
				return err
			}
			faults, err := client.Faults(cmd.Context())
			if err != nil {
				return err
			}
			for _, name := range slices.Sorted(maps.Keys(faults)) {
				text, err := json.Marshal(faults[name])
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s  %s\n", name, text)
			}
			return nil
		},
	}
}

func newAzureMend(open opener) *cobra.Command {
	return &cobra.Command{
		Use:   "mend [NAME…]",
		Short: "Take faults back, all of them if no name is given",
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := open(cmd)
			if err != nil {
				return err
			}
			client, err := l.Azure()
			if err != nil {
				return err
			}
			return client.MendFaults(cmd.Context(), args...)
		},
	}
}
