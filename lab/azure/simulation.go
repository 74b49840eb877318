package azure

import (
	"encoding/json"
	"net/http"
)

// routeSimulation adds the endpoints that bend the simulation. They are no part
// of Azure and ask for no token:
//
//	PUT    /simulation/settings         settings; what is left out stays
//	PUT    /simulation/faults/{name}    fault
//	DELETE /simulation/faults[/{name}]
//	PUT    /simulation/clusters/{name}  {"provisioningState": …, "powerState": …, "properties": {…merged in…}}
//	PUT    /simulation/network/{name}   [NetworkFault]
//	DELETE /simulation/network[/{name}]
//	GET    /simulation/network          network faults by name
//	GET    /simulation/state            everything
//	GET    /simulation/requests         ARM requests since the start
func (s *server) routeSimulation(mux *http.ServeMux) {
	mux.Handle("PUT /simulation/settings", handler(s.putSettings))
	mux.Handle("PUT /simulation/faults/{name}", handler(s.putFault))
	mux.Handle("DELETE /simulation/faults", handler(s.deleteFaults))
	mux.Handle("DELETE /simulation/faults/{name}", handler(s.deleteFaults))
	mux.Handle("PUT /simulation/clusters/{name}", handler(s.bendCluster))
	s.routeNetworkFaults(mux)
	mux.Handle("GET /simulation/state", handler(func(w http.ResponseWriter, _ *http.Request) error {
		s.store.view(func(d *data) { writeJSON(w, http.StatusOK, d) })
		return nil
	}))
	mux.Handle("GET /simulation/requests", handler(func(w http.ResponseWriter, _ *http.Request) error {
		writeJSON(w, http.StatusOK, s.seen.all())
		return nil
	}))
}

func (s *server) putSettings(w http.ResponseWriter, r *http.Request) error {
	return s.bend(w, func(d *data) (any, error) {
		next := d.Settings
		if err := readStrict(r, &next); err != nil {
			return nil, err
		}
		d.Settings = next
		return next, nil
	})
}

func (s *server) putFault(w http.ResponseWriter, r *http.Request) error {
	return s.bend(w, func(d *data) (any, error) {
		f := &fault{}
		if err := readStrict(r, f); err != nil {
			return nil, err
		}
		d.Faults[r.PathValue("name")] = f
		return f, nil
	})
}

func (s *server) deleteFaults(w http.ResponseWriter, r *http.Request) error {
	return s.bend(w, func(d *data) (any, error) {
		if name := r.PathValue("name"); name != "" {
			delete(d.Faults, name)
		} else {
			clear(d.Faults)
		}
		return d.Faults, nil
	})
}

// bendCluster changes what clients cannot: states, and properties in general.
func (s *server) bendCluster(w http.ResponseWriter, r *http.Request) error {
	var change struct {
		ProvisioningState string `json:"provisioningState"`
		PowerState        string `json:"powerState"`
		Properties        object `json:"properties"`
	}
	if err := readStrict(r, &change); err != nil {
		return err
	}
	return s.bend(w, func(d *data) (any, error) {
		cluster := d.cluster(r.PathValue("name"))
		if cluster == nil {
			return nil, notFound(r.PathValue("name"))
		}
		properties := ensure(cluster, "properties")
		mergeInto(properties, change.Properties)
		if change.ProvisioningState != "" {
			properties["provisioningState"] = change.ProvisioningState
		}
		if change.PowerState != "" {
			properties["powerState"] = object{"code": change.PowerState}
		}
		cluster["eTag"] = newTag()
		return clone(cluster), nil
	})
}

func (s *server) bend(w http.ResponseWriter, f func(d *data) (any, error)) error {
	var answer any
	err := s.store.update(func(d *data) (err error) {
		answer, err = f(d)
		return err
	})
	if err == nil {
		writeJSON(w, http.StatusOK, answer)
	}
	return err
}

// readStrict decodes a hook's body; a misspelt field is an error.
func readStrict(r *http.Request, into any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return failf(http.StatusBadRequest, "InvalidSimulationRequest", "%v", err)
	}
	return nil
}
