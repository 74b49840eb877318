package azure

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// operation is a PUT on a managed cluster that runs on after its answer.
type operation struct {
	ID       string    `json:"id"`
	Cluster  string    `json:"cluster"` // ARM id
	Status   string    `json:"status"`  // InProgress, Succeeded, Failed or Canceled
	Location string    `json:"location"`
	Sub      string    `json:"subscription"`
	Start    time.Time `json:"startTime"`
	End      time.Time `json:"endTime,omitzero"`
	Error    *armError `json:"error,omitempty"` // why it failed, or will fail
}

// terminal says whether a provisioning state lets a new operation start.
func terminal(state string) bool {
	return state == "Succeeded" || state == "Failed" || state == "Canceled"
}

// startOperation puts a cluster into Updating and returns the operation that
// will end it.
func startOperation(d *data, cluster object) *operation {
	properties := ensure(cluster, "properties")
	properties["provisioningState"] = "Updating"
	cluster["eTag"] = newTag()
	id := digString(cluster, "id")
	op := &operation{
		ID: newTag(), Cluster: id, Status: "InProgress", Start: time.Now().UTC(),
		Location: digString(cluster, "location"), Sub: subscriptionOf(id),
	}
	if f := d.Faults[faultOperation+digString(cluster, "name")]; f.take() {
		op.Error = f.armError()
	}
	d.Operations[op.ID] = op
	return op
}

func (o *operation) url(r *http.Request) string {
	return "https://" + r.Host + "/subscriptions/" + o.Sub + "/providers/Microsoft.ContainerService/locations/" +
		o.Location + "/operations/" + o.ID + "?api-version=" + r.URL.Query().Get("api-version")
}

func (s *server) getOperation(w http.ResponseWriter, r *http.Request) error {
	var op *operation
	s.store.view(func(d *data) {
		if found := d.Operations[r.PathValue("id")]; found != nil {
			copied := *found
			op = &copied
		}
	})
	if op == nil {
		return notFound(r.URL.Path)
	}
	answer := object{"name": op.ID, "status": op.Status, "startTime": op.Start}
	if !op.End.IsZero() {
		answer["endTime"] = op.End
	}
	if op.Status == "Failed" {
		answer["error"] = op.Error
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// runOperations carries out every operation that is in progress, those of an
// earlier run included, until ctx ends. settle makes one cluster's kube-proxy
// what ARM says, and returns when it is.
func (s *server) runOperations(ctx context.Context, settle func(ctx context.Context, clusterID string) error) error {
	running := map[string]bool{}
	for {
		changed := s.store.change()
		var due []operation
		s.store.view(func(d *data) {
			for _, op := range d.Operations {
				if op.Status == "InProgress" && !running[op.ID] {
					due = append(due, *op)
				}
			}
		})
		for _, op := range due {
			running[op.ID] = true
			go s.runOperation(ctx, op, settle)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		}
	}
}

func (s *server) runOperation(ctx context.Context, op operation, settle func(context.Context, string) error) {
	var delay time.Duration
	s.store.view(func(d *data) { delay = d.Settings.OperationDelay.Duration })
	select {
	case <-time.After(time.Until(op.Start.Add(delay))):
	case <-ctx.Done():
		return
	}
	if op.Error == nil {
		if err := settle(ctx, op.Cluster); err != nil {
			if ctx.Err() != nil {
				return // stays in progress; the next run goes on
			}
			op.Error = failf(http.StatusInternalServerError, "InternalOperationError", "%v", err)
		}
	}
	if err := s.endOperation(op); err != nil {
		s.log.Error("end an operation", "operation", op.ID, "error", err)
	}
}

func (s *server) endOperation(op operation) error {
	op.Status, op.End = "Succeeded", time.Now().UTC()
	if op.Error != nil {
		op.Status = "Failed"
	}
	return s.store.update(func(d *data) error {
		d.Operations[op.ID] = &op
		if cluster := d.Resources[strings.ToLower(op.Cluster)]; cluster != nil {
			ensure(cluster, "properties")["provisioningState"] = op.Status
			cluster["eTag"] = newTag()
		}
		s.log.Info("operation ended", "cluster", op.Cluster, "operation", op.ID, "status", op.Status)
		return nil
	})
}
