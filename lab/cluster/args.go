package cluster

import (
	"fmt"
	"path/filepath"

	"github.com/aksmesh/kubectl-aksmesh/lab/shape"
)

// auditPolicy logs every request once, when it is done, without bodies.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
rules:
- level: Metadata
`

// args are the flags of each program. Within the fabric every cluster has a
// loopback address of its own, 127.0.0.N, so all use the usual ports.
func (p ControlPlane) args() map[string][]string {
	loopback := fmt.Sprintf("127.0.0.%d", int(p.Cluster))
	clients, peers := "http://"+loopback+":2379", "http://"+loopback+":2380"
	file := func(name string) string { return filepath.Join(p.Dir, name) }
	return map[string][]string{
		etcd: {
			"--name=" + p.Cluster.Name(), "--data-dir=" + file("etcd"), "--unsafe-no-fsync",
			"--listen-client-urls=" + clients, "--advertise-client-urls=" + clients,
			"--listen-peer-urls=" + peers, "--initial-advertise-peer-urls=" + peers,
			"--initial-cluster=" + p.Cluster.Name() + "=" + peers,
		},
		apiServer: {
			"--etcd-servers=" + clients,
			"--bind-address=" + p.Cluster.API().String(), "--advertise-address=" + p.Cluster.API().String(), "--secure-port=443",
			"--client-ca-file=" + file("ca.crt"),
			"--tls-cert-file=" + file("apiserver.crt"), "--tls-private-key-file=" + file("apiserver.key"),
			"--kubelet-certificate-authority=" + file("ca.crt"),
			"--kubelet-client-certificate=" + file("apiserver-kubelet.crt"), "--kubelet-client-key=" + file("apiserver-kubelet.key"),
			"--kubelet-preferred-address-types=InternalIP",
			"--service-account-issuer=https://" + p.Cluster.FQDN(),
			"--service-account-key-file=" + file("service-accounts.pub"), "--service-account-signing-key-file=" + file("service-accounts.key"),
			"--service-cluster-ip-range=" + shape.ServiceCIDR().String(),
			"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--allow-privileged=true",
			"--audit-policy-file=" + file("audit-policy.yaml"), "--audit-log-path=" + AuditLog(p.Dir), "--audit-log-maxsize=1000",
		},
		manager: append(p.controller(managerKubeconfig, loopback),
			"--use-service-account-credentials", "--cluster-name="+p.Cluster.Name(),
			"--service-account-private-key-file="+file("service-accounts.key"), "--root-ca-file="+file("ca.crt"),
			"--cluster-signing-cert-file="+file("ca.crt"), "--cluster-signing-key-file="+file("ca.key"),
			"--node-monitor-grace-period=60s"),
		scheduler: p.controller(schedulerKubeconfig, loopback),
	}
}

// controller are the flags that controller manager and scheduler share.
func (p ControlPlane) controller(kubeconfig, loopback string) []string {
	file := filepath.Join(p.Dir, kubeconfig)
	return []string{
		"--kubeconfig=" + file, "--authentication-kubeconfig=" + file, "--authorization-kubeconfig=" + file,
		"--bind-address=" + loopback, "--leader-elect=false",
	}
}
