package controlplane_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"

	"github.com/aksmesh/kubectl-aksmesh/lab/controlplane"
)

// The API servers log hundreds of lines, of no use beside a test's failure.
func TestMain(m *testing.M) {
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	os.Exit(m.Run())
}

// One test, since starting clusters takes seconds: its parts share them.
func TestTwoClusters(t *testing.T) {
	set, err := controlplane.Start(t.Context(), controlplane.Options{
		Clusters:     2,
		Dir:          t.TempDir(),
		ServiceCIDRs: []string{"", "10.96.0.0/16"},
		Users:        []controlplane.User{{Name: "eve"}, {Name: "otto", Groups: []string{"auditors"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := set.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	one, two := set.Clusters[0], set.Clusters[1]
	t.Run("identity", func(t *testing.T) { testIdentity(t, one, two) })
	t.Run("RBAC", func(t *testing.T) { testRBAC(t, one) })
	t.Run("audit", func(t *testing.T) { testAudit(t, one) })
	t.Run("pods", func(t *testing.T) { testPod(t, two) })
}

func testIdentity(t *testing.T, one, two *controlplane.Cluster) {
	if one.UID == "" || one.UID == two.UID {
		t.Errorf("UIDs of kube-system are %q and %q, want two different ones", one.UID, two.UID)
	}
	for c, want := range map[*controlplane.Cluster]string{one: "10.0.0.1", two: "10.96.0.1"} {
		svc, err := client(t, c.Kubeconfig, "test").CoreV1().Services("default").Get(t.Context(), "kubernetes", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if svc.Spec.ClusterIP != want {
			t.Errorf("%s: Service kubernetes has ClusterIP %s, want %s", c.Context, svc.Spec.ClusterIP, want)
		}
	}
	cfg, err := clientcmd.BuildConfigFromFlags("", one.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Host = two.Server
	if _, err := kubernetes.NewForConfigOrDie(cfg).Discovery().ServerVersion(); err == nil {
		t.Error("the second cluster's certificate is trusted by the first one's authority")
	}
}

func testRBAC(t *testing.T, c *controlplane.Cluster) {
	admin := client(t, c.Users[controlplane.Admin], "test")
	for name, user := range map[string]string{"eve": "eve", "a group's member": "otto"} {
		_, err := client(t, c.Users[user], "test").CoreV1().Secrets("kube-system").List(t.Context(), metav1.ListOptions{})
		if !apierrors.IsForbidden(err) {
			t.Errorf("%s without rights lists secrets: %v, want forbidden", name, err)
		}
	}
	_, err := admin.RbacV1().ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "auditors"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "Group", Name: "auditors"}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	// the authorizer learns of the binding by a watch
	err = wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, 10*time.Second, true, func(ctx context.Context) (bool, error) {
		_, err := client(t, c.Users["otto"], "test").CoreV1().Secrets("kube-system").List(ctx, metav1.ListOptions{})
		return err == nil, nil
	})
	if err != nil {
		t.Errorf("a binding to a group has no effect: %v", err)
	}
}

func testAudit(t *testing.T, c *controlplane.Cluster) {
	agent := client(t, c.Kubeconfig, "audit-test")
	configMap := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "audited"}}
	if _, err := agent.CoreV1().ConfigMaps("default").Create(t.Context(), configMap, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := agent.CoreV1().ConfigMaps("default").Get(t.Context(), "audited", metav1.GetOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	verbs := map[string]int{}
	for _, e := range auditEvents(t, c) {
		if e.UserAgent == "audit-test" && e.Stage == auditv1.StageRequestReceived {
			verbs[e.Verb]++
		}
	}
	if verbs["create"] != 1 || verbs["get"] != 3 || len(verbs) != 2 {
		t.Errorf("audit log counts %v, want 1 create and 3 get", verbs)
	}
}

// A pod is admitted, which needs its namespace's service account.
func testPod(t *testing.T, c *controlplane.Cluster) {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "p"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "example.invalid/c"}}},
	}
	if _, err := client(t, c.Kubeconfig, "test").CoreV1().Pods("default").Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Error(err)
	}
}

func TestStartRefuses(t *testing.T) {
	for name, opts := range map[string]controlplane.Options{
		"no cluster":       {Dir: t.TempDir()},
		"no directory":     {Clusters: 1, Dir: "/nonexistent"},
		"too many CIDRs":   {Clusters: 1, Dir: t.TempDir(), ServiceCIDRs: []string{"", ""}},
		"a malformed CIDR": {Clusters: 1, Dir: t.TempDir(), ServiceCIDRs: []string{"10.0.0.0"}},
	} {
		if _, err := controlplane.Start(t.Context(), opts); err == nil {
			t.Errorf("%s: started", name)
		}
	}
}

func client(t *testing.T, kubeconfig, userAgent string) kubernetes.Interface {
	t.Helper()
	cfg, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	cfg.UserAgent = userAgent
	return kubernetes.NewForConfigOrDie(cfg)
}

func auditEvents(t *testing.T, c *controlplane.Cluster) []auditv1.Event {
	t.Helper()
	file, err := os.Open(c.AuditLog)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var events []auditv1.Event
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e auditv1.Event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("audit event %q: %v", lines.Text(), err)
		}
		events = append(events, e)
	}
	return events
}
