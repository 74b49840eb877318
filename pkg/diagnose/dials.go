package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// judgeDials judges connections by the first step that they do not get over. about says what it means, with the remedy.
func judgeDials(steps []mesh.StepName, about func(v *View, c *mesh.Facts, d *mesh.Dial, s *mesh.Step) (words, remedy string)) func(*View) []Finding {
	return eachCluster([]string{mesh.SectionAgentTier, mesh.SectionConfig}, func(v *View, c *mesh.Facts) []Finding {
		out := silentDiallers(c)
		for i := range c.AgentTier.Dials {
			d := &c.AgentTier.Dials[i]
			if d.Error != "" {
				out = append(out, unknown(v.dialSubject(c, d), "context %q: where the connection to %s ends could not be asked", c.Context, v.call(d.Remote)).seen(d.Pod+": "+d.Error))
				continue
			}
			s := firstLost(d)
			if s == nil || !slices.Contains(steps, s.Name) {
				continue
			}
			words, remedy := about(v, c, d, s)
			out = append(out, failed(v.dialSubject(c, d), "%s", words).seen(d.Pod+": "+s.Text).mend("%s", remedy))
		}
		if n := len(c.AgentTier.NotDialled); n > 0 {
			out = append(out, unknown(ofCluster(c), "context %q: %s that are not connected were not gone through", c.Context, counted(n, "more cluster")).seen(c.AgentTier.NotDialled...))
		}
		if n := len(c.AgentTier.NotTried); n > 0 {
			out = append(out, unknown(ofCluster(c), "context %q: %s that are said to be connected were not tried", c.Context, counted(n, "more cluster")).seen(c.AgentTier.NotTried...))
		}
		return out
	})
}

// silentDiallers is one finding for those who dial other clusters and could
// not be asked: kvstoremesh or, without it, agents.
func silentDiallers(c *mesh.Facts) []Finding {
	if len(c.KVStore) > 0 {
		return silent(c, c.KVStore, "kvstoremesh")
	}
	return silent(c, c.Agents, "agent")
}

// dialSubject is the cluster itself for what it dials in itself.
func (v *View) dialSubject(c *mesh.Facts, d *mesh.Dial) Subject {
	if d.Own {
		return ofCluster(c)
	}
	return v.between(c, d.Remote)
}

// dialled is what to call whom a dial leads to.
func (v *View) dialled(d *mesh.Dial) string {
	if d.Own {
		return "its own " + meshService
	}
	return v.call(d.Remote)
}

func firstLost(d *mesh.Dial) *mesh.Step {
	for i := range d.Steps {
		if !d.Steps[i].OK {
			return &d.Steps[i]
		}
	}
	return nil
}

func judgeResolve() func(*View) []Finding {
	return judgeDials([]mesh.StepName{mesh.StepConfig, mesh.StepResolve}, func(v *View, c *mesh.Facts, d *mesh.Dial, s *mesh.Step) (string, string) {
		if s.Name == mesh.StepConfig {
			return fmt.Sprintf("context %q does not dial %s: the configuration for it is missing or not legal", c.Context, v.dialled(d)), v.joinAgain(c, d)
		}
		return fmt.Sprintf("context %q dials %s by a name that has no address: neither a host alias nor DNS knows it", c.Context, v.dialled(d)), v.joinAgain(c, d)
	})
}

func judgeTCP() func(*View) []Finding {
	return judgeDials([]mesh.StepName{mesh.StepTCP}, func(v *View, c *mesh.Facts, d *mesh.Dial, s *mesh.Step) (string, string) {
		if strings.Contains(s.Text, "refused") {
			remedy := "look at the pods of " + meshService + " in that cluster"
			if other := v.named(d.Remote); other != nil && !d.Own {
				remedy = kubectl(other) + " --namespace kube-system get pods --selector k8s-app=" + meshService
			} else if d.Own {
				remedy = kubectl(c) + " --namespace kube-system get pods --selector k8s-app=" + meshService
			}
			return fmt.Sprintf("context %q: nobody listens at the mesh address of %s", c.Context, v.dialled(d)), remedy
		}
		return fmt.Sprintf("context %q gets no TCP connection to the mesh address of %s", c.Context, v.dialled(d)),
			fmt.Sprintf("allow TCP %s from the nodes and pods of context %s: network security groups of both sides, routes, firewalls", addressIn(s.Text), quote(c.Context))
	})
}

