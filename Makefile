# Two commands do everything on a fresh machine: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test lint types imports unit coverage bench walks slow-links schedules soak soak-binance soak-native peers browser clean

# What running needs, and what developing needs besides.
RUN := $(VENV)/.run
DEV := $(VENV)/.dev
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

run: $(RUN)
	$(BIN)/tradetui

test: lint types imports unit

$(RUN): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) --upgrade "pip>=25.1"
	$(PIP_INSTALL) --editable .
	touch $@

$(DEV): $(RUN)
	$(PIP_INSTALL) --group dev
	touch $@

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DEV)
	$(BIN)/mypy

imports: $(DEV)
	$(BIN)/lint-imports --no-cache

# One more than two cores: many tests wait for a clock, a socket or another process. Whatever the
# environment says, what was compiled is kept: otherwise each process compiles all tests anew.
WORKERS ?= 3
unit coverage: export PYTHONDONTWRITEBYTECODE :=
unit: $(DEV)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

# Apart from the tests, which it makes half as fast.
coverage: $(DEV)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup --cov --cov-report=term:skip-covered

bench:
	benchmarks/run

# The whole program driven at random, each time another way, its screen compared with a fresh repaint
# after every few steps: in an emulated terminal, and in tmux. TRADETUI_WALK_STEPS chooses another length.
walks: $(DEV)
	TRADETUI_WALK_STEPS=$${TRADETUI_WALK_STEPS:-10000} $(BIN)/python -m pytest -q -s \
		tests/terminal/test_walks.py tests/e2e/test_tmux_walks.py

# The whole program on a terminal that takes 40, 4 and 1 KiB a second, then nothing for half a minute.
slow-links: $(DEV)
	TRADETUI_LINK_S=$${TRADETUI_LINK_S:-15} TRADETUI_STOP_S=$${TRADETUI_STOP_S:-30} $(BIN)/python -m \
		pytest -q -s tests/e2e/test_slow_links.py tests/e2e/test_throttled_terminal.py

# An accelerated day by each protocol, both at once: no lie told, nothing lost, nothing grown. Takes
# about an hour on two cores; TRADETUI_SOAK_S and TRADETUI_SOAK_SEED choose other lengths and days.
soak: $(DEV)
	$(MAKE) --jobs=2 --keep-going soak-binance soak-native

soak-binance soak-native: soak-%: $(DEV)
	TRADETUI_SOAK_S=$${TRADETUI_SOAK_S:-86400} $(BIN)/python -m pytest -q -s \
		"tests/faults/test_soak.py::test_a_long_time_leaves_nothing_behind[$*]"

# Random schedules of faults and of what users do, other ones in every run, about ten minutes.
schedules: $(DEV)
	TRADETUI_SCHEDULES=$${TRADETUI_SCHEDULES:-200} $(BIN)/python -m pytest -q -s \
		tests/faults/test_schedules.py

# Public clients of the venues against the embedded market. Their environments are apart because not
# all of them can share one. What cbpro pins is too old to build, and newer releases do.
PEERS := .peers-venv
PEERS_INSTALL = $(PEERS)/$(1)/bin/python -m pip install --quiet --disable-pip-version-check $(2)
peers: $(DEV)
	for name in a b c d; do \
		test -x $(PEERS)/$$name/bin/python || $(PYTHON) -m venv $(PEERS)/$$name || exit 1; done
	$(call PEERS_INSTALL,a,ccxt python-binance)
	$(call PEERS_INSTALL,b,binance-connector unicorn-binance-websocket-api)
	$(call PEERS_INSTALL,c,cryptofeed python-kraken-sdk krakenex)
	$(call PEERS_INSTALL,d,tradingview-datafeed tradingview-scraper websocket-client)
	$(call PEERS_INSTALL,d,coinbase-advanced-py "websockets<14" pymongo sortedcontainers six)
	$(call PEERS_INSTALL,d,--no-deps cbpro)
	TRADETUI_PEERS_PYTHON=$(subst $() ,:,$(foreach name,a b c d,$(CURDIR)/$(PEERS)/$(name)/bin/python)) \
		$(BIN)/python -m pytest tests/sim/peers -v

# The program in headless Chromium (Debian: chromium), through textual-serve.
browser: $(DEV)
	$(PIP_INSTALL) --editable ".[web]"
	$(BIN)/python -m pytest -q tests/e2e/test_browser.py

clean:
	rm -rf $(VENV) .bench-venv .peers-venv .mypy_cache .pytest_cache .ruff_cache .coverage
