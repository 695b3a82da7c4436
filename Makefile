# Needs Python 3.11 or later (Debian: with python3-venv): `make run PYTHON=python3.13` takes another.
PYTHON ?= python3
VENV ?= .venv
TERRAFORM ?= terraform
CHECKOV ?= $(abspath $(VENV))-checkov/bin/checkov
ZENSICAL ?= $(abspath $(VENV))-site/bin/zensical
BIN = $(VENV)/bin

.PHONY: run test lint environment unit bench reliability docs requirements

# In a test run, what is missing is a failure with CI=true, and else a skip that says so.
export TERRAFORM CHECKOV ZENSICAL

# make run [PORT=8081] [BACKEND=emulator] [PUSH='call-result=http://localhost:9000 …']
run: export PORT := $(PORT)
run: export BACKEND := $(BACKEND)
run: export PUSH := $(PUSH)
run: $(VENV)/.installed
	@$(BIN)/python -m envybox.tools.run

# The receiver, the functions of examples/ and stand-ins of the services: what arrives where.
.PHONY: demo
demo: $(VENV)/.installed
	@$(BIN)/python -m examples.demo

# Where time matters, which measuring coverage takes, or where there is none to measure.
APART = tests/faults tests/security tests/bench tests/terraform
PARALLEL = -n 2 --dist loadfile
# What starts processes, and waits for them, comes first: a long module that comes last is waited for.
TESTS = --no-loadscope-reorder tests/operator tests/tools tests/contract tests/examples tests

# Everything: style, types, unit, property, contract, fault and Terraform tests.
test: lint $(VENV)-checkov/.installed $(VENV)-site/.installed
	$(BIN)/python -m pytest $(PARALLEL) $(TESTS) -m "not browser" --cov --cov-report=term $(APART:%=--ignore=%)
	$(BIN)/python -m pytest $(PARALLEL) $(filter-out tests/terraform,$(APART))
	$(BIN)/python -m pytest $(PARALLEL) --no-loadscope-reorder tests/terraform
	$(BIN)/python -m pytest -m browser tests/operator/console

lint: $(VENV)/.tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy -p examples.standins -m examples.demo
	for function in $(dir $(wildcard examples/*/main.py)); do \
		(cd $$function && MYPYPATH=$(CURDIR) $(abspath $(BIN))/mypy --config-file $(CURDIR)/pyproject.toml \
			--cache-dir $(CURDIR)/.mypy_cache --no-namespace-packages *.py) || exit 1; \
	done

# Makes the environment that tests run in, and nothing else.
environment: $(VENV)/.tested

# What needs nothing but Python: quick, and for the oldest Python too. EXAMPLES=few: of what
# hypothesis makes up, a tenth, where the rest runs on another Python.
unit: $(VENV)/.tested
	$(BIN)/python -m pytest $(PARALLEL) $(TESTS) -m "not emulator and not browser and not site" \
		$(APART:%=--ignore=%) $(EXAMPLES:%=--hypothesis-profile=%)

# Long: measures everything on the emulators and writes it into docs/performance.md and the README.
bench: $(VENV)/.tested
	$(BIN)/python -m bench --write
	$(BIN)/python -m docs.generate

# make deploy PROJECT=my-project-123 [REGION=europe-west1]: the receiver on Google Cloud, by docs/deploy-cloud-shell.md.
# It finds a Terraform that is new enough by itself, unless one is named.
.PHONY: preflight deploy undeploy
DEPLOY = TERRAFORM='$(if $(filter file,$(origin TERRAFORM)),,$(TERRAFORM))' \
	$(PYTHON) terraform/deploy $@ --project='$(PROJECT)' --region='$(REGION)'

preflight:
	@$(DEPLOY)

deploy:
	@$(DEPLOY)

undeploy:
	@$(DEPLOY)

# Runs the faults and writes their figures into docs/reliability.md, and what they come to into the README.
reliability: $(VENV)/.tested
	$(BIN)/python -m docs.generate.reliability
	$(BIN)/python -m docs.generate

# Makes the generated parts of the documents anew.
docs: $(VENV)/.tested
	$(BIN)/python -m docs.generate

# The documents as a site, in build/site/html; a dead link or anchor is an error.
.PHONY: site
site: $(VENV)-site/.installed
	$(PYTHON) -m docs.generate.site build/site
	cd build/site && $(ZENSICAL) build --strict

# Pins what the cloud builds from, what the tests run with and what builds the site, anew.
requirements: $(VENV)/.tested
	$(BIN)/uv pip compile pyproject.toml --extra receiver $(COMPILE) \
		--output-file requirements.txt
	$(BIN)/uv pip compile pyproject.toml --all-extras --group test $(COMPILE) \
		--constraint requirements.txt --output-file tests/requirements.txt
	$(BIN)/uv pip compile --group site $(COMPILE) --output-file docs/requirements.txt

COMPILE = --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--custom-compile-command "make requirements" $(UPGRADE)

# What the cloud installs, so that it runs here as it does there.
$(VENV)/.installed: requirements.txt
	$(call install,requirements.txt)

$(VENV)/.tested: tests/requirements.txt
	$(call install,tests/requirements.txt)

# The security scan of the Terraform configuration has requirements that clash with ours.
$(VENV)-checkov/.installed: tests/terraform/checkov.txt
	$(PYTHON) -m venv $(VENV)-checkov
	$(VENV)-checkov/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(VENV)-site/.installed: docs/requirements.txt
	$(PYTHON) -m venv $(VENV)-site
	$(VENV)-site/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

# The pins are all that there is to install: pip, asked to resolve them again, prefers a newer
# release to the pin of a package that is also wanted with an extra (before pip 23.3).
define install
@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit("Python 3.11 or later is needed; $(PYTHON) is %d.%d. Name another: make … PYTHON=python3.13" % v[:2])'
$(PYTHON) -m venv $(VENV)
$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $(1)
@touch $@
endef
