package main

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/aksmesh/kubectl-aksmesh/internal/probe/wire"
)

// classify names an error shortly, and the same for all of its kind.
func classify(err error) string {
	var network net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return wire.Refused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return wire.Reset
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return wire.Unreachable
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return wire.Timeout
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return wire.Other + "connection closed before the answer's end"
	}
	return wire.Other + innermost(err)
}

// innermost is the cause's text: what wraps it names ports, which differ from
// one connection to the next.
func innermost(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return tidy(strings.TrimSpace(err.Error()))
		}
		err = inner
	}
}
