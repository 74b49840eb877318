package rollout

import (
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What kubelets pass on from containerd and CRI-O.
const (
	saysNotFound = `rpc error: code = NotFound desc = failed to pull and unpack image "r.example/cilium:v9": failed to resolve reference "r.example/cilium:v9": r.example/cilium:v9: not found`
	says404      = `failed to pull and unpack image "r.example/cilium:v9": failed to resolve reference "r.example/cilium:v9": unexpected status from HEAD request to https://r.example/v2/cilium/manifests/v9: 404 Not Found`
	says401      = `failed to pull and unpack image "r.example/cilium:v9": failed to resolve reference "r.example/cilium:v9": failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://r.example/oauth2/token?scope=repository: 401 Unauthorized`
	saysUnknown  = `reading manifest v9 in r.example/cilium: manifest unknown`
)

func TestSaysMissing(t *testing.T) {
	for message, want := range map[string]bool{
		saysNotFound: true,
		says404:      true,
		saysUnknown:  true,
		`Back-off pulling image "r.example/cilium:v9": ErrImagePull: ` + saysNotFound:                                                                                                                           true,
		`rpc error: code = NotFound desc = failed to pull and unpack image "r.example/cilium:v9": failed to resolve image: r.example/cilium:v9: not found`:                                                      true,
		`failed to pull and unpack image "r.example/cilium:v9": no match for platform in manifest: not found`:                                                                                                   true,
		`failed to pull and unpack image "r.example/x:v9": failed to resolve image: failed to do request: Head "https://r.example/v2/x/manifests/v9": dial tcp: lookup r.example on 10.0.0.10:53: no such host`: false,
		says401: false,
		strings.ReplaceAll(says401, "401 Unauthorized", "404 Not Found"): false,
		`failed to resolve reference "docker.io/x/y:v9": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope`:     false,
		`failed to resolve reference "r.example/x:v9": failed to do request: Head "https://r.example/v2/x/manifests/v9": dial tcp: lookup r.example: no such host`:           false,
		`failed to resolve reference "r.example/x:v9": failed to do request: Head "https://r.example/v2/x/manifests/v9": dial tcp 10.0.0.9:443: connect: connection refused`: false,
		`failed to resolve reference "r.example/x:v9": failed to do request: Head "https://r.example/v2/x/manifests/v9": proxyconnect tcp: Not Found`:                        false,
		`failed to resolve reference "r.example/x:v404": unexpected status from HEAD request to https://r.example/v2/x/manifests/v404: 503 Service Unavailable`:              false,
		`failed to extract layer sha256:1: failed to get reader from content store: content digest sha256:2: not found`:                                                      false,
		`failed to resolve reference "r.example/x:v9": failed to do request: Head "https://r.example/v2/x/manifests/v9": net/http: TLS handshake timeout`:                    false,
		`Back-off pulling image "r.example/cilium:v9"`: false,
		"": false,
	} {
		if got := saysMissing(message); got != want {
			t.Errorf("%v, want %v: %s", got, want, message)
		}
	}
}

// waitingPod is a pod of agents whose container waits for its image.
func waitingPod(name, image, reason, message string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{
			Name: "cilium-agent", Image: image,
			State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}},
		}}},
	}
}

// agentsOf is the DaemonSet of agents with an image, of which none is ready.
func agentsOf(image string) *appsv1.DaemonSet {
	return &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Name: "cilium"},
		Spec:       appsv1.DaemonSetSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "cilium-agent", Image: image}}}}},
		Status:     appsv1.DaemonSetStatus{DesiredNumberScheduled: 2, UpdatedNumberScheduled: 2},
	}
}

// glimpse is what a watch brings at a time.
type glimpse struct {
	after   time.Duration
	object  any
	deleted bool
}

const wrong = "r.example/cilium:v9"

