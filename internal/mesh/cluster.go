package mesh

import (
	"bytes"
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/streaming/pkg/httpstream"
)

// Namespace is where Cilium lives on AKS.
const Namespace = "kube-system"

// Cluster is a live handle. It is never part of a [Snapshot].
type Cluster struct {
	Context string
	Config  *rest.Config
	Client  kubernetes.Interface
	Dynamic dynamic.Interface
	Exec    Exec
}

// Exec runs a command in a container. An interface because client-go's fake
// clients cannot.
type Exec interface {
	// Run returns the command's standard output, as far as it came. A command
	// that fails is an error that ends with the last line of its standard error.
	Run(ctx context.Context, pod, container string, command ...string) ([]byte, error)
}

// ExecIn runs commands in pods of another namespace than Cilium's.
func ExecIn(c *Cluster, namespace string) Exec {
	return podExec{config: c.Config, client: c.Client, namespace: namespace}
}

type podExec struct {
	config    *rest.Config
	client    kubernetes.Interface
	namespace string
}

func (e podExec) Run(ctx context.Context, pod, container string, command ...string) ([]byte, error) {
	request := e.client.CoreV1().RESTClient().Post().Resource("pods").Namespace(e.namespace).Name(pod).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{Container: container, Command: command, Stdout: true, Stderr: true}, scheme.ParameterCodec)
	websocket, err := remotecommand.NewWebSocketExecutor(e.config, "GET", request.URL().String())
	if err != nil {
		return nil, err
	}
	spdy, err := remotecommand.NewSPDYExecutor(e.config, "POST", request.URL())
	if err != nil {
		return nil, err
	}
	executor, err := remotecommand.NewFallbackExecutor(websocket, spdy, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	})
	if err != nil {
		return nil, err
	}
	var stdout, stderr bytes.Buffer
	if err := executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: &stdout, Stderr: &stderr}); err != nil {
		if last := lastLine(stderr.Bytes()); last != "" {
			err = fmt.Errorf("%w: %s", err, last)
		}
		return stdout.Bytes(), err
	}
	return stdout.Bytes(), nil
}

func lastLine(text []byte) string {
	text = bytes.TrimSpace(text)
	return string(text[bytes.LastIndexByte(text, '\n')+1:])
}
