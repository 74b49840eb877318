package azure

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Hint is what is known of a cluster before Azure was asked. More is better, but
// any of it may be enough.
type Hint struct {
	ID           string   // ARM resource id, if the user named it
	ProviderIDs  []string // of nodes
	ClusterLabel string   // of a node: kubernetes.azure.com/cluster, the node resource group as a rule
	Host         string   // the API server's, as the kubeconfig has it, without a port
}

// Attempt is one way in which [Client.Find] looked for a cluster.
type Attempt struct {
	What string // as "node resource group MC_rg_aks-1_westeurope"
	Err  error  // why that gave nothing; nil if there simply was no match
}

// NotFoundError says that no managed cluster belongs to a [Hint].
type NotFoundError struct {
	Host  string
	Tried []Attempt
}

// Error implements error.
func (e *NotFoundError) Error() string {
	var tried []string
	for _, a := range e.Tried {
		why := "no match"
		if a.Err != nil {
			why = firstLine(a.Err.Error())
		}
		tried = append(tried, a.What+": "+why)
	}
	if len(tried) == 0 {
		tried = []string{"nothing to go by"}
	}
	return fmt.Sprintf("no managed cluster was found for API server %q (%s); name it with --azure-id CONTEXT=ID, see 'az aks list --query [].id'",
		e.Host, strings.Join(tried, "; "))
}

// Unwrap returns the reasons.
func (e *NotFoundError) Unwrap() []error {
	var out []error
	for _, a := range e.Tried {
		if a.Err != nil {
			out = append(out, a.Err)
		}
	}
	return out
}

// finder looks for one cluster.
type finder struct {
	*Client
	hint      Hint
	sub       string // subscription of the nodes; may be empty
	nodeGroup string // may be empty
	tried     []Attempt
}

// Find returns the managed cluster that a kubeconfig context leads to: the one
// that is named; else by the nodes' resource group, which names its owner; else
// among the subscription's clusters; else by Azure Resource Graph in all
// subscriptions. Whatever it finds is read and compared with the hint before it
// is returned. It fails with a [*NotFoundError] or, where the login or the named
// id is wrong, an [*Error].
func (c *Client) Find(ctx context.Context, h Hint) (ID, error) {
	f := &finder{Client: c, hint: h, nodeGroup: h.ClusterLabel}
	for _, p := range h.ProviderIDs {
		if sub, group, err := ParseProviderID(p); err == nil {
			f.sub, f.nodeGroup = sub, group
			break
		}
	}
	if h.ID != "" {
		return f.named(ctx)
	}
	for _, way := range []func(context.Context) (ID, bool, error){f.byOwner, f.bySubscription, f.byGraph} {
		id, found, err := way(ctx)
		if found || hopeless(err) {
			return id, translate(err, "find the managed cluster", ID{})
		}
		if err := ctx.Err(); err != nil {
			return ID{}, fmt.Errorf("find the managed cluster: %w", err)
		}
	}
	return ID{}, &NotFoundError{Host: h.Host, Tried: f.tried}
}

// note records an attempt that led nowhere.
func (f *finder) note(what string, err error) {
	f.tried = append(f.tried, Attempt{what, translate(err, "read it", ID{})})
}

// named takes the id that the user gave, unless it is clearly of another cluster.
func (f *finder) named(ctx context.Context) (ID, error) {
	id, err := ParseID(f.hint.ID)
	if err != nil {
		return ID{}, err
	}
	m, err := f.read(ctx, id)
	if err != nil {
		return ID{}, err
	}
	// A proxy may hide the API server's name, and nodes may be unreadable: then
	// there is nothing to compare, and the user's word stands.
	if f.matches(m.Raw) || (f.nodeGroup == "" && !aksHost(f.hint.Host)) {
		return id, nil
	}
	return ID{}, &Error{
		Code:    CodeClusterMismatch,
		Message: fmt.Sprintf("managed cluster %s is not the one that the context leads to: its API server is %s, the context's %s", id.Name, digString(m.Raw, "properties", "fqdn"), f.hint.Host),
		Next:    "check --azure-id and the context",
	}
}

// aksHost says whether a host is one that AKS gives to API servers, in any cloud.
func aksHost(host string) bool {
	host = strings.ToLower(host)
	return strings.Contains(host, ".azmk8s.") || strings.Contains(host, ".cx.aks.containerservice.azure.")
}

// matches compares a cluster with the hint: by its API server's names, else by
// its nodes' resource group.
func (f *finder) matches(raw object) bool {
	return f.matchesHost(raw) || f.matchesNodes(raw)
}

