# Every target first installs what it needs on Debian and is missing; see .ci/packages.

PREFIX ?= /usr/local
DESTDIR ?=

PROGRAMS = flare flare-engine flare-bench
STATIC = .build-static/release
SHARE = $(DESTDIR)$(PREFIX)/share
SOURCES = Package.swift Sources Tests
# A fixed date, so that man pages change only when a command does.
MAN_DATE = 2026-01-01

.PHONY: help demo test install format lint generate
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## build, start an engine on a fresh state directory and play the whole story on real data
	@.ci/packages build run demo
	swift build
	@.ci/demo

test: ## check the format, build, and run every test
	@.ci/packages build run test
	@.ci/python
	swift format lint --strict --recursive $(SOURCES)
	swift build --build-tests
	swift build --product generate-manual
	FLARE_TEST_PYTHON=$(CURDIR)/.build-python/bin/python swift test --skip-build --no-parallel

install: ## build for release and install programs, completions and man pages under PREFIX (/usr/local)
	@.ci/packages build run install
	for program in $(PROGRAMS); do \
		swift build -c release --static-swift-stdlib --scratch-path .build-static --product $$program || exit 1; \
	done
	install -d $(DESTDIR)$(PREFIX)/bin $(SHARE)/bash-completion/completions $(SHARE)/zsh/site-functions
	install -d $(SHARE)/fish/vendor_completions.d $(SHARE)/man/man1
	install -s -m 755 $(PROGRAMS:%=$(STATIC)/%) $(DESTDIR)$(PREFIX)/bin
	install -m 644 Completions/flare.bash $(SHARE)/bash-completion/completions/flare
	install -m 644 Completions/_flare $(SHARE)/zsh/site-functions/_flare
	install -m 644 Completions/flare.fish $(SHARE)/fish/vendor_completions.d/flare.fish
	install -m 644 man/*.1 $(SHARE)/man/man1

format: ## format the sources in place
	@.ci/packages
	swift format --in-place --recursive $(SOURCES)

lint: ## check the format without changing anything
	@.ci/packages
	swift format lint --strict --recursive $(SOURCES)

generate: ## write Completions/ and man/ anew from the commands
	@.ci/packages build
	swift build --product flare
	swift build --product generate-manual
	mkdir -p Completions
	rm -rf man && mkdir man
	.build/debug/flare --generate-completion-script bash > Completions/flare.bash
	.build/debug/flare --generate-completion-script zsh > Completions/_flare
	.build/debug/flare --generate-completion-script fish > Completions/flare.fish
	.build/debug/generate-manual .build/debug/flare --multi-page --date $(MAN_DATE) --section 1 -o man
