package collect

import (
	"context"
	"errors"
	"net"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// mayPrompt says whether the first request may ask the user to log in: a
// credential plugin runs and may use the terminal.
func mayPrompt(config *rest.Config) bool {
	if config.AuthProvider != nil {
		return true
	}
	return config.ExecProvider != nil && config.ExecProvider.InteractiveMode != clientcmdapi.NeverExecInteractiveMode
}

func kindOf(err error) mesh.ProblemKind {
	var network net.Error
	switch {
	case apierrors.IsForbidden(err):
		return mesh.Forbidden
	case apierrors.IsUnauthorized(err), strings.Contains(err.Error(), "getting credentials"):
		return mesh.Unauthorized
	case errors.Is(err, context.DeadlineExceeded), apierrors.IsTimeout(err), apierrors.IsServerTimeout(err), errors.As(err, &network):
		return mesh.Unreachable
	default:
		return mesh.Failed
	}
}

// plain makes one line of an error.
func plain(err error) string {
	return strings.Join(strings.Fields(err.Error()), " ")
}