// matchesNodes compares node resource groups. Two subscriptions may have groups
// of the same name, so without the nodes' subscription that is enough only
// where the host says nothing.
func (f *finder) matchesNodes(raw object) bool {
	if f.nodeGroup == "" || !strings.EqualFold(digString(raw, "properties", "nodeResourceGroup"), f.nodeGroup) {
		return false
	}
	if f.sub == "" {
		return !aksHost(f.hint.Host)
	}
	id, err := ParseID(digString(raw, "id"))
	return err == nil && strings.EqualFold(id.Subscription, f.sub)
}

func (f *finder) matchesHost(raw object) bool {
	host := strings.TrimSuffix(f.hint.Host, ".")
	return host != "" && slices.ContainsFunc([]string{"fqdn", "privateFQDN", "azurePortalFQDN"}, func(key string) bool {
		return strings.EqualFold(digString(raw, "properties", key), host)
	})
}

// byOwner reads who owns the nodes' resource group.
func (f *finder) byOwner(ctx context.Context) (ID, bool, error) {
	if f.sub == "" {
		return ID{}, false, nil
	}
	what := "node resource group " + f.nodeGroup
	group, err := f.get(ctx, groupPath(f.sub, f.nodeGroup), versionProviders)
	if err != nil {
		f.note(what, err)
		return ID{}, false, err
	}
	id, err := ParseID(digString(group, "managedBy"))
	if err != nil {
		f.note(what+" has no managed cluster as its owner", nil)
		return ID{}, false, nil
	}
	return f.verify(ctx, id, what)
}

// bySubscription looks among the clusters of the nodes' subscription.
func (f *finder) bySubscription(ctx context.Context) (ID, bool, error) {
	if f.sub == "" {
		return ID{}, false, nil
	}
	what := "managed clusters of subscription " + f.sub
	version, err := f.clusterVersion(ctx, f.sub)
	if err != nil {
		return ID{}, false, err
	}
	all, err := f.list(ctx, "/subscriptions/"+f.sub+"/providers/"+clusterType, version)
	if err != nil {
		f.note(what, err)
		return ID{}, false, err
	}
	return f.pick(ctx, all, what)
}

// byGraph asks Azure Resource Graph, which knows all subscriptions that the
// login can see but may be minutes behind.
func (f *finder) byGraph(ctx context.Context) (ID, bool, error) {
	var conditions []string
	if f.hint.Host != "" {
		for _, key := range []string{"fqdn", "privateFQDN", "azurePortalFQDN"} {
			conditions = append(conditions, "tostring(properties."+key+") =~ "+kusto(f.hint.Host))
		}
	}
	if f.nodeGroup != "" {
		conditions = append(conditions, "tostring(properties.nodeResourceGroup) =~ "+kusto(f.nodeGroup))
	}
	if len(conditions) == 0 {
		return ID{}, false, nil
	}
	const what = "azure resource graph over all subscriptions"
	query := "resources | where type =~ 'microsoft.containerservice/managedclusters' | where " +
		strings.Join(conditions, " or ") + " | project id, properties"
	resp, err := f.send(ctx, http.MethodPost, "/providers/Microsoft.ResourceGraph/resources", versionGraph,
		object{"query": query, "options": object{"resultFormat": "objectArray"}}, nil, http.StatusOK)
	if err != nil {
		f.note(what, err)
		return ID{}, false, err
	}
	answer, err := payload(resp)
	if err != nil {
		f.note(what, err)
		return ID{}, false, nil
	}
	return f.pick(ctx, digObjects(answer, "data"), what)
}

// kusto quotes a string literal for a Resource Graph query.
func kusto(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", " ").Replace(s) + "'"
}

// pick takes the cluster that matches, by host before by node resource group.
func (f *finder) pick(ctx context.Context, all []object, what string) (ID, bool, error) {
	for _, matches := range []func(object) bool{f.matchesHost, f.matches} {
		for _, raw := range all {
			if id, err := ParseID(digString(raw, "id")); err == nil && matches(raw) {
				return f.verify(ctx, id, what)
			}
		}
	}
	f.note(what, nil)
	return ID{}, false, nil
}

// verify reads the cluster itself: owners and indexes may be out of date.
func (f *finder) verify(ctx context.Context, id ID, what string) (ID, bool, error) {
	m, err := f.read(ctx, id)
	if err != nil {
		f.note(what+", "+id.Name, err)
		return ID{}, false, err
	}
	if !f.matches(m.Raw) {
		f.note(what+", "+id.Name+" has another API server", nil)
		return ID{}, false, nil
	}
	return id, true, nil
}
