package agent

import (
	"bufio"
	"bytes"
	"errors"
	"strings"
)

// OwnEtcdCommand asks the apiserver container of clustermesh-apiserver to go
// through the connection to the etcd beside it, and [KVStoreOwnCommand] asks
// kvstoremesh that and the connection to a remote cluster. [ParsePresented]
// reads which certificates the two sides showed each other.
func OwnEtcdCommand() []string {
	return []string{"clustermesh-apiserver", "clustermesh-dbg", "troubleshoot"}
}

// KVStoreOwnCommand is described at [OwnEtcdCommand].
func KVStoreOwnCommand(remote string) []string {
	return []string{"clustermesh-apiserver", "kvstoremesh-dbg", "troubleshoot", "--include-local", remote}
}

// Presented are the certificates of one connection, by serial number, see
// [Serial]. Empty where none was shown.
type Presented struct {
	Server string // the server's, in a handshake just made
	Client string // the client's, as its files are now: it reads them at each handshake
}

// ParsePresented reads the certificates that a pod tells of its connection to
// its own etcd, where it was asked for that, and to one other cluster.
func ParsePresented(out []byte) (own, remote Presented, err error) {
	var at *Presented // of the connection that is told of
	var next *string  // what the next serial number is
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		switch {
		case strings.HasPrefix(line, "Local etcd kvstore:"):
			at, next = &own, nil
		case strings.HasPrefix(line, `Cluster "`):
			at, next = &remote, nil
		case at == nil:
		case strings.Contains(line, "certificates presented by the server:"):
			next = &at.Server
		case strings.Contains(line, "TLS client certificates:"):
			next = &at.Client
		case strings.HasSuffix(line, "certificates:"): // roots, which nobody shows
			next = nil
		case next != nil:
			if text, ok := strings.CutPrefix(line, "- Serial number:"); ok {
				*next, next = Serial(text), nil // intermediates follow
			}
		}
	}
	if at == nil {
		return own, remote, errors.New("nothing about a connection in what the pod answered: " + oneLine(string(out)))
	}
	return own, remote, nil
}

// Serial is a certificate's serial number in the form that numbers have here:
// hex without colons, and, as versions of Cilium differ, without zeros before it.
func Serial(text string) string {
	return strings.TrimLeft(strings.ToLower(strings.ReplaceAll(strings.TrimSpace(text), ":", "")), "0")
}
