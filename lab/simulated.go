package lab

import "github.com/aksmesh/kubectl-aksmesh/lab/azure"

// Azure bends the simulated Azure of a lab that is up.
func (l *Lab) Azure() (*azure.Client, error) { return azure.NewClient(l.Home.Azure(), azureListen) }
