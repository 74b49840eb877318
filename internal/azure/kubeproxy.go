package azure

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// Bounds for a cluster that others change at the same time.
const (
	maxChanged = 5  // answers 412 in a row
	maxBusy    = 20 // answers 409 although the cluster shows no operation
)

// change is one run of [Client.SetKubeProxy].
type change struct {
	*Client
	id    ID
	want  KubeProxyState
	say   func(string)
	doing string
}

// SetKubeProxy turns a cluster's kube-proxy on or off, and returns when Azure is
// done; that takes minutes. It changes nothing else: it reads the cluster, and
// writes it back with If-Match, so that nobody's change is lost. It writes
// nothing if Azure has it already. It waits for other operations, also for its
// own of a run that was killed; only ctx bounds that. say, which may be nil, is
// told what is being waited for.
//
// That Azure is done says nothing about kube-proxy's pods: look into the cluster.
func (c *Client) SetKubeProxy(ctx context.Context, id ID, enabled bool, say func(text string)) error {
	w := &change{Client: c, id: id, want: KubeProxyDisabled, say: say, doing: "turn kube-proxy off on " + id.Name}
	if enabled {
		w.want, w.doing = KubeProxyEnabled, "turn kube-proxy on on "+id.Name
	}
	if say == nil {
		w.say = func(string) {}
	}
	return w.run(ctx)
}

func (w *change) run(ctx context.Context) error {
	for changed, busy := 0, 0; ; {
		m, err := w.settled(ctx)
		if err != nil {
			return err
		}
		if w.done(m) {
			return nil
		}
		if err := w.allowed(m); err != nil {
			return err
		}
		err = w.put(ctx, m)
		switch {
		case err == nil:
			return w.verify(ctx)
		case isStatus(err, http.StatusPreconditionFailed) && changed < maxChanged:
			changed++
			w.say("somebody else changed the cluster in Azure; reading it again")
		case isBusy(err) && busy < maxBusy:
			busy++
			w.say("waiting for Azure to finish another operation")
			if err := w.pause(ctx, w.interval); err != nil {
				return translate(err, w.doing, w.id)
			}
		default:
			return w.refused(translate(err, w.doing, w.id))
		}
	}
}

// refused adds, where rights are missing, the command for someone who has them.
func (w *change) refused(err error) error {
	var known *Error
	if errors.As(err, &known) && known.Status == http.StatusForbidden {
		known.Next += ", or have someone who has the rights run: " + KubeProxyCommand(w.id, w.want == KubeProxyEnabled)
	}
	return err
}

// done says whether Azure has, and has carried out, what is wanted. After a
// failed operation it has it on record only.
func (w *change) done(m *ManagedCluster) bool {
	return m.KubeProxy() == w.want && m.state() != "Failed" && m.state() != "Canceled"
}

// settled reads the cluster when no operation runs on it any more.
func (w *change) settled(ctx context.Context) (*ManagedCluster, error) {
	for start := time.Now(); ; {
		m, err := w.read(ctx, w.id)
		if err != nil {
			return nil, translate(err, w.doing, w.id)
		}
		switch state := m.state(); state {
		case "", "Succeeded", "Failed", "Canceled":
			return m, nil
		case "Deleting":
			return nil, &Error{Code: CodeBadState, Message: "cannot " + w.doing + ": azure is deleting the cluster"}
		default:
			w.say("waiting for Azure to finish another operation (" + state + ")")
		}
		if err := w.pause(ctx, w.patience(start)); err != nil {
			return nil, translate(err, w.doing, w.id)
		}
	}
}

