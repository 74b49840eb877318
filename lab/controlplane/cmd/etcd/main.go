// Command etcd is a plain etcd server, built from its published Go module, for
// labs that run it as a process of its own.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
