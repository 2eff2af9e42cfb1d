# Every target installs the system packages it needs first. `make help` lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
RELEASE := -c release --disable-testable-imports
FORMATTED := Package.swift Sources Tests Benchmarks
SEEDS ?= 0..50000
KILLS ?= 300

.PHONY: help packages build demo test bench soak format lint

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

packages: ## the system packages: headers and libraries of RocksDB, PCRE2, LZ4, zstd and SQLite
	@for header in rocksdb/c.h pcre2.h lz4.h zstd.h sqlite3.h; do \
	    test -e /usr/include/$$header || { \
	        $(SUDO) apt-get update -q && \
	        $(SUDO) apt-get install -y -q --no-install-recommends \
	            librocksdb-dev libpcre2-dev liblz4-dev libzstd-dev libsqlite3-dev; \
	        break; }; \
	done

build: packages ## the release binary, .build/release/sluice
	swift build -c release --product sluice

demo: packages ## taxi days, hours of 47 series, the same through topics; events counted through kill -9; a job mended while live
	@for product in sluice nexmark-events changelog-table; do swift build -c release --product $$product; done
	@Jobs/demo.sh "$$(swift build -c release --show-bin-path)"

test: packages lint ## lint and all tests, in a release build
	@swift test $(RELEASE)

bench: packages ## CPU time per event of the pipelines, against what is installed to compare with; latency through topics
	@for product in sluice nexmark-events topic-load; do swift build -c release --product $$product; done
	@Benchmarks/Pipelines/run.sh "$$(swift build -c release --show-bin-path)"
	@Benchmarks/Pipelines/topics.sh "$$(swift build -c release --show-bin-path)"

soak: packages ## simulated crashes from many seeds (SEEDS=a..b), and real kills (KILLS=n)
	@swift run -c release Soak $(SEEDS)
	@SLUICE_KILLS=$(KILLS) swift test $(RELEASE) --filter KillTests

format: ## formats all Swift files in place
	@swift format -i -r $(FORMATTED)

lint: ## fails where a Swift file is not formatted or breaks a rule of .swift-format
	@swift format lint --strict -r $(FORMATTED)