// allowed refuses what Azure would refuse, without asking it.
func (w *change) allowed(m *ManagedCluster) error {
	plugin := digString(m.Raw, "properties", "networkProfile", "networkPlugin")
	switch {
	case m.stopped():
		return &Error{Code: CodeStopped, Message: "cannot " + w.doing + ": the cluster is stopped", Next: startCluster(w.id)}
	case w.want == KubeProxyDisabled && !strings.EqualFold(plugin, "none"):
		return &Error{
			Code:    CodeNotBYOCNI,
			Message: fmt.Sprintf("cannot %s: azure lets kube-proxy be turned off only with network plugin none, and this cluster has %q", w.doing, plugin),
			Next:    "use a cluster made with --network-plugin none, or Fleet's cross-cluster networking for Azure CNI",
		}
	case m.KubeProxy() == KubeProxyUnknown:
		return &Error{
			Code:    CodeVersion,
			Message: "cannot " + w.doing + ": API version " + m.version + " has no kubeProxyConfig",
			Next:    "name a preview version with --aks-api-version",
		}
	}
	return nil
}

// put writes the cluster and waits for the operation that this starts.
func (w *change) put(ctx context.Context, m *ManagedCluster) error {
	header := http.Header{}
	if m.ETag != "" {
		header.Set("If-Match", m.ETag)
	}
	body := writable(m.Raw)
	network, ok := dig(body, "properties", "networkProfile").(object)
	if !ok {
		return errors.New("azure shows no networkProfile")
	}
	// All of it, as az does: whatever else was set, a mode for instance, makes
	// no sense any more.
	network["kubeProxyConfig"] = object{"enabled": w.want == KubeProxyEnabled}
	resp, err := w.send(ctx, http.MethodPut, w.id.String(), m.version, body, header, http.StatusOK, http.StatusCreated, http.StatusAccepted)
	if err != nil {
		return err
	}
	return w.follow(ctx, resp)
}

// follow waits for the operation that an accepted PUT has started.
func (w *change) follow(ctx context.Context, resp *http.Response) error {
	poller, err := runtime.NewPoller[object](resp, w.arm.Pipeline(), nil)
	if err != nil {
		return fmt.Errorf("follow azure's operation: %w", err)
	}
	start := time.Now()
	for !poller.Done() {
		resp, err := poller.Poll(ctx)
		switch {
		case isStatus(err, http.StatusNotFound):
			return nil // the operation's record is gone: the cluster itself has to tell
		case err != nil:
			return err
		case poller.Done():
		default:
			w.say("Azure is at work on it, for " + time.Since(start).Round(time.Second).String() + " so far")
			if err := w.pause(ctx, retryAfter(resp, w.patience(start))); err != nil {
				return err
			}
		}
	}
	_, err = poller.Result(ctx)
	return err
}

// verify sees whether Azure has what it said it would do.
func (w *change) verify(ctx context.Context) error {
	m, err := w.settled(ctx)
	if err != nil {
		return err
	}
	if w.done(m) {
		return nil
	}
	return &Error{
		Code:    CodeNotTaken,
		Message: fmt.Sprintf("cannot %s: azure accepted it, and now shows kube-proxy %s in state %s", w.doing, m.KubeProxy(), m.state()),
		Next:    "run the command again, and see the cluster's activity log",
	}
}

// isBusy says whether Azure refuses because something else is under way. Other
// conflicts (a lock, a stopped cluster) do not pass by waiting.
func isBusy(err error) bool {
	var response *azcore.ResponseError
	if !errors.As(err, &response) || response.StatusCode != http.StatusConflict {
		return false
	}
	code, message := azureWords(response)
	return code != "ScopeLocked" && !stopped(code, response.StatusCode, message)
}

// patience is how long to wait before the next look at something that began at
// start: a quarter of the time that it has taken already, so that short
// operations are not held up and long ones, which take minutes, not asked often.
func (c *Client) patience(start time.Time) time.Duration {
	return min(max(time.Since(start)/4, c.interval), 10*c.interval)
}

// pause waits between two looks at Azure, which has nothing to be told by.
func (c *Client) pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// retryAfter is what an answer asks for, in whole seconds, or otherwise.
func retryAfter(resp *http.Response, otherwise time.Duration) time.Duration {
	seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
	if err != nil || seconds < 1 {
		return otherwise
	}
	return time.Duration(seconds) * time.Second
}