// addressIn is the address that the step's text names, as "10.2.0.100:2379".
func addressIn(text string) string {
	_, rest, ok := strings.Cut(text, "dial tcp ")
	if !ok {
		return "2379 to the mesh address"
	}
	address, _, _ := strings.Cut(rest, ": ")
	return "to " + address
}

func judgeTLS() func(*View) []Finding {
	return judgeDials([]mesh.StepName{mesh.StepTLS, mesh.StepLogin}, func(v *View, c *mesh.Facts, d *mesh.Dial, s *mesh.Step) (string, string) {
		holder, secret := v.dialled(d), meshService+"-server-cert"
		if s.Name == mesh.StepLogin {
			holder, secret = fmt.Sprintf("context %q", c.Context), meshService+"-remote-cert"
		}
		text := strings.ToLower(s.Text)
		switch {
		case strings.Contains(text, "expired") || strings.Contains(text, "not yet valid"):
			return fmt.Sprintf("context %q and %s do not agree on TLS: the certificate of %s (Secret %s) is not valid now", c.Context, v.dialled(d), holder, secret), "issue it anew: " + v.renewalOf(c, d, s)
		case strings.Contains(text, "unknown authority"), strings.Contains(text, "unknown certificate authority"), strings.Contains(text, "acceptable ca"):
			return fmt.Sprintf("context %q and %s do not agree on TLS: the other side does not know the authority of the certificate of %s (Secret %s)", c.Context, v.dialled(d), holder, secret), v.joinAgain(c, d)
		case strings.Contains(text, "is valid for"), strings.Contains(text, "any names"):
			return fmt.Sprintf("context %q dials %s by a name that its certificate (Secret %s) does not have", c.Context, v.dialled(d), secret), v.joinAgain(c, d)
		}
		return fmt.Sprintf("context %q gets no TLS connection to %s", c.Context, v.dialled(d)), v.again(c, d)
	})
}

// renewalOf issues the certificate anew that was presented: the server's in the
// handshake, and the client's when it logs in.
func (v *View) renewalOf(c *mesh.Facts, d *mesh.Dial, s *mesh.Step) string {
	if d.Own || s.Name != mesh.StepTLS {
		return renewal(c)
	}
	if other := v.named(d.Remote); other != nil {
		return renewal(other)
	}
	return renewalIn(quote(d.Remote))
}

func judgeEtcd() func(*View) []Finding {
	return judgeDials([]mesh.StepName{mesh.StepEtcd}, func(v *View, c *mesh.Facts, d *mesh.Dial, s *mesh.Step) (string, string) {
		text := strings.ToLower(s.Text)
		if strings.Contains(text, "permission denied") || strings.Contains(text, "auth") || strings.Contains(text, "user") {
			return fmt.Sprintf("the etcd of %s refuses context %q: it does not know the user that the certificate names", v.dialled(d), c.Context),
				"compare clustermesh.apiserver.tls.authMode in the Helm values of both clusters; kubectl aksmesh join sets it alike"
		}
		return fmt.Sprintf("the etcd of %s accepts the connection of context %q and does not answer", v.dialled(d), c.Context), v.again(c, d)
	})
}

// joinAgain is the command that writes a pair's addresses and certificates anew.
func (v *View) joinAgain(c *mesh.Facts, d *mesh.Dial) string {
	other := "OTHER"
	if o := v.named(d.Remote); o != nil {
		other = quote(o.Context)
	}
	return fmt.Sprintf("kubectl aksmesh join --context %s --context %s", quote(c.Context), other)
}

// again is the command that goes through the connection once more.
func (v *View) again(c *mesh.Facts, d *mesh.Dial) string {
	if len(c.KVStore) > 0 && !d.Own {
		return fmt.Sprintf("%s --namespace kube-system exec deploy/%s --container kvstoremesh -- clustermesh-apiserver kvstoremesh-dbg troubleshoot %s", kubectl(c), meshService, quote(d.Remote))
	}
	return fmt.Sprintf("%s --namespace kube-system exec %s --container cilium-agent -- cilium-dbg troubleshoot clustermesh %s", kubectl(c), quote(d.Pod), quote(d.Remote))
}
