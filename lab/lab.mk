# The lab: AKS-shaped clusters and a simulated Azure on this machine. Included
# by the Makefile above; everything but lab-bin needs root.

LAB_DIR      := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
LAB          := $(abspath $(LAB_DIR)/../bin/aksmesh-lab)
LAB_CLUSTERS ?= 3
LAB_NODES    ?= 1

.PHONY: lab-bin lab-build lab-up lab-down lab-status

lab-bin: ## build the lab's own program
	cd $(LAB_DIR) && CGO_ENABLED=0 go build -buildvcs=false -trimpath -o $(LAB) ./cmd/aksmesh-lab

lab-build: lab-bin ## build Kubernetes, Cilium and their images from source, once, and install what is missing
	$(LAB) build --source $(abspath $(LAB_DIR)) --install

lab-up: lab-bin ## start LAB_CLUSTERS clusters of LAB_NODES nodes, and install what is missing
	$(LAB) up --source $(abspath $(LAB_DIR)) --install --clusters $(LAB_CLUSTERS) --nodes $(LAB_NODES)

lab-down: lab-bin ## end the lab and check that nothing of it is left
	$(LAB) down

lab-status: lab-bin ## show what runs and how much memory it takes
	$(LAB) status
