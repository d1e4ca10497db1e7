# `make up` runs the control plane, `make test` passes the tests; both do all their own set-up. CONTRIBUTING.md lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/kcompat

.PHONY: up test test-fast lint tools benchmark benchmark-growth conformance conformance-all conformance-check unit-tables validation-cases clients swap manifests test-cmd clean

up: $(VENV)/ready-run
	$(BIN)/kcompat up $(ARGS)

test: $(VENV)/ready-test tools
	$(BIN)/pytest $(ARGS)

test-fast: $(VENV)/ready-test
	$(BIN)/pytest -m "not slow" $(ARGS)

lint: $(VENV)/ready-test
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# kubectl, etcd and a client-go program, built once from Go modules into $(CACHE)/bin
tools: $(VENV)/ready-test
	$(BIN)/python conformance/tools.py etcd kubectl informer

# Side by side with upstream's binaries, recorded in docs/: make benchmark ARGS='--rows bind-pods,start'
benchmark: $(VENV)/ready-test
	$(BIN)/python conformance/tools.py etcd kube-apiserver kube-controller-manager kube-scheduler
	$(BIN)/python -m benchmarks --rounds 3 --record docs $(ARGS)

# kcompat against itself: what operations cost at 1,000 and at 100,000 objects
benchmark-growth: $(VENV)/ready-test
	$(BIN)/python -m benchmarks.growth $(ARGS)

# Upstream's conformance tests: make conformance CLASS=A FOCUS='Watchers' SIG=apps ARGS='--processes 2'. Results: conformance/ledger.yaml
conformance: $(VENV)/ready-test
	$(BIN)/python conformance/tools.py kubectl ginkgo e2e.test
	$(BIN)/python -m conformance.e2e --class '$(CLASS)' --focus '$(FOCUS)' --sig '$(SIG)' $(ARGS)

# all that simulated nodes can pass
conformance-all:
	$(MAKE) conformance CLASS=AB FOCUS= SIG=

# tests that passed must still pass: over a hundred of the quickest, in three minutes
conformance-check: $(VENV)/ready-test
	$(BIN)/python conformance/tools.py kubectl ginkgo e2e.test
	$(BIN)/python -m conformance.e2e --check 120 --processes 2 --slice 200 $(ARGS)

# Upstream's unit tables through our code; some are recorded first by running its tests with hooks. Results: conformance/ledger/unit_tables.yaml
unit-tables: $(VENV)/ready-test tools
	$(BIN)/python -m conformance.unit_tables

# Objects of upstream's validation tests, asked at a kube-apiserver and at kcompat (about ten minutes). Results: conformance/ledger/validation.yaml
validation-cases: $(VENV)/ready-test
	$(BIN)/python conformance/tools.py etcd kube-apiserver
	$(BIN)/python -m conformance.validation extract
	$(BIN)/python -m conformance.validation run $(ARGS)

# Client libraries of five languages, Helm and kubectl -k against kcompat: make clients ARGS='rust helm'. Results: conformance/ledger/clients.yaml
clients: $(VENV)/ready-test
	$(BIN)/python conformance/tools.py etcd kubectl
	$(BIN)/python -m conformance.clients $(ARGS)

# Upstream's parts and ours in each other's places: make swap ARGS='--cell "our scheduler"'. Results: conformance/ledger/swap.yaml
swap: $(VENV)/ready-test
	$(BIN)/python conformance/tools.py etcd kubectl kube-apiserver kube-controller-manager kube-scheduler
	$(BIN)/python -m conformance.swap $(ARGS)

# Upstream's example manifests through kubectl, over sqlite and etcd: make manifests ARGS='--kubectl kubectl --only configmap'.
# `make manifests ARGS='--store upstream'` renews what is compared with. Results: conformance/ledger/manifests.yaml
manifests: $(VENV)/ready-test
	$(BIN)/python conformance/tools.py etcd kubectl kube-apiserver kube-controller-manager kube-scheduler
	$(BIN)/python -m conformance.manifests $(ARGS)

# Upstream's tests of kubectl's commands: make test-cmd ARGS='--store memory --only deployment'. Results: conformance/ledger/cmd.yaml
test-cmd: $(VENV)/ready-test
	$(BIN)/python conformance/tools.py etcd kubectl kubectl-convert
	$(BIN)/python -m conformance.cmd $(ARGS)

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("kcompat needs Python 3.11 or newer; set PYTHON=") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/ready-run: pyproject.toml | $(VENV)/bin/python
	@echo "Installing kcompat into $(VENV) ..."
	$(BIN)/python -m pip install --quiet --editable '.[docs,etcd,scale]'
	touch $@

$(VENV)/ready-test: pyproject.toml | $(VENV)/bin/python
	@echo "Installing kcompat and what its tests need into $(VENV) ..."
	$(BIN)/python -m pip install --quiet --editable '.[test,lint]'
	touch $@ $(VENV)/ready-run

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
