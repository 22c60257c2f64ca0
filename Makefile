# Everything runs in .venv, which is made again whenever pyproject.toml changes.

PYTHON ?= python3
export PIP_DISABLE_PIP_VERSION_CHECK = 1

BIN := .venv/bin
STAMP := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help venv shell demo test test-native test-page test-site test-torch lint format fuzz mutants corpus corpus-expand corpus-derive corpus-reverse corpus-layers docs docs-site learn bench-front bench-dual bench-fit bench-fit-many bench-peers bench-python bench-reverse bench-transform bench-shape clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: $(STAMP) ## Make .venv, with fad and its development tools

$(STAMP): pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --quiet --editable '.[dev]'
	touch $@

shell: $(STAMP) ## Start a shell in which fad is a command
	@PATH="$(CURDIR)/$(BIN):$$PATH" exec "$${SHELL:-/bin/sh}"

demo: $(STAMP) ## Differentiate examples/estimate.dsp and run the result
	$(BIN)/python examples/demo.py

test: lint ## Check style and types, and run the tests
	$(BIN)/python -m pytest -n 2

# A build of PyTorch without CUDA, where there is one, before the extra asks for any.
test-torch: $(STAMP) ## Install PyTorch and JAX, and run the tests that need them
	$(BIN)/python -m pip install --quiet torch==2.13.0
	$(BIN)/python -m pip install --quiet --editable '.[dev,torch,jax]'
	$(BIN)/python -m pytest -n 2 tests/torch tests/jax tests/losses

# 100 MB, and a minute for the first program; so it is no part of `test`.
test-native: $(STAMP) ## Install the C++ compiler of Python, and run the tests that need it
	$(BIN)/python -m pip install --quiet --editable '.[dev,native]'
	$(BIN)/python -m pytest tests/runtime/test_compiler.py

# Chromium comes from the system's packages where it is missing.
.PHONY: browser
browser: $(STAMP)
	command -v chromium > /dev/null || (apt-get update && apt-get install -y --no-install-recommends chromium)
	$(BIN)/python -m pip install --quiet playwright

# This takes five minutes.
test-page: site browser ## Install what the tests of the page need, and run them
	cd web && npm run --silent lint && npm run --silent typecheck && npm test --silent
	$(BIN)/python -m pytest tests/page

lint: $(STAMP) ## Check style and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
# What builds the site is in a folder named as a module of Python is: so it is checked on its own.
	cd site && ../$(BIN)/mypy --config-file ../pyproject.toml build.py serve.py docs.py circuit.py programs.py hooks.py
# And so is what the page has in the place of numpy and networkx, which would hide these.
	cd web/python && ../../$(BIN)/mypy --config-file ../../pyproject.toml .

format: $(STAMP) ## Put the code into its standard format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

fuzz: $(STAMP) ## Check both modes with 2000 random programs
	FAD_EXAMPLES=2000 $(BIN)/python -m pytest tests/test_fuzz.py tests/reverse/test_random_programs.py

mutants: $(STAMP) ## Expand and transform 2000 mutants of programs
	FAD_EXAMPLES=2000 $(BIN)/python -m pytest -n 2 tests/test_mutations.py

corpus: corpus-expand corpus-derive corpus-reverse ## Run all checks over the Faust example programs

corpus-expand: $(STAMP) ## Check the expansion of all Faust example programs
	$(BIN)/python -m tests.corpus.expand

corpus-derive: $(STAMP) ## Check the derivatives of all Faust example programs
	$(BIN)/python -m tests.corpus.derive --write

corpus-reverse: $(STAMP) ## Check reverse mode of all Faust example programs
	$(BIN)/python -m tests.corpus.reverse --write

corpus-layers: $(STAMP) ## Check layers of PyTorch, which has to be installed, and of JAX, on Faust example programs
	$(BIN)/python -m tests.corpus.layers --write

docs: $(STAMP) ## Draw the picture of the packages, docs/packages.svg
	$(BIN)/python -m docs.packages

docs-site: $(STAMP) ## Install mkdocs, and build the first page and the documentation into dist/site
	$(BIN)/python -m pip install --quiet --editable '.[dev,site]'
	$(BIN)/python site/docs.py dist/site

test-site: $(STAMP) ## Install mkdocs, and check the links of the first page and the documentation
	$(BIN)/python -m pip install --quiet --editable '.[dev,site]'
	$(BIN)/python -m pytest tests/site

learn: $(STAMP) ## Learn all learning examples, and check that they find the hidden values
	$(BIN)/python -m examples.learn.learn
	$(BIN)/python -m examples.ddsp

bench-front: $(STAMP) ## Time the front end
	$(BIN)/python -m bench.front

bench-dual: $(STAMP) ## Time the derivatives
	$(BIN)/python -m bench.dual

bench-fit: $(STAMP) ## Fit hidden parameters, and count how often they are found
	$(BIN)/python -m bench.fit

bench-fit-many: $(STAMP) ## Fit many recordings on two workers, and kill one of them
	$(BIN)/python -m bench.fit_many

bench-peers: $(STAMP) ## Time derivatives in Python against other libraries that are installed
	$(BIN)/python -m bench.peers

bench-python: $(STAMP) ## Time calls from Python against the programs' own loops
	$(BIN)/python -m bench.python

bench-reverse: $(STAMP) ## Time reverse mode
	$(BIN)/python -m bench.reverse

bench-transform: $(STAMP) ## Time fad transform over all Faust example programs
	$(BIN)/python -m bench.transform

bench-shape: $(STAMP) ## Measure the texts of all Faust example programs
	$(BIN)/python -m bench.shape

# These need node and npm.
.PHONY: bench-page page site
site: $(STAMP) ## Build the site, with the playground and the documentation, into dist/site
	$(BIN)/python -c "import material, mkdocstrings" 2> /dev/null \
		|| $(BIN)/python -m pip install --quiet --editable '.[dev,site]'
	$(BIN)/python site/build.py

bench-page: site browser ## Time the playground in a browser
	$(BIN)/python -m bench.page_speed

page: $(STAMP) ## Serve the site on this machine, and open it; it is built where it is missing
	test -e dist/site/engine/manifest.json || $(MAKE) site
	$(BIN)/python site/serve.py

clean: ## Remove everything that can be made again
	rm -rf .venv build dist web/node_modules .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
