package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// denial is a security group that denies packets.
type denial struct {
	*filter
	direction string
	from, to  *azureNet
	rule      *securityRule
	packet    packet // one of those denied
}

// at is the cluster that the security group belongs to.
func (d *denial) at() *azureNet {
	if d.direction == outbound {
		return d.from
	}
	return d.to
}

// doubt is why it cannot be told whether packets pass.
type doubt struct {
	at     *azureNet
	why    string
	unread bool // for want of something that could not be read
}

// outcome is what all security groups on a way make of a flow.
type outcome struct {
	passes  truth
	denials []denial // one for each rule that denies
	doubts  []doubt
}

// examine sends a flow from the nodes of one cluster to those of the other, or to
// the addresses if there are any: out through the sender's security groups, in
// through the receiver's, all of which must let it pass. mended is as in tagger.
func examine(from, to *azureNet, k flow, addresses []netip.Addr, mended bool) outcome {
	var out outcome
	l := linkOf(from, to).kind
	for _, n := range []*azureNet{from, to} {
		if len(n.subnets) == 0 { // so no packet is sent, and none denied
			out.doubt(doubt{n, "the subnets of its node pools could not be read", true})
		}
	}
	for i := range from.subnets {
		for j := range to.subnets {
			out.pass(from, to, &from.subnets[i], &to.subnets[j], k, addresses, l, mended)
		}
	}
	switch {
	case len(out.denials) > 0:
		out.passes = never
	case len(out.doubts) > 0:
		out.passes = perhaps
	default:
		out.passes = surely
	}
	return out
}

func (o *outcome) pass(from, to *azureNet, s, d *azureSubnet, k flow, addresses []netip.Addr, l linkKind, mended bool) {
	tagsOut, tagsIn := from.tagger(s, l, mended), to.tagger(d, l, mended)
	if addresses == nil {
		addresses = d.samples(s.cuts, d.cuts)
	}
	for _, sender := range s.samples(s.cuts, d.cuts) {
		for _, receiver := range addresses {
			if sender.Is4() != receiver.Is4() {
				continue
			}
			p := packet{sender, receiver, k}
			for i := range s.filters {
				o.ask(from, to, &s.filters[i], outbound, &p, tagsOut)
			}
			for i := range d.filters {
				o.ask(from, to, &d.filters[i], inbound, &p, tagsIn)
			}
		}
	}
	for _, what := range s.unread {
		o.doubt(doubt{from, what + " could not be read", true})
	}
	for _, what := range d.unread {
		o.doubt(doubt{to, what + " could not be read", true})
	}
}

func (o *outcome) ask(from, to *azureNet, f *filter, direction string, p *packet, tags tagger) {
	got := f.group.decide(direction, p, tags)
	d := denial{f, direction, from, to, got.rule, *p}
	switch got.passes {
	case surely:
	case never:
		if !slices.ContainsFunc(o.denials, func(have denial) bool { return have.rule == got.rule }) {
			o.denials = append(o.denials, d)
		}
	default:
		o.doubt(doubt{d.at(), uncertain(f, direction, got.rule), false})
	}
}

func (o *outcome) doubt(d doubt) {
	if !slices.Contains(o.doubts, d) {
		o.doubts = append(o.doubts, d)
	}
}

func uncertain(f *filter, direction string, r *securityRule) string {
	if r == nil {
		return "network security group " + last(f.group.id) + " shows no rule that matches"
	}
	what := "depends on what is not known here"
	switch {
	case r.sources.groups || r.destinations.groups:
		what = "names application security groups"
	case len(r.sources.tags) > 0 || len(r.destinations.tags) > 0:
		tags := slices.Concat(r.sources.tags, r.destinations.tags)
		slices.Sort(tags)
		what = "names service tags: " + strings.Join(slices.Compact(tags), ", ")
	}
	return fmt.Sprintf("rule %s (%s, priority %d) of network security group %s %s", r.Name, direction, r.Priority, last(f.group.id), what)
}

func (d *denial) String() string {
	return fmt.Sprintf("network security group %s %s of %q: rule %s (%s, priority %d) denies %s from %s to %s",
		last(d.group.id), d.where, d.at().cluster.Context, d.rule.Name, d.direction, d.rule.Priority, d.packet.name, d.packet.from, d.packet.to)
}

// findings turns an outcome into findings about a pair; what is in doubt is said
// once for the cluster that it is about, however many others it has.
func (o *outcome) findings(s Subject, message, allowed string) []Finding {
	var out []Finding
	if len(o.denials) > 0 {
		var lines, fixes []string
		for i := range o.denials {
			lines, fixes = append(lines, o.denials[i].String()), append(fixes, o.denials[i].remedy())
		}
		out = append(out, failed(s, "%s", message).seen(lines...).mend("%s", strings.Join(fixes, " && ")))
	}
	if len(out) == 0 {
		out = append(out, o.doubtful(allowed)...)
	}
	return out
}

// doubtful are the doubts, one finding for each cluster.
func (o *outcome) doubtful(allowed string) []Finding {
	var order []*mesh.Facts
	whys, unread := map[*mesh.Facts][]string{}, map[*mesh.Facts]bool{}
	for _, d := range o.doubts {
		c := d.at.cluster
		if whys[c] == nil {
			order = append(order, c)
		}
		whys[c], unread[c] = append(whys[c], d.why), unread[c] || d.unread
	}
	var out []Finding
	for _, c := range order {
		f := unknown(ofCluster(c), "context %q: whether security groups allow %s is not known", c.Context, allowed).seen(whys[c]...)
		if unread[c] {
			f = f.forWantOf(c)
		}
		out = append(out, f)
	}
	return out
}

// forWantOf points to why part of Azure's network could not be read.
func (f Finding) forWantOf(c *mesh.Facts) Finding {
	if p := problem(c, mesh.SectionAzureNetwork); p != nil {
		f = f.seen(append(slices.Clone(f.Evidence), p.Message)...)
		f.ExplainedBy = codeOf(p)
	}
	return f
}
