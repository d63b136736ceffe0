# Needs only Python 3.11 (to 3.13) and make. What each command does: tools/README.md
.POSIX:
.PHONY: help run test lint demo-reset lock bench backup restore

TOOLS = export PYTHON="$(PYTHON)"; python=$$(sh tools/python.sh) && exec "$$python" -m tools

help:
	@echo 'make run         start salesops: http://localhost:8000, Ctrl-C stops it (PORT=8080 chooses the port)'
	@echo 'make test        all tests (ARGS="-k word" narrows them)'
	@echo 'make lint        ruff, import-linter, mypy'
	@echo 'make bench       how fast the pages are, on a large made-up company (ARGS=--fresh makes it anew)'
	@echo 'make backup      everything in one file, counted and read again (BACKUP_DIR=/folder chooses where)'
	@echo 'make restore     FILE=…: a backup into a fresh database, whole or not at all'
	@echo 'make demo-reset  throw the demo company away and make it anew'
	@echo 'make lock        write the lock files from pyproject.toml (ARGS=--upgrade takes newer versions)'

run:
	@$(TOOLS) run

test:
	@$(TOOLS) test $(ARGS)

lint:
	@$(TOOLS) lint

demo-reset:
	@$(TOOLS) demo-reset

lock:
	@$(TOOLS) lock $(ARGS)

bench:
	@$(TOOLS) bench $(ARGS)

backup:
	@$(TOOLS) backup

restore:
	@$(TOOLS) restore "$(FILE)"
