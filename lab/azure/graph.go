package azure

import (
	"net/http"
	"regexp"
	"strings"
)

// condition finds the comparisons of a Resource Graph query that the simulation
// understands: string properties, regardless of case.
var condition = regexp.MustCompile(`properties\.(fqdn|privateFQDN|azurePortalFQDN|nodeResourceGroup)\)?\s*=~\s*'((?:[^'\\]|\\.)*)'`)

// queryGraph answers the one kind of query that clients ask here: managed
// clusters of which any named property has the given value.
func (s *server) queryGraph(w http.ResponseWriter, r *http.Request) error {
	body, err := decode(r.Body)
	if err != nil {
		return failf(http.StatusBadRequest, "BadRequest", "The query could not be read: %v.", err)
	}
	conditions := condition.FindAllStringSubmatch(digString(body, "query"), -1)
	if len(conditions) == 0 {
		return failf(http.StatusBadRequest, "NotSupportedBySimulation", "The simulated Resource Graph understands only comparisons of cluster properties.")
	}
	rows := []any{}
	for _, o := range s.store.find("", typeCluster) {
		for _, c := range conditions {
			if strings.EqualFold(digString(o, "properties", c[1]), c[2]) {
				rows = append(rows, graphRow(o))
				break
			}
		}
	}
	writeJSON(w, http.StatusOK, object{"totalRecords": len(rows), "count": len(rows), "resultTruncated": "false", "data": rows})
	return nil
}

func graphRow(o object) object {
	return object{
		"id": o["id"], "name": o["name"], "location": o["location"], "tenantId": tenantID,
		"subscriptionId": subscriptionOf(digString(o, "id")), "properties": o["properties"],
	}
}

// subscriptionOf is the subscription in an ARM id, empty if there is none.
func subscriptionOf(id string) string {
	parts := strings.Split(id, "/")
	if len(parts) < 3 {
		return ""
	}
	return parts[2]
}
