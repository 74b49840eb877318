// Package patience says how long the lab waits for what takes a while.
package patience

import (
	"os"
	"strconv"
	"time"
)

// Variable is the environment variable with the factor for all waits, a whole
// number: for machines that are far slower than those which people work at, as
// an emulated one.
const Variable = "AKSMESH_LAB_PATIENCE"

// Of is how long to wait for what takes no longer than d on a usual machine.
func Of(d time.Duration) time.Duration {
	if factor, err := strconv.Atoi(os.Getenv(Variable)); err == nil && factor > 1 {
		return time.Duration(factor) * d
	}
	return d
}