// TestMissingImageEndsTheWait: only what a try of this wait's time has brought,
// what stays so, and what the newest template names.
func TestMissingImageEndsTheWait(t *testing.T) {
	at := func(seconds int, reason, message string) glimpse {
		return glimpse{after: time.Duration(seconds) * time.Second, object: waitingPod("cilium-a", wrong, reason, message)}
	}
	backOff := `Back-off pulling image "` + wrong + `"`
	running := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "cilium-a"}}
	going := waitingPod("cilium-a", wrong, "ErrImagePull", saysNotFound)
	going.DeletionTimestamp = &metav1.Time{Time: time.Now()}
	for name, test := range map[string]struct {
		image string // of the newest template
		seen  []glimpse
		asked int // seconds after the beginning
		want  string
	}{
		"not yet long enough":                    {wrong, []glimpse{at(0, "ErrImagePull", saysNotFound)}, 29, ""},
		"long enough":                            {wrong, []glimpse{at(0, "ErrImagePull", saysNotFound), at(10, "ImagePullBackOff", backOff), at(20, "ErrImagePull", saysNotFound)}, 30, "does not exist"},
		"in the words of another runtime":        {wrong, []glimpse{at(0, "ErrImagePull", saysUnknown), at(10, "ImagePullBackOff", backOff)}, 31, "manifest unknown"},
		"only a try of before":                   {wrong, []glimpse{at(0, "ImagePullBackOff", backOff+": ErrImagePull: "+saysNotFound)}, 300, ""},
		"tried again after that":                 {wrong, []glimpse{at(0, "ImagePullBackOff", backOff+": ErrImagePull: "+saysNotFound), at(60, "ErrImagePull", saysNotFound)}, 90, "does not exist"},
		"an error that passes":                   {wrong, []glimpse{at(0, "ErrImagePull", says401), at(10, "ImagePullBackOff", backOff)}, 600, ""},
		"an error that passes, in between":       {wrong, []glimpse{at(0, "ErrImagePull", saysNotFound), at(20, "ErrImagePull", says401), at(40, "ErrImagePull", saysNotFound)}, 60, ""},
		"then it runs":                           {wrong, []glimpse{at(0, "ErrImagePull", saysNotFound), {20 * time.Second, running, false}}, 60, ""},
		"then it is gone":                        {wrong, []glimpse{at(0, "ErrImagePull", saysNotFound), {20 * time.Second, running, true}}, 60, ""},
		"it is going":                            {wrong, []glimpse{{0, going, false}}, 60, ""},
		"of an older template":                   {"r.example/cilium:v10", []glimpse{at(0, "ErrImagePull", saysNotFound)}, 60, ""},
		"no image's name":                        {wrong, []glimpse{at(0, "InvalidImageName", "couldn't parse image name")}, 0, "is no image's name"},
		"no image's name, of an older template":  {"r.example/cilium:v10", []glimpse{at(0, "InvalidImageName", "couldn't parse image name")}, 60, ""},
		"no image's name, and it is mended soon": {wrong, []glimpse{at(0, "InvalidImageName", "couldn't parse image name"), {time.Second, running, false}}, 1, ""},
	} {
		start := time.Now()
		w := newReadiness(nil, func(string) {}, func() { t.Errorf("%s: it is ready", name) })
		w.see(agentsOf(test.image), false)
		for _, g := range test.seen {
			w.now = func() time.Time { return start.Add(g.after) }
			w.see(g.object, g.deleted)
		}
		w.now = func() time.Time { return start.Add(time.Duration(test.asked) * time.Second) }
		err := w.hopeless("aks-2")
		if test.want == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err == nil {
			t.Errorf("%s: it would be waited for", name)
			continue
		}
		for _, phrase := range []string{test.want, "pod cilium-a, container cilium-agent", wrong, "Helm value image", "kubectl --context aks-2 -n kube-system describe pod cilium-a"} {
			if !strings.Contains(err.Error(), phrase) {
				t.Errorf("%s: %q does not say %q", name, err, phrase)
			}
		}
	}
}

// TestProgressNamesImages: what is waited for names pod, container, image and
// reason, and a reason that several pods share only once.
func TestProgressNamesImages(t *testing.T) {
	said := ""
	w := newReadiness(nil, func(text string) { said = text }, func() {})
	w.see(agentsOf(wrong), false)
	w.see(waitingPod("cilium-b", wrong, "ErrImagePull", says401), false)
	w.see(waitingPod("cilium-a", wrong, "ErrImagePull", says401), false)
	w.see(waitingPod("cilium-b", wrong, "ImagePullBackOff", `Back-off pulling image "`+wrong+`"`), false)
	want := `cilium: 0 of 2 ready, pod cilium-a and 1 more, container cilium-agent: image r.example/cilium:v9 cannot be pulled (failed to resolve reference "r.example/cilium:v9": failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://r.example/oauth2/token?scope=repository: 401 Unauthorized)`
	if said != want {
		t.Errorf("it says\n%s\nwant\n%s", said, want)
	}
	w.see(waitingPod("cilium-c", wrong, "ImagePullBackOff", `Back-off pulling image "`+wrong+`"`), false)
	if want := `pod cilium-c, container cilium-agent: image r.example/cilium:v9 cannot be pulled (ImagePullBackOff)`; !strings.Contains(said, want) {
		t.Errorf("it says\n%s\nwant in it\n%s", said, want)
	}
}

// TestOldPodsAreNotEnough: a part whose old pods are ready says what it lacks.
func TestOldPodsAreNotEnough(t *testing.T) {
	said := ""
	w := newReadiness(nil, func(text string) { said = text }, func() { t.Error("it is ready") })
	set := agentsOf(wrong)
	set.Status.NumberReady, set.Status.UpdatedNumberScheduled = 2, 0
	w.see(set, false)
	if want := "cilium: 2 of 2 ready (not all of the newest version)"; said != want {
		t.Errorf("it says %q, want %q", said, want)
	}
}

// TestImageValue: what is to be corrected is called as in the chart's values.
func TestImageValue(t *testing.T) {
	for workload, want := range map[string]string{
		"cilium": "Helm value image", "cilium-operator": "Helm value operator.image",
		"clustermesh-apiserver": "Helm value clustermesh.apiserver.image",
		"cilium-envoy":          "Helm value envoy.image", "hubble-relay": "Helm value hubble.relay.image",
		"hubble-ui": "Helm values",
	} {
		if got := imageValue(workload); got != want {
			t.Errorf("%s: %q, want %q", workload, got, want)
		}
	}
}
