package probe

import (
	"path/filepath"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/aksmesh/kubectl-aksmesh/test/golden"
)

// The whole pod is in a golden file: what it may do is for people to review.
func TestPod(t *testing.T) {
	t.Parallel()
	times := Job{StartWithin: 2 * time.Minute, RunWithin: 90 * time.Second, Image: "registry.example/aksmesh-probe:v1"}
	for file, change := range map[string]func(*Job){
		"pod.yaml": func(j *Job) {
			j.Namespace, j.Args = "shop", []string{"http", "-n", "10", "http://10.0.0.7:80/"}
		},
		"pod-watch.yaml": func(j *Job) {
			j.Namespace, j.Args, j.Name = "kube-system", []string{"listen", "-watch", "8472"}, "aksmesh-probe-"
			j.Node, j.HostNetwork, j.Watch = "vm-1a", true, true
		},
	} {
		job := times
		change(&job)
		got, err := yaml.Marshal(job.pod("abc"))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", file)
		golden.Compare(t, path, string(got))
	}
}

func TestExpired(t *testing.T) {
	t.Parallel()
	made := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		deadline *int64 // seconds
		age      time.Duration
		want     bool
	}{
		"under way":       {new(int64(60)), time.Minute, false},
		"spare time":      {new(int64(60)), 3 * time.Minute, false},
		"left":            {new(int64(60)), 3*time.Minute + time.Second, true},
		"clock behind":    {new(int64(60)), -time.Hour, false},
		"no deadline":     {nil, 30 * time.Minute, false},
		"no deadline old": {nil, 2 * time.Hour, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: metav1.NewTime(made)}}
			pod.Spec.ActiveDeadlineSeconds = tt.deadline
			if got := expired(pod, made.Add(tt.age)); got != tt.want {
				t.Errorf("expired is %v, want %v", got, tt.want)
			}
		})
	}
}
