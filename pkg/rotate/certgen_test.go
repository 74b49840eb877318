package rotate

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/pki"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

const (
	meshJobs   = "clustermesh-apiserver-generate-certs"
	hubbleJobs = "hubble-generate-certs"
)

// withCronJobs is a cluster with these CronJobs, whose Jobs end in a condition
// as soon as they are made.
func withCronJobs(ends batchv1.JobConditionType, names ...string) (*mesh.Cluster, *fake.Clientset) {
	client := fake.NewClientset()
	for _, name := range names {
		_ = client.Tracker().Add(&batchv1.CronJob{
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "kube-system", UID: "uid-of-the-cronjob"},
			Spec: batchv1.CronJobSpec{JobTemplate: batchv1.JobTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"k8s-app": name}},
				Spec:       batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{RestartPolicy: corev1.RestartPolicyOnFailure}}},
			}},
		})
	}
	client.PrependReactor("create", "jobs", func(action clienttesting.Action) (bool, runtime.Object, error) {
		job := action.(clienttesting.CreateAction).GetObject().(*batchv1.Job)
		job.Status.Conditions = []batchv1.JobCondition{{Type: ends, Status: corev1.ConditionTrue, Reason: "BackoffLimitExceeded"}}
		return false, nil, nil
	})
	// The fake's watches do not begin with what there is, as real ones can: the
	// client lists it then.
	client.PrependWatchReactor("jobs", func(action clienttesting.Action) (bool, watch.Interface, error) {
		if action.(clienttesting.WatchActionImpl).ListOptions.SendInitialEvents == nil {
			return false, nil, nil
		}
		return true, nil, apierrors.NewInvalid(batchv1.SchemeGroupVersion.WithKind("Job").GroupKind(), "", nil)
	})
	return &mesh.Cluster{Context: "aks-1", Client: client}, client
}

// generate runs certgen for a CA whose certificate is the text.
func generate(t *testing.T, c *mesh.Cluster, names []string, cert string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	return runCertgen(ctx, c, names, pki.Pair{Cert: []byte(cert)}, func(string) {})
}

func jobsOf(t *testing.T, client *fake.Clientset) []batchv1.Job {
	t.Helper()
	list, err := client.BatchV1().Jobs("kube-system").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return list.Items
}

func TestCertgenRunsAsItsCronJobWould(t *testing.T) {
	c, client := withCronJobs(batchv1.JobComplete, meshJobs, hubbleJobs, "somebodys-generate-certs")
	if err := generate(t, c, []string{meshJobs, hubbleJobs}, "new"); err != nil {
		t.Fatal(err)
	}
	made := jobsOf(t, client)
	var owners []string
	for _, job := range made {
		owner := metav1.GetControllerOf(&job)
		if owner == nil || owner.Kind != "CronJob" || job.Labels["k8s-app"] != owner.Name || job.Spec.Template.Spec.RestartPolicy != corev1.RestartPolicyOnFailure {
			t.Fatalf("job %s is not like one of its CronJob: %+v", job.Name, job)
		}
		owners = append(owners, owner.Name)
	}
	slices.Sort(owners)
	if diff := cmp.Diff([]string{meshJobs, hubbleJobs}, owners); diff != "" {
		t.Errorf("CronJobs that were run (-want +got):\n%s", diff)
	}
	t.Run("a rotation that goes on finds its Jobs", func(t *testing.T) {
		if err := generate(t, c, []string{meshJobs, hubbleJobs}, "new"); err != nil || len(jobsOf(t, client)) != len(made) {
			t.Errorf("%d Jobs and error %v, want %d and none", len(jobsOf(t, client)), err, len(made))
		}
	})
	t.Run("the next rotation makes its own", func(t *testing.T) {
		if err := generate(t, c, []string{meshJobs, hubbleJobs}, "newer"); err != nil || len(jobsOf(t, client)) != 2*len(made) {
			t.Errorf("%d Jobs and error %v, want %d and none", len(jobsOf(t, client)), err, 2*len(made))
		}
	})
}

func TestCertgenWaitsForItsJob(t *testing.T) {
	c, client := withCronJobs(batchv1.JobSuspended, hubbleJobs)
	done := make(chan error, 1)
	go func() { done <- generate(t, c, []string{hubbleJobs}, "new") }()
	var job *batchv1.Job
	for job == nil {
		if all := jobsOf(t, client); len(all) > 0 {
			job = &all[0]
		}
	}
	select {
	case err := <-done:
		t.Fatalf("ended before its Job: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	job.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}}
	if _, err := client.BatchV1().Jobs("kube-system").UpdateStatus(t.Context(), job, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestCertgenThatFailsIsTold(t *testing.T) {
	c, client := withCronJobs(batchv1.JobFailed, hubbleJobs)
	err := generate(t, c, []string{hubbleJobs}, "new")
	if err == nil || !strings.Contains(err.Error(), "failed (BackoffLimitExceeded); see: kubectl --context aks-1 -n kube-system logs job/"+hubbleJobs+"-") {
		t.Errorf("error %v", err)
	}
	if err := generate(t, c, []string{meshJobs}, "new"); err == nil || !strings.Contains(err.Error(), "no CronJob kube-system/"+meshJobs) || len(jobsOf(t, client)) != 1 {
		t.Errorf("without a CronJob: error %v", err)
	}
}
