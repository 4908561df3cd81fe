# SPDX-License-Identifier: MIT
# On Debian 12 or newer this needs make, git and python3; it sets up everything else by itself.

SALT = 3007
PYTEST = .venv/bin/python -m pytest
# In the order of folders, so that what takes long is not left to the end.
PARALLEL = --numprocesses=$(shell nproc) --dist=loadfile --no-loadscope-reorder

.PHONY: help demo test fast lint contract bench test-matrix test-nixos nix sockets graphviz clean

help: ## Print this list.
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14

demo: .venv/ready nix ## Show a fleet being planned and made in a simulated dom0.
	.venv/bin/python tools/demo.py

test: lint nix sockets graphviz ## Run everything that has to be green: linters, types and all tests.
	$(PYTEST) $(PARALLEL)

fast: .venv/ready ## Run the unit tests only, in seconds.
	$(PYTEST) tests/unit

lint: .venv/ready ## Check style, types and who imports whom; SLS files and shell scripts too.
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy --package tesseraqt_lib
	for module in salt/_*/*.py; do .venv/bin/mypy $$module || exit 1; done
	PYTHONPATH=salt/_utils .venv/bin/lint-imports --no-cache --no-logo setup.cfg
	find salt pillar -name '*.sls' -exec .venv/bin/salt-lint {} +
	.venv/bin/yamllint --strict .
	.venv/bin/shellcheck salt/tesseraqt/files/*/*.sh tests/nixos/debian/*.sh tests/nixos/qube_programs/* \
		tools/install tools/socat tools/test-on-salt tools/trixie tools/venv .ci/run

contract: .venv/ready ## Check that the simulated dom0 does what we rely on; it says how to ask a real one.
	$(PYTEST) tests/contract
	@echo 'Asking a real dom0, on a machine that may lose its qubes (tests/contract/README.md):'
	@echo '    export TESSERAQT_CONTRACT_ON_THIS_MACHINE=1'
	@echo '    python3 -m pytest -o addopts= --confcutdir=tests/contract tests/contract'

bench: .venv/ready nix ## Measure how long plans and runs take for fleets of several sizes.
	.venv/bin/python benchmarks/run.py

test-matrix: nix sockets ## Run the functional tests on each supported line of Salt.
	for line in 3006 3007 3008; do tools/test-on-salt $$line || exit 1; done

# What boots is made of packages of Debian 13, some 200 MB, which it fetches; what was made is kept in build/nixos.
test-nixos: .venv/ready nix sockets ## Evaluate the NixOS modules, build and boot systems; needs root and NIXPKGS, the path of a nixpkgs.
ifdef NIXPKGS
	@command -v systemd-nspawn >/dev/null || tools/install systemd-container
	$(PYTEST) tests/nixos --timeout=3600
else
	@echo 'Skipped: these tests evaluate, build and boot a NixOS, and NIXPKGS does not say where its nixpkgs is.'
endif

nix: ## Install Nix, which the simulated qubes run, if it is missing.
	@command -v nix-build >/dev/null || tools/install nix-bin

sockets: build/socat ## Install what carries calls through wires in simulated qubes, if it is missing.
	@{ command -v socat && command -v systemd-socket-activate; } >/dev/null || tools/install socat systemd

# Relays need socat 1.8, which Debian 13 has: an older system gets it into a directory of its own.
build/socat: tools/socat
	tools/socat $(CURDIR)/$@

graphviz: ## Install graphviz, which draws the picture of a fleet, if it is missing.
	@command -v dot >/dev/null || tools/install graphviz fonts-dejavu-core

clean: ## Remove what the other targets made.
	rm -rf .venv .venv-* build .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find salt tests tools -name __pycache__ -exec rm -rf {} +

.venv/ready: tools/venv requirements/salt-$(SALT).txt requirements/tests.txt requirements/lint.txt
	tools/venv .venv requirements/salt-$(SALT).txt requirements/lint.txt
