package network

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

// namedAt is where iproute2 and the netns library keep named namespaces.
const namedAt = "/run/netns"

// Do calls f on a thread inside the named network namespace. What f does in
// goroutines of its own happens outside; processes it starts are inside.
func Do(name string, f func() error) error {
	return onOwnThread(func() error {
		ns, err := netns.GetFromName(name)
		if err != nil {
			return fmt.Errorf("network namespace %s: %w", name, err)
		}
		defer ns.Close()
		if err := netns.Set(ns); err != nil {
			return fmt.Errorf("cannot enter network namespace %s: %w", name, err)
		}
		return f()
	})
}

// onOwnThread calls f on a thread that may change its namespace: the thread is
// never given back to the scheduler but ends with the goroutine.
func onOwnThread(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		done <- f()
	}()
	return <-done
}

// makeNamespace makes a named network namespace with loopback up, and calls
// setup inside. If there is one already it only calls setup.
func makeNamespace(name string, setup func() error) error {
	_, err := os.Stat(filepath.Join(namedAt, name))
	if errors.Is(err, fs.ErrNotExist) {
		err = onOwnThread(func() error {
			ns, err := netns.NewNamed(name)
			if err != nil {
				return err
			}
			return ns.Close()
		})
	}
	if err != nil {
		return fmt.Errorf("cannot make network namespace %s: %w", name, err)
	}
	return Do(name, func() error {
		lo, err := netlink.LinkByName("lo")
		if err != nil {
			return err
		}
		if err := netlink.LinkSetUp(lo); err != nil {
			return fmt.Errorf("cannot set lo up in %s: %w", name, err)
		}
		return setup()
	})
}

// deleteNamespace unmounts and removes a name; the kernel ends the namespace
// with its last process.
func deleteNamespace(name string) error {
	err := netns.DeleteNamed(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// setSysctls writes values below /proc/sys/net, which shows the namespace of
// the thread that looks.
func setSysctls(values map[string]string) error {
	for key, value := range values {
		if err := os.WriteFile(filepath.Join("/proc/sys/net", key), []byte(value), 0o600); err != nil {
			return fmt.Errorf("sysctl net/%s=%s: %w", key, value, err)
		}
	}
	return nil
}
