package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/rbac"
)

// judgeAPI says whether the API server answers this user.
func judgeAPI(v *View) []Finding {
	var out []Finding
	for _, c := range v.clusters {
		f := passed(ofCluster(c))
		at := slices.IndexFunc(c.Problems, func(p mesh.Problem) bool { return codeOf(&p) == CodeAPI })
		if at >= 0 {
			f = accessFailure(c, &c.Problems[at])
		}
		out = append(out, f)
	}
	return out
}

// anonymous says whether a request was denied because the kubeconfig has no
// credentials: the API server then knows nobody to give rights to.
func anonymous(p *mesh.Problem) bool {
	return p.Kind == mesh.Forbidden && strings.Contains(p.Message, "system:anonymous")
}

// accessFailure says in one sentence why the cluster cannot be asked, and
// what to do. The error's own words decide between the usual reasons: the
// kinds alone do not tell a missing helper program from an expired login.
func accessFailure(c *mesh.Facts, p *mesh.Problem) Finding {
	s, text := ofCluster(c), strings.ToLower(p.Message)
	says := func(parts ...string) bool {
		for _, part := range parts {
			if strings.Contains(text, part) {
				return true
			}
		}
		return false
	}
	credentials := "az aks get-credentials " + azTarget(c) + " --overwrite-existing"
	for _, reason := range []struct {
		applies  bool
		sentence string // about the context, its one argument
		remedy   string
	}{
		{says("context") && says("does not exist", "not found in", "no context"),
			"context %q is not in the kubeconfig", "kubectl config get-contexts"},
		{says("kubelogin") && says("not found", "no such file"),
			"context %q needs the program kubelogin, which is not on the PATH", "az aks install-cli"},
		{says("az login", "aadsts", "refresh token"),
			"the Azure login that context %q uses has expired", "az login"},
		{says("x509", "certificate signed by unknown authority"),
			"the API server of context %q shows a certificate that its kubeconfig does not trust", credentials},
		{p.Kind == mesh.Unreachable && says("no such host"), "the API server's name in context %q does not resolve from here",
			"az aks list --output table shows whether the cluster exists; a private cluster's name resolves only inside its virtual network"},
		{p.Kind == mesh.Unreachable, "the API server of context %q does not answer",
			kubectl(c) + " cluster-info; check VPN, proxy, the cluster's authorized IP ranges, and that it is started"},
		{p.Kind == mesh.Unauthorized, "the API server of context %q does not accept the credentials", credentials},
		{anonymous(p), "the API server of context %q is given no credentials, and takes the user for anybody", credentials},
	} {
		if reason.applies {
			return failed(s, reason.sentence, c.Context).seen(p.Message).mend("%s", reason.remedy)
		}
	}
	if p.Kind == mesh.Forbidden {
		return unknown(s, "context %q: the user may not ask the API server for what is needed first", c.Context).seen(p.Message).
			mend("%s auth whoami; then ask for the role Azure Kubernetes Service RBAC Cluster Admin on the cluster", kubectl(c))
	}
	return failed(s, "context %q cannot be used", c.Context).seen(p.Message).mend("%s cluster-info", kubectl(c))
}

// judgeRights names the rights that are lacking. Before a change that is a
// reason to stop; otherwise it only limits what can be seen.
func judgeRights(v *View) []Finding {
	return eachCluster([]string{mesh.SectionRights}, func(v *View, c *mesh.Facts) []Finding {
		var out []Finding
		if len(c.Rights) > 0 {
			f, commands := failed(ofCluster(c), "context %q: the user may not %s", c.Context, right(c.Rights[0], len(c.Rights))), quote(v.command)
			if v.phase != Preflight {
				f.Status, f.Severity, commands = Unknown, Info, "doctor"
			}
			if slices.ContainsFunc(c.Rights, rbac.OfHubbleUI) {
				commands += " 'join --hubble-ui'"
			}
			out = append(out, f.seen(rightLines(c.Rights)...).
				mend("%s; kubectl aksmesh rbac %s --user USER prints the roles for whoever may grant them", canI(c), commands))
		}
		for i := range c.Problems {
			p := &c.Problems[i]
			if codeOf(p) == CodeRights && p.Section != mesh.SectionAzure && p.Section != mesh.SectionAzureNetwork {
				out = append(out, unknown(ofCluster(c), "context %q: the user may not read %s", c.Context, describe(p.Section)).
					seen(p.Message).
					mend("%s auth can-i --list --namespace kube-system; kubectl aksmesh rbac doctor --user USER prints the roles for whoever may grant them", kubectl(c)))
			}
		}
		return append(out, azureRights(c)...)
	})(v)
}

func right(r mesh.Right, n int) string {
	text := rightLine(r)
	if n > 1 {
		text += fmt.Sprintf(" and lacks %s", counted(n-1, "more right"))
	}
	return text
}

func rightLines(rights []mesh.Right) []string {
	var out []string
	for _, r := range rights {
		out = append(out, rightLine(r))
	}
	return out
}

func rightLine(r mesh.Right) string {
	text := r.Verb + " " + r.Resource
	if r.Group != "" {
		text += "." + r.Group
	}
	if r.Name != "" {
		text += " " + r.Name
	}
	if r.Namespace != "" {
		text += " in namespace " + r.Namespace
	}
	return text
}

// canI is the command that shows the first lacking right to whoever can grant it.
func canI(c *mesh.Facts) string {
	r := c.Rights[0]
	resource := r.Resource
	if r.Group != "" {
		resource += "." + r.Group
	}
	if r.Name != "" {
		resource += "/" + r.Name
	}
	cmd := kubectl(c) + " auth can-i " + quote(r.Verb) + " " + quote(resource)
	if r.Namespace != "" {
		cmd += " --namespace " + quote(r.Namespace)
	}
	return cmd
}

// judgeUnreadable reports sections that failed to be read for a reason other
// than rights, so that other checks can point here.
func judgeUnreadable(v *View) []Finding {
	var out []Finding
	for _, c := range v.clusters {
		found := len(out)
		for i := range c.Problems {
			if p := &c.Problems[i]; codeOf(p) == CodeUnreadable {
				out = append(out, unknown(ofCluster(c), "context %q: %s could not be read", c.Context, describe(p.Section)).
					seen(p.Message))
			}
		}
		if len(out) == found {
			out = append(out, passed(ofCluster(c)))
		}
	}
	return out
}
