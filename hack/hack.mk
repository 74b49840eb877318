# Releases and gates of quality; none needs root.
.PHONY: dist dist-test cross vuln cover fuzz-seeds fuzz generated docs-check examples-test examples-terraform browser-test

# One system is enough for most changes; empty means all.
DIST_PLATFORM ?= linux/amd64

dist: ## build all that a release has into dist/, and publish nothing
	hack/dist.sh

dist-test: ## build a release of HEAD twice, compare, install as Krew does, run under kubectl (DIST_PLATFORM= for all systems)
	hack/dist-test.sh $(DIST_PLATFORM)

cross: chart ## compile for all systems that a release is for
	hack/cross.sh

vuln: chart ## look dependencies up in Go's vulnerability database (Error 2: it could not be reached)
	hack/vuln.sh

cover: chart ## the tests of "unit", and which share of the statements they run
	hack/cover.sh

fuzz-seeds: chart ## fuzz tests with their seeds
	hack/fuzz.sh

fuzz: chart ## fuzz tests, each for FUZZTIME
	hack/fuzz.sh $(or $(FUZZTIME),30s)

generated: chart ## check that generated files are up to date
	hack/generated.sh

docs-check: chart ## check links in the documentation, and that the commands in it and in remedies are taken
	. hack/flags.sh && $(GO) test ./test/docs
	. hack/flags.sh && $(GO) test -run 'Documented|WrongCommands|CommandsAreSeen|Remedies' ./cmd/kubectl-aksmesh

examples-test: ## check the example for Azure: names, form, addresses
	cd test/examples && $(GO) test ./...

examples-terraform: ## check the example for Azure with Terraform, without Azure (the first time it builds azurerm)
	hack/terraform.sh

browser-test: chart ## look at the pictures of status in a real browser (needs Chromium)
	hack/browser.sh
