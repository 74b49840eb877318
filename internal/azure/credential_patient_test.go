package azure

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// failing fails as often as it is told, and counts.
type failing struct {
	times int
	err   error
	asked *int
}

func (f failing) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	*f.asked++
	if *f.asked <= f.times {
		return azcore.AccessToken{}, f.err
	}
	return azcore.AccessToken{Token: "token"}, nil
}

// Seen on a busy machine: az answered, and nobody was there to read it in time.
func TestABusyMachineIsNoMissingLogin(t *testing.T) {
	late := fmt.Errorf("AzureCLICredential: %w", exec.ErrWaitDelay)
	for name, test := range map[string]struct {
		times, asked int
		err          error
		works        bool
	}{
		"at once":       {0, 1, nil, true},
		"late":          {2, 3, late, true},
		"late for ever": {9, cliTries, late, false},
		"another error": {1, 1, errors.New("please run az login"), false},
	} {
		asked := 0
		_, err := patient{failing{test.times, test.err, &asked}}.GetToken(t.Context(), policy.TokenRequestOptions{})
		if (err == nil) != test.works || asked != test.asked {
			t.Errorf("%s: asked %d times with error %v, want %d times and success %v", name, asked, err, test.asked, test.works)
		}
	}
}
