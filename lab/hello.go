package lab

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/aksmesh/kubectl-aksmesh/lab/image"
	"github.com/aksmesh/kubectl-aksmesh/lab/patience"
)

// helloApp is the name of the demo application's Deployment and Service.
const helloApp = "aks-helloworld"

// Hello runs the demo application in every cluster of the lab, in namespace
// default, with a Service on port 80: each answers with its cluster's name.
// What is there already is left as it is.
func (l *Lab) Hello(ctx context.Context) error {
	size, err := l.Size()
	if err != nil {
		return err
	}
	if len(size) == 0 {
		return errors.New("the lab is down: bring it up first")
	}
	var group errgroup.Group
	for _, c := range size.Clusters() {
		group.Go(func() error {
			if err := l.hello(ctx, c.Name()); err != nil {
				return fmt.Errorf("%s: %w", c.Name(), err)
			}
			l.Say("%s: %s runs", c.Name(), helloApp)
			return nil
		})
	}
	return group.Wait()
}

func (l *Lab) hello(ctx context.Context, name string) error {
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		&clientcmd.ClientConfigLoadingRules{ExplicitPath: l.Home.Kubeconfig()},
		&clientcmd.ConfigOverrides{CurrentContext: name}).ClientConfig()
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	_, err = client.AppsV1().Deployments(metav1.NamespaceDefault).Create(ctx, helloDeployment(name), metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	_, err = client.CoreV1().Services(metav1.NamespaceDefault).Create(ctx, helloService(), metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	return waitForHello(ctx, client)
}

func waitForHello(ctx context.Context, client kubernetes.Interface) error {
	const every, most = 250 * time.Millisecond, 2 * time.Minute
	err := wait.PollUntilContextTimeout(ctx, every, patience.Of(most), true, func(ctx context.Context) (bool, error) {
		d, err := client.AppsV1().Deployments(metav1.NamespaceDefault).Get(ctx, helloApp, metav1.GetOptions{})
		return err == nil && d.Status.AvailableReplicas > 0, err
	})
	if err != nil {
		return fmt.Errorf("%s does not run: %w", helloApp, err)
	}
	return nil
}

func helloDeployment(title string) *appsv1.Deployment {
	labels := map[string]string{"app": helloApp}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: helloApp},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{Containers: []corev1.Container{{
					Name: "hello", Image: image.HelloWorld, ImagePullPolicy: corev1.PullIfNotPresent, Args: []string{"serve"},
					Env:   []corev1.EnvVar{{Name: "TITLE", Value: title}},
					Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}},
				}}},
			},
		},
	}
}

func helloService() *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: helloApp},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"app": helloApp},
			Ports:    []corev1.ServicePort{{Name: "http", Port: 80, TargetPort: intstr.FromInt32(8080)}},
		},
	}
}
