# Targets on control planes alone; none needs root.
.PHONY: test-faults bench-join-api bench-services bench-doctor

test-faults: chart ## kill a join around every single write, and more seeds of faults (an hour)
	AKSMESH_FAULTS=all $(GO) test -count=1 -timeout 3h -run 'Kill|Faults' -v ./test/api

bench-join-api: build ## time joins of 2 to 16 control planes that are 50 ms away
	. hack/flags.sh && AKSMESH_BINARY=$(CURDIR)/$(PLUGIN) $(GO) run ./test/benchjoin

bench-services: build ## time services -A on 8 control planes that are 50 ms away, with 1,000 global services each
	. hack/flags.sh && AKSMESH_BINARY=$(CURDIR)/$(PLUGIN) $(GO) run ./test/benchservices

bench-doctor: build ## time doctor: judging 100 clusters of 1,000 nodes, looking at one of 1,000 nodes 50 ms away
	. hack/flags.sh && AKSMESH_BINARY=$(CURDIR)/$(PLUGIN) $(GO) run ./test/benchdoctor
