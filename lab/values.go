package lab

import (
	"os"
	"strconv"
	"strings"
)

// commonValues are Helm values for Cilium that hold for every machine: the lab
// makes its images itself, so there are no digests to check and no Envoy.
const commonValues = `# Written by aksmesh-lab: what Cilium needs on this machine. For
# kubectl aksmesh join --values FILE
image: {useDigest: false, pullPolicy: IfNotPresent}
operator:
  replicas: 1
  image: {useDigest: false}
  # It ends if it can't renew its lease in time. There is no other to take over,
  # and a machine that carries a whole lab may be busy for longer than 10 s.
  extraArgs: [--leader-election-lease-duration=3m, --leader-election-renew-deadline=2m]
clustermesh: {apiserver: {image: {useDigest: false}}}
# Hubble relay finds agents by a DNS name, and the lab has no name server. The
# kubelet tells every container its namespace's services; that relay reads a name
# with a hyphen is no slip.
hubble:
  relay:
    image: {useDigest: false}
    extraEnv: [{name: RELAY_PEER-SERVICE, value: "$(HUBBLE_PEER_SERVICE_HOST):$(HUBBLE_PEER_SERVICE_PORT)"}]
# The lab has no image of Envoy.
envoy: {enabled: false}
l7Proxy: false
`

// withoutSysResource leaves the capability out that containers cannot be given
// here; the lists are otherwise the chart's.
const withoutSysResource = `# This machine does not have CAP_SYS_RESOURCE to give.
securityContext:
  capabilities:
    ciliumAgent: [CHOWN, KILL, NET_ADMIN, NET_RAW, IPC_LOCK, SYS_MODULE, SYS_ADMIN, DAC_OVERRIDE, FOWNER, SETGID, SETUID, SYSLOG, BPF, PERFMON]
    cleanCiliumState: [NET_ADMIN, SYS_MODULE, SYS_ADMIN]
`

// machineValues are the Helm values that Cilium needs on this machine.
func machineValues() (string, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "", err
	}
	const capSysResource = 24
	if hasCapability(string(status), capSysResource) {
		return commonValues, nil
	}
	return commonValues + withoutSysResource, nil
}

// hasCapability reads the bounding set, all that a process can ever hand on,
// from proc(5)'s status.
func hasCapability(status string, number uint) bool {
	for line := range strings.Lines(status) {
		hex, ok := strings.CutPrefix(line, "CapBnd:")
		if !ok {
			continue
		}
		set, err := strconv.ParseUint(strings.TrimSpace(hex), 16, 64)
		return err == nil && set&(1<<number) != 0
	}
	return false
}
