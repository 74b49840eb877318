package main

import (
	"errors"
	"fmt"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/aksmesh/kubectl-aksmesh/lab/network"
	"github.com/aksmesh/kubectl-aksmesh/lab/shape"
)

func newFault(open opener) *cobra.Command {
	cmd := &cobra.Command{Use: "fault", Short: "Break the network between clusters"}
	cmd.AddCommand(newFaultAdd(open), newFaultList(open), newFaultClear(open))
	return cmd
}

func newFaultAdd(open opener) *cobra.Command {
	var from, to string
	var fault network.Fault
	cmd := &cobra.Command{
		Use:   "add KIND --from CLUSTER --to CLUSTER",
		Short: "Break something between two clusters, both ways unless --one-way",
		Long: `Break something between two clusters, both ways unless --one-way.

Kinds, for packets between the clusters' nodes (the outside of a tunnel):
  udp            packets to a UDP port vanish (--port; VXLAN is 8472)
  tcp            packets to a TCP port vanish (--port; clustermesh 2379, health 4240)
  icmp           ICMP vanishes
  fragments      fragments vanish, those made by a lower MTU included
  mtu            bigger packets (--size) are fragmented, or answered with ICMP
                 "fragmentation needed" if they forbid that, as by a router
  mtu-blackhole  bigger packets (--size) vanish without an answer`,
		Example: `  aksmesh-lab fault add udp --port 8472 --from aks-1 --to aks-2 --one-way
  aksmesh-lab fault add mtu --size 1400 --from aks-1 --to aks-2`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := open(cmd)
			if err != nil {
				return err
			}
			fault.Kind = network.Kind(args[0])
			var errFrom, errTo error
			fault.From, errFrom = shape.ParseCluster(from)
			fault.To, errTo = shape.ParseCluster(to)
			if err := errors.Join(errFrom, errTo); err != nil {
				return err
			}
			added, err := l.Fabric().AddFault(fault)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d  %s\n", added.ID, &added)
			return err
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "cluster that packets come from")
	cmd.Flags().StringVar(&to, "to", "", "cluster that packets go to")
	cmd.Flags().BoolVar(&fault.OneWay, "one-way", false, "leave the way back alone")
	cmd.Flags().Uint16Var(&fault.Port, "port", 0, "destination port, for udp and tcp")
	cmd.Flags().IntVar(&fault.MTU, "size", 0, "biggest IP packet that passes, in bytes, for mtu and mtu-blackhole")
	return cmd
}

func newFaultList(open opener) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "Show the faults",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := open(cmd)
			if err != nil {
				return err
			}
			state, err := l.Fabric().Load()
			if err != nil {
				return err
			}
			table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			for i := range state.Faults {
				fmt.Fprintf(table, "%d\t%s\n", state.Faults[i].ID, &state.Faults[i])
			}
			return table.Flush()
		},
	}
}

func newFaultClear(open opener) *cobra.Command {
	return &cobra.Command{
		Use:   "clear [NUMBER…]",
		Short: "Repair faults, all of them if no number is given",
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := open(cmd)
			if err != nil {
				return err
			}
			var ids []int
			for _, arg := range args {
				id, err := strconv.Atoi(arg)
				if err != nil {
					return fmt.Errorf("%q is not a fault's number: see aksmesh-lab fault list", arg)
				}
				ids = append(ids, id)
			}
			return l.Fabric().ClearFaults(ids...)
		},
	}
}
