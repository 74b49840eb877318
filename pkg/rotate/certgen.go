package rotate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"

	"github.com/aksmesh/kubectl-aksmesh/internal/await"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/pki"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// runCertgen runs CronJobs that make certificates once, now. Since Cilium
// 1.19 a Helm revision does not: the chart's Job is named by its own content.
func runCertgen(ctx context.Context, c *mesh.Cluster, names []string, ca pki.Pair, say func(string)) error {
	list, err := c.Client.BatchV1().CronJobs(cilium.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("the CronJobs that make certificates could not be read: %w", err)
	}
	for _, name := range names {
		at := slices.IndexFunc(list.Items, func(job batchv1.CronJob) bool { return job.Name == name })
		if at < 0 {
			return fmt.Errorf("there is no CronJob %s/%s to sign certificates with, though the release's method is cronJob: see helm get values %s, and rotate again once it is there", cilium.Namespace, name, cilium.ReleaseName)
		}
		if err := runOnce(ctx, c, &list.Items[at], ca, say); err != nil {
			return err
		}
	}
	return nil
}

// runOnce makes a Job as the CronJob would. Its name comes from the CA, so that
// a rotation that goes on finds the Job it has begun.
func runOnce(ctx context.Context, c *mesh.Cluster, from *batchv1.CronJob, ca pki.Pair, say func(string)) error {
	sum := sha256.Sum256(ca.Cert)
	job := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{
			Name: from.Name + "-" + hex.EncodeToString(sum[:5]), Namespace: cilium.Namespace,
			Labels: from.Spec.JobTemplate.Labels, Annotations: from.Spec.JobTemplate.Annotations,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(from, batchv1.SchemeGroupVersion.WithKind("CronJob"))},
		},
		Spec: from.Spec.JobTemplate.Spec,
	}
	jobs := c.Client.BatchV1().Jobs(cilium.Namespace)
	if _, err := jobs.Create(ctx, job, metav1.CreateOptions{FieldManager: cilium.FieldManager}); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("job %s could not be created: %w", job.Name, err)
	}
	say("waiting for Job " + job.Name)
	var failed string
	err := await.Object(ctx, &batchv1.Job{}, &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return jobs.List(ctx, await.Only(o, job.Name))
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			return jobs.Watch(ctx, await.Only(o, job.Name))
		},
	}, func(object any) bool {
		done, why := finished(object.(*batchv1.Job))
		failed = why
		return done
	})
	switch {
	case err != nil:
		return fmt.Errorf("job %s has not ended; see: kubectl --context %s -n %s logs job/%s: %w", job.Name, c.Context, cilium.Namespace, job.Name, err)
	case failed != "":
		return fmt.Errorf("job %s failed (%s); see: kubectl --context %s -n %s logs job/%s, then delete it and rotate again", job.Name, failed, c.Context, cilium.Namespace, job.Name)
	}
	return nil
}

// finished says whether a Job has ended, and why it failed if it did.
func finished(job *batchv1.Job) (done bool, failed string) {
	for _, condition := range job.Status.Conditions {
		switch {
		case condition.Status != corev1.ConditionTrue:
		case condition.Type == batchv1.JobComplete:
			return true, ""
		case condition.Type == batchv1.JobFailed:
			return true, condition.Reason
		}
	}
	return false, ""
}
