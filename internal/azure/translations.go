package azure

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// translation says one kind of Azure error in plain words.
type translation struct {
	match   func(code string, status int, message string) bool
	code    string // replaces Azure's, if set
	message string
	quote   bool // Azure's own message follows
	next    func(id ID) string
}

func byCode(codes ...string) func(string, int, string) bool {
	return func(code string, _ int, _ string) bool { return slices.Contains(codes, code) }
}

func byStatus(statuses ...int) func(string, int, string) bool {
	return func(_ string, status int, _ string) bool { return slices.Contains(statuses, status) }
}

func say(text string) func(ID) string { return func(ID) string { return text } }

// translations lists what is known of Azure's errors, the special before the
// general: the first match counts.
func translations() []translation {
	return append(clusterTranslations(), generalTranslations()...)
}

func clusterTranslations() []translation {
	return []translation{{
		match:   byCode(CodeNotBYOCNI),
		message: "azure lets kube-proxy be turned off only on clusters that bring their own CNI (network plugin none)",
		next:    say("use a cluster made with --network-plugin none, or Fleet's cross-cluster networking for Azure CNI"),
	}, {
		match:   missingFeature,
		code:    CodeFeature,
		message: "the subscription has not registered the preview feature " + featureName,
		next:    registerFeature,
	}, {
		match:   byCode("LinkedAuthorizationFailed"),
		message: "you may change the cluster, but not use what it is linked to (subnet, public IP, identity)",
		quote:   true,
		next:    say("ask for Network Contributor on the virtual network and Managed Identity Operator on the cluster's identities"),
	}, {
		match:   byCode("ScopeLocked"),
		message: "a lock on the cluster or its resource group forbids changes",
		next:    say("see 'az lock list' and have the lock removed for the time of the change"),
	}, {
		match:   byCode("RequestDisallowedByPolicy"),
		message: "an azure policy forbids the change",
		quote:   true,
		next:    say("ask whoever keeps the policy for an exemption"),
	}, {
		match:   byCode("NoRegisteredProviderFound", "InvalidApiVersionParameter", "InvalidResourceType", "UnmarshalError"),
		code:    CodeVersion,
		message: "azure does not take this API version",
		quote:   true,
		next:    say("name one that has kubeProxyConfig, a preview, with --aks-api-version"),
	}, {
		match:   stopped,
		code:    CodeStopped,
		message: "the cluster is stopped",
		next:    startCluster,
	}}
}

func generalTranslations() []translation {
	return []translation{{
		match:   byStatus(http.StatusUnauthorized),
		message: "azure does not accept the login, or it has expired",
		next:    say("run 'az login' (with --tenant if the subscription belongs to another tenant)"),
	}, {
		match:   byStatus(http.StatusForbidden),
		message: "you lack the rights on this subscription or resource",
		quote:   true,
		next:    say("ask for Reader to look, and for Azure Kubernetes Service Contributor to change the cluster"),
	}, {
		match:   byStatus(http.StatusNotFound),
		message: "azure does not have it, or not where you may look",
		quote:   true,
		next:    say("check the resource id and 'az account show' for the right tenant"),
	}, {
		match:   byStatus(http.StatusPreconditionFailed),
		code:    CodeChanged,
		message: "somebody else keeps changing the cluster at the same time",
		next:    say("run the command again when they are done"),
	}, {
		match:   byStatus(http.StatusConflict),
		message: "azure works on something else",
		quote:   true,
		next:    say("run the command again when that is done; see 'az aks show --query provisioningState'"),
	}, {
		match:   byStatus(http.StatusTooManyRequests),
		message: "azure answers too many requests right now",
		next:    say("run the command again in a few minutes"),
	}, {
		match:   func(_ string, status int, _ string) bool { return status >= 500 },
		message: "azure has a problem of its own",
		quote:   true,
		next:    say("run the command again in a few minutes; see https://azure.status.microsoft"),
	}}
}

// featureName is the preview feature that AKS wanted for kube-proxy's settings
// before 2025-04, and may still want in some clouds.
const featureName = "Microsoft.ContainerService/KubeProxyConfigurationPreview"

func missingFeature(code string, _ int, message string) bool {
	return code == "FeatureNotRegistered" || code == "PreviewFeatureNotRegistered" ||
		strings.Contains(message, "KubeProxyConfigurationPreview")
}

func registerFeature(id ID) string {
	sub := ""
	if id.Subscription != "" {
		sub = " --subscription " + id.Subscription
	}
	const of = " --namespace Microsoft.ContainerService --name KubeProxyConfigurationPreview"
	return "that changes the whole subscription, so it is left to you: run 'az feature register" + of + sub +
		"', wait some minutes until 'az feature show" + of + " --query properties.state" + sub +
		"' says Registered, run 'az provider register --namespace Microsoft.ContainerService" + sub + "', and then the command again"
}

func stopped(_ string, status int, message string) bool {
	return status == http.StatusConflict && strings.Contains(message, "Power State(Stopped)")
}

func startCluster(id ID) string {
	return "start it: az aks start --subscription " + id.Subscription + " --resource-group " + quote(id.ResourceGroup) + " --name " + id.Name
}

// KubeProxyCommand returns the shell command, one line, that does what
// [Client.SetKubeProxy] does, for someone who has the rights. It writes
// kube-proxy.json into the working directory.
func KubeProxyCommand(id ID, enabled bool) string {
	return fmt.Sprintf(`echo '{"enabled": %t}' > kube-proxy.json && az extension add --upgrade --name aks-preview && `+
		`az aks update --subscription %s --resource-group %s --name %s --kube-proxy-config kube-proxy.json`,
		enabled, id.Subscription, quote(id.ResourceGroup), id.Name)
}

// quote puts a name in quotes if a shell would misread it: resource groups may
// have parentheses.
func quote(name string) string {
	if strings.ContainsAny(name, "()") {
		return "'" + name + "'"
	}
	return name
}
