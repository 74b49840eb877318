package agent

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// reachScript dials port 4240 of all its arguments at once, with what every
// agent image has: bash and sleep. What has not answered after three seconds
// (a lost SYN is sent again after one) is given up, so that nothing stays behind.
const reachScript = `pids=()
for a in "$@"; do
  { : 3<>"/dev/tcp/$a/4240" && echo "open $a"; } 2>&1 &
  pids+=($!)
done
{ sleep 3; kill "${pids[@]}"; } >/dev/null 2>&1 &
dog=$!
wait "${pids[@]}" 2>/dev/null
kill "$dog" 2>/dev/null
echo done`

// ReachCommand has the agent, in container cilium-agent, dial the health port
// of addresses; [ParseReach] reads the result. It takes three seconds at most.
func ReachCommand(addresses []string) []string {
	return append([]string{"bash", "-c", reachScript, "reach"}, addresses...)
}

// Reach is whether an address answered just now.
type Reach struct {
	Outcome mesh.Outcome
	Text    string // why not
}

// ParseReach reads what [ReachCommand] printed about the addresses. An
// address that refuses has been reached: its packets come back. One that is
// not in the output did not answer. Nothing is known if the script did not end.
func ParseReach(out []byte, addresses []string) map[string]Reach {
	said := map[string]Reach{}
	ended := false
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		line := lines.Text()
		if address, ok := strings.CutPrefix(line, "open "); ok {
			said[address] = Reach{Outcome: mesh.Reached}
			continue
		}
		if _, rest, ok := strings.Cut(line, "/dev/tcp/"); ok {
			// "reach: line 3: /dev/tcp/10.0.0.1/4240: Connection refused"
			address, _, _ := strings.Cut(rest, "/")
			said[address] = refusal(oneLine(rest[strings.LastIndexByte(rest, ':')+1:]))
		}
		ended = ended || line == "done"
	}
	if !ended {
		return nil
	}
	reached := make(map[string]Reach, len(addresses))
	for _, a := range addresses {
		r, ok := said[a]
		if !ok {
			r = Reach{Outcome: mesh.Lost, Text: "TCP: no answer within 3 s"}
		}
		reached[a] = r
	}
	return reached
}

func refusal(reason string) Reach {
	if strings.EqualFold(reason, "Connection refused") {
		return Reach{Outcome: mesh.Reached}
	}
	return Reach{Outcome: mesh.Lost, Text: "TCP: " + reason}
}

// arrivalsScript prints the connections to port 4240 (hex 1090) that are half
// open (state 03), of the node and of its health endpoint, whose responder is
// a child of the agent in that endpoint's network namespace.
const arrivalsScript = `half() { cat "$1/tcp" "$1/tcp6" 2>/dev/null | grep -E ':1090 [0-9A-F]+:[0-9A-F]+ 03 '; }
half /proc/net
echo endpoint
for p in /proc/[0-9]*; do
  read -r name <"$p/comm" && [[ $name == cilium-health-r ]] && half "$p/net"
done 2>/dev/null
echo done`

// ArrivalsCommand asks the agent, in container cilium-agent, what
// [ParseArrivals] reads: who dialled the node's health port within the last
// minute and cannot be answered. That tells the direction in which packets are
// lost: a dial that times out and has arrived fails for want of the way back.
func ArrivalsCommand() []string { return []string{"bash", "-c", arrivalsScript} }

// ParseArrivals reads an answer to [ArrivalsCommand]. The flag is false if the
// answer is not complete.
func ParseArrivals(out []byte) ([]mesh.Arrival, bool) {
	arrivals := []mesh.Arrival{}
	endpoint, ended := false, false
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		switch line := lines.Text(); line {
		case "endpoint":
			endpoint = true
		case "done":
			ended = true
		default:
			if from, ok := halfOpen(line); ok {
				a := mesh.Arrival{From: from.String(), Endpoint: endpoint}
				if !slices.Contains(arrivals, a) {
					arrivals = append(arrivals, a)
				}
			}
		}
	}
	return arrivals, ended
}

// halfOpen reads the remote address of a line of /proc/net/tcp:
// "1: 0209090A:1090 0109090A:D71A 03 …".
func halfOpen(line string) (netip.Addr, bool) {
	fields := strings.Fields(line)
	if len(fields) < 4 || fields[3] != "03" {
		return netip.Addr{}, false
	}
	text, _, _ := strings.Cut(fields[2], ":")
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw)%4 != 0 {
		return netip.Addr{}, false
	}
	// The kernel prints words of 32 bits as its processor orders them, and
	// all nodes of AKS are little-endian.
	for i := 0; i < len(raw); i += 4 {
		slices.Reverse(raw[i : i+4])
	}
	address, ok := netip.AddrFromSlice(raw)
	return address.Unmap(), ok
}
