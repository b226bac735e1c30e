# make help lists the targets. Every target that needs tools sets them up first; when they are there that costs nothing.
.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

LAB ?= demo
SCENARIOS ?= $(notdir $(patsubst %/molecule.yml,%,$(wildcard molecule/*/molecule.yml)))
STAGES := lint sanity unit contract compat artefact docs molecule

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
# Most of the programs are Python's and start many times; without compiled files each start compiles them again.
unexport PYTHONDONTWRITEBYTECODE
# A site may have a certificate authority of its own, in the system store.
export UV_SYSTEM_CERTS ?= true
# Root may work in a checkout that is somebody else's.
export GIT_CONFIG_COUNT := 1
export GIT_CONFIG_KEY_0 := safe.directory
export GIT_CONFIG_VALUE_0 := $(CURDIR)
stage := tools/stage.sh
playbook := ansible-playbook -e lab_name=$(LAB)
lab_environment := OS_CLIENT_CONFIG_FILE=$(CURDIR)/.lab/$(LAB)/clouds.yaml
on_lab := $(lab_environment) $(playbook) -i examples/site -i .lab/$(LAB)/inventory

##@ Try it
.PHONY: demo lab lab-down
demo: check-machine setup ## The whole guide on a lab of this machine, with a summary at the end (LAB=name, LAB_SUITE=Debian release)
	$(playbook) playbooks/lab.yml
	$(on_lab) playbooks/demo.yml
	@cat .lab/$(LAB)/summary.txt

lab: check-machine setup ## Make the lab, with an existing cloud on it
	$(playbook) playbooks/lab.yml
	$(on_lab) playbooks/lab_cloud.yml

lab-down: setup ## Remove the lab, whatever state it is in
	$(playbook) playbooks/lab.yml -e lab_state=absent

##@ Check it
.PHONY: test $(STAGES)
test: check-machine setup ## Everything below, in two lanes at once, and a line that counts what ran
	@rm -rf .cache/reports
	@tools/lanes.sh "$(filter-out molecule,$(STAGES))" "$(filter molecule,$(STAGES))"
	@printf '\n=== summary\n'; python tools/summary.py $(STAGES)

lint: setup ## ruff, mypy, yamllint, ansible-lint, shellcheck, antsibull
	@$(stage) lint tools/lint.sh

sanity: setup ## ansible-test sanity, without ignores (FORCE=1: also when nothing changed)
	@$(stage) sanity tools/sanity.sh

unit: setup ## Unit tests (ARGS="tests/unit/... -k name")
	@$(stage) unit pytest tests/unit --junitxml=.cache/reports/unit.xml $(ARGS)

contract: setup ## The same cases on the fakes and on the real edges, in namespaces
	@$(stage) contract pytest tests/contract -m 'not lab' --junitxml=.cache/reports/contract.xml $(ARGS)

compat: setup ## Oldest supported core and Python: documentation loads, unit tests pass
	@$(stage) compat tools/compat.sh

artefact: setup ## Build, install on a clean path, document and check the playbooks from there
	@$(stage) artefact tools/artefact.sh

docs: setup ## The reference as HTML, in docs/_build/html
	@$(stage) docs tools/docs.sh

molecule: check-machine setup ## The scenarios on lab hosts (SCENARIOS="default")
	@$(stage) molecule tools/molecule.sh $(SCENARIOS)

##@ Work on it
.PHONY: bench setup check-machine requirements changelog clean help
bench: check-machine setup ## Ratios: node_routers against by hand, and the guide on the standing lab if there is one
	@if [ -e .lab/$(LAB)/inventory ]; then $(lab_environment) python bench/site.py -i examples/site -i .lab/$(LAB)/inventory; \
	else echo 'bench/site.py needs a standing lab, see make lab'; fi
	@python bench/node_routers.py

setup: ## Debian packages, .venv, collections
	@tools/setup.sh

check-machine: ## Whether this machine can run the lab
	@tools/check-machine.sh

requirements: setup ## Compile requirements.txt anew from requirements.in
	uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate --upgrade requirements.in -o requirements.txt

changelog: setup ## Make CHANGELOG.rst of the fragments, for the version in galaxy.yml
	antsibull-changelog release

clean: ## Remove what setup and the checks left in the checkout; not labs
	rm -rf .venv .cache .ansible docs/_build

help: ## This list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {print "\n" substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
