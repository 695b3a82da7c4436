# Needs Python 3.11 or later and nothing else: `make run PYTHON=python3.13` takes another.
PYTHON ?= python3
VENV := .venv

.PHONY: run

# make run [PORT=8081] [BACKEND=emulator] [PUSH='call-result=http://localhost:9000 …']
run: export PORT := $(PORT)
run: export BACKEND := $(BACKEND)
run: export PUSH := $(PUSH)
run: $(VENV)/.installed
	@$(VENV)/bin/python -m envybox.tools.run

# What the cloud installs, so that it runs here as it does there.
$(VENV)/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit("Python 3.11 or later is needed; $(PYTHON) is %d.%d. Name another: make run PYTHON=python3.13" % v[:2])'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@
