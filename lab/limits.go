package lab

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

const (
	// inotifyLimit is how many inotify instances one user may have. All nodes'
	// kubelets, container runtimes and agents are root's: each node needs about
	// twenty, and Linux allows 128.
	inotifyLimit = "/proc/sys/fs/inotify/max_user_instances"
	perNode      = 40
	forTheRest   = 128
)

// raiseLimits makes room for the nodes where the machine's limit is too low.
// The limit stays raised until the machine starts anew.
func (l *Lab) raiseLimits(nodes int) error {
	text, err := os.ReadFile(inotifyLimit)
	if err != nil {
		return fmt.Errorf("limit of inotify instances: %w", err)
	}
	now, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return fmt.Errorf("limit of inotify instances: %w", err)
	}
	wanted := forTheRest + nodes*perNode
	if now >= wanted {
		return nil
	}
	l.Say("limit of inotify instances raised from %d to %d", now, wanted)
	return os.WriteFile(inotifyLimit, []byte(strconv.Itoa(wanted)), 0)
}
