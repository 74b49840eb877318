# Two targets come first: "make demo" (as root) runs the main job on this
# machine, "make test" runs every test that needs no root.
SHELL    := /bin/bash
GO       ?= go
BIN      := bin
PLUGIN   := $(BIN)/kubectl-aksmesh
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
VPKG     := github.com/aksmesh/kubectl-aksmesh/internal/version
# Code is built with the flags of hack/flags.sh, but for tests with the race
# detector. Functions begin at every 8th byte, not at every 32nd: 1.2 MB less.
LDFLAGS  := -s -w -funcalign=8 -X $(VPKG).version=$(VERSION)

.DEFAULT_GOAL := build
.PHONY: help build chart demo test unit api api-race lab-test e2e e2e-encryption lint bench-join bench-join-api clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 20

chart: ## pack Cilium's chart from the Go module, to be built in
	@. hack/flags.sh && $(GO) run ./hack/chart

build: chart ## build the plugin with its chart
	. hack/flags.sh && $(GO) build -ldflags '$(LDFLAGS)' -o $(PLUGIN) ./cmd/kubectl-aksmesh

include lab/lab.mk
-include test/test.mk
include hack/hack.mk

demo: build lab-up ## three clusters on this machine, joined (root)
	hack/demo.sh $(LAB) $(abspath $(PLUGIN)) $(LAB_CLUSTERS)

test: unit api lab-test ## all tests that need no root

unit: chart ## tests of the plugin's packages, with the race detector (COVER=1: as "cover")
	$(if $(COVER),hack/cover.sh,$(GO) test -race -timeout 20m ./cmd/... ./internal/... ./pkg/... ./hack/...)

api: build ## tests on real kube-apiservers, with the race detector
	AKSMESH_BINARY=$(CURDIR)/$(PLUGIN) hack/api.sh

api-race: chart ## the same, with a plugin that has the race detector too (more than an hour)
	hack/api.sh

# The lab's tests look at the plugin's sources too, which go test does not see
# from there: hence no cached results. go vet would analyse all of Kubernetes,
# which takes minutes.
lab-test: ## tests of the lab that need no root
	cd lab && $(GO) test -count=1 ./...
	cd lab/controlplane && CGO_ENABLED=0 $(GO) test -vet=off -trimpath ./...

e2e: build lab-build ## tests of real joins on the lab (root)
	AKSMESH_BINARY=$(CURDIR)/$(PLUGIN) AKSMESH_LAB=$(LAB) hack/e2e.sh $(E2EFLAGS)
	cd lab && $(GO) test -tags e2e -count=1 -timeout 10m -run Packets ./network

e2e-encryption: build lab-build ## tests of encryption in an emulated machine that has it (root, an hour)
	AKSMESH_BINARY=$(CURDIR)/$(PLUGIN) AKSMESH_LAB=$(LAB) hack/e2e-encryption.sh

bench-join: build lab-build ## time a join of three bare clusters beside the floor (root, idle machine)
	export AKSMESH_BINARY=$(CURDIR)/$(PLUGIN) AKSMESH_LAB=$(LAB) && . hack/flags.sh && $(GO) run ./test/benchlab

lint: ## vet, gofmt, golangci-lint (a pinned one, built by the Go toolchain)
	hack/lint.sh

clean:
	rm -rf $(BIN) internal/cilium/chart/*.tgz
