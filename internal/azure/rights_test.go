package azure

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMayWrite(t *testing.T) {
	yes, no := new(true), new(false)
	for name, test := range map[string]struct {
		answer *answer
		want   *bool
	}{
		"owner":                    {permissions(`{"actions": ["*"], "notActions": []}`), yes},
		"contributor":              {permissions(`{"actions": ["*"], "notActions": ["Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write"]}`), yes},
		"of this provider":         {permissions(`{"actions": ["microsoft.containerservice/*"]}`), yes},
		"of our role":              {permissions(`{"actions": ["Microsoft.ContainerService/managedClusters/read", "Microsoft.ContainerService/managedClusters/write"]}`), yes},
		"all writes":               {permissions(`{"actions": ["*/write"]}`), yes},
		"reader":                   {permissions(`{"actions": ["*/read"]}`), no},
		"reader, and user of AKS":  {permissions(`{"actions": ["*/read"]}`, `{"actions": ["Microsoft.ContainerService/managedClusters/listClusterUserCredential/action"]}`), no},
		"reader, and owner":        {permissions(`{"actions": ["*/read"]}`, `{"actions": ["*"]}`), yes},
		"all but this":             {permissions(`{"actions": ["*"], "notActions": ["Microsoft.ContainerService/managedClusters/write"]}`), no},
		"all but this, and owner":  {permissions(`{"actions": ["*"], "notActions": ["*/managedClusters/*"]}`, `{"actions": ["*"]}`), yes},
		"something alike":          {permissions(`{"actions": ["Microsoft.ContainerService/managedClusters/writeX", "Microsoft.ContainerService.managedClusters/write"]}`), no},
		"not to be read":           {armFailure(http.StatusForbidden, "AuthorizationFailed", "no"), nil},
		"nothing there":            {armFailure(http.StatusNotFound, "ResourceNotFound", "no"), nil},
		"an answer without a word": {permissions(), nil},
	} {
		f := newFakeARM(t)
		f.before = func(_ *fakeARM, r *http.Request) *answer {
			if strings.HasSuffix(r.URL.Path, "/managedClusters/aks-1/providers/Microsoft.Authorization/permissions") && r.URL.Query().Get("api-version") == "2022-04-01" {
				return test.answer
			}
			return nil
		}
		if diff := cmp.Diff(test.want, f.client(t).MayWrite(t.Context(), testID())); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func permissions(all ...string) *answer {
	return &answer{status: http.StatusOK, body: `{"value": [` + strings.Join(all, ", ") + `]}`}
}
