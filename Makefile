# 小善. The two commands: `make run` and `make test`. Everything else serves them.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     := uv==0.13.9

.PHONY: run test test-long check setup setup-dev format bench lock clean

run: setup ## build what is missing, start with the demo community, print the chat room's address
	@$(BIN)/python -m bot run

test: setup-dev ## all tests
	@$(BIN)/python -m pytest

test-long: setup-dev ## all tests, the faults 300 rounds each
	@XIAOSHAN_LONG=1 $(BIN)/python -m pytest

check: setup-dev ## style, types, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: setup-dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: setup-dev ## figures as JSON lines
	@$(BIN)/python -m bench

setup: $(VENV)/.runtime

setup-dev: $(VENV)/.development

$(VENV)/bin/uv:
	@command -v $(PYTHON) >/dev/null || { echo "缺少 Python / Python is missing: apt install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "需要 Python 3.11 或更新 / Python 3.11 or later is needed: apt install python3.11 python3.11-venv, then make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "缺少 venv / venv is missing: apt install python3-venv"; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "$(UV)"

$(VENV)/.runtime: requirements.lock | $(VENV)/bin/uv
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.development: requirements-dev.lock $(VENV)/.runtime
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@touch $@

lock: | $(VENV)/bin/uv ## freeze the dependencies of pyproject.toml; uv.lock names registry hosts and stays out
	@$(BIN)/uv export --quiet --no-annotate --no-header --no-emit-project --no-dev --output-file requirements.lock
	@$(BIN)/uv export --quiet --no-annotate --no-header --no-emit-project --all-groups --output-file requirements-dev.lock
	@rm -f uv.lock

clean:
	@rm -rf $(VENV) bench/.venvs bench/.work .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
