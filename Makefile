# The commands that Yore is built, tried and tested with. `make help` lists them.

PREFIX ?= /usr/local
DESTDIR ?=
CARGO := build-aux/cargo
INSTALL_PACKAGES := build-aux/install-packages
TARGET := $(or $(CARGO_TARGET_DIR),target)
BIN := $(DESTDIR)$(PREFIX)/bin
SHARE := $(DESTDIR)$(PREFIX)/share

# The window and the library with it, and the command line alone: both must build.
WITHOUT_WINDOW := --no-default-features

# Tests on loop-mounted drives need root. As another user, the integration tests run through sudo where it asks
# no password; where it does, each test that can't run says so, and fails if CI is set.
ifneq ($(shell id -u),0)
ifeq ($(shell sudo -n true 2>/dev/null && echo yes),yes)
AS_ROOT := --config "target.'cfg(unix)'.runner = ['sudo', '-n', '-E', '-H']"
else
NO_ROOT := yes
endif
endif

.PHONY: help run build test screenshots properties histories kills torture check pot bench bench-all flames bench-ui install clean

help:
	@echo 'make run      install what is missing, build, and open the window (no display: yore demo)'
	@echo 'make test     install what is missing, check and test everything'
	@echo 'make screenshots  draw every screen of the window, light and dark, wide and narrow, into $(TARGET)/screenshots (one of these looks is part of make test)'
	@echo 'make properties CASES=n  try n random trees on each drive for each user (a few of them are part of make test)'
	@echo 'make histories CASES=n   try n random histories (a few of them are part of make test)'
	@echo 'make kills    kill prune, restore, undo and mending at every system call that may change something, and let each call fail (a few of them are part of make test; KILLS=all: in every way)'
	@echo 'make torture  make kills, ask everything of every forged repository, and restore RACES times while folders become links'
	@echo 'make build    build both programs for use'
	@echo 'make install  put them, once built, under PREFIX (now $(PREFIX))'
	@echo 'make check    formatting and lints only'
	@echo 'make pot      collect the messages to translate'
	@echo 'make bench    measure against other backup programs, and write benches/RESULTS.md (half an hour; BENCH=--help tells what else can be measured)'
	@echo 'make bench-all  all that there are goals for: two hours and a half'
	@echo 'make flames   draw what a backup, a restore and a deletion spend their time on, into $(TARGET)/flames'
	@echo 'make bench-ui KNOWN=n  measure how fast the window is, and its memory with n files in the history (0: not that)'

ifneq ($(WAYLAND_DISPLAY)$(DISPLAY),)
run:
	@$(INSTALL_PACKAGES) build window
	$(CARGO) run --locked --release --bin yore-gtk
else
run:
	@echo 'yore: no display here, so the command line shows what it does'
	@$(INSTALL_PACKAGES) build
	$(CARGO) run --locked --release $(WITHOUT_WINDOW) --bin yore -- demo
endif

build:
	@$(INSTALL_PACKAGES) build window
	$(CARGO) build --locked --release

check:
	@$(INSTALL_PACKAGES) build window
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	$(CARGO) clippy --locked --lib --bins $(WITHOUT_WINDOW) -- -D warnings

test:
	@$(INSTALL_PACKAGES) build window test
	@$(MAKE) --no-print-directory check
	$(CARGO) test --locked $(WITHOUT_WINDOW) --lib --bins
	$(CARGO) test --locked --doc
	$(CARGO) test --locked --lib --bins
ifdef NO_ROOT
	@echo 'yore: NOT ROOT, AND NO SUDO WITHOUT A PASSWORD: tests on loop-mounted drives cannot run' >&2
endif
	$(CARGO) test --locked --test yore $(AS_ROOT)
ifdef AS_ROOT
	@sudo -n chown -R "$$(id -u):$$(id -g)" '$(TARGET)'
endif

screenshots:
	@$(INSTALL_PACKAGES) build window test
	YORE_SCREENSHOTS='$(abspath $(TARGET))/screenshots' $(CARGO) test --locked --test yore $(AS_ROOT) -- window::every_screen
ifdef AS_ROOT
	@sudo -n chown -R "$$(id -u):$$(id -g)" '$(TARGET)'
endif

# The first tree is another one each day; a failure says how to have it again.
CASES ?= 200
SEED ?= $(shell date +%Y%m%d000)

properties:
	@$(INSTALL_PACKAGES) build test
	YORE_CASES='$(CASES)' YORE_SEED='$(SEED)' $(CARGO) test --locked $(WITHOUT_WINDOW) --test yore $(AS_ROOT) -- roundtrip::

histories:
	@$(INSTALL_PACKAGES) build test
	YORE_CASES='$(CASES)' YORE_SEED='$(SEED)' $(CARGO) test --locked $(WITHOUT_WINDOW) --test yore $(AS_ROOT) -- histories::

# `each` ends within hours: a kill at every call that may change something, and every call failing in one way. `all` adds
# every error, once and from then on, and takes days.
KILLS ?= each

kills:
	@$(INSTALL_PACKAGES) build test
	YORE_KILLS='$(KILLS)' $(CARGO) test --locked $(WITHOUT_WINDOW) --test yore $(AS_ROOT) -- --nocapture faults::prune:: faults::restore:: faults::undo:: faults::mend::

# Takes hours. What is run of it is one sample in each `make test`.
RACES ?= 100000

torture: kills
	YORE_HOSTILE=all YORE_SEED='$(SEED)' $(CARGO) test --locked $(WITHOUT_WINDOW) --test yore $(AS_ROOT) -- --nocapture hostile::
	YORE_RACES='$(RACES)' YORE_SEED='$(SEED)' $(CARGO) test --locked $(WITHOUT_WINDOW) --test yore $(AS_ROOT) -- --nocapture racing::

pot:
	@$(INSTALL_PACKAGES) build
	po/update

# Drives are mounted, so this is done as root.
BENCH ?=
SUDO := $(if $(filter-out 0,$(shell id -u)),sudo)

PEERS = $(SUDO) python3 -B benches/peers --yore '$(TARGET)/release/yore' --figures '$(TARGET)/bench'

bench:
	@$(INSTALL_PACKAGES) build bench
	$(CARGO) build --locked --release $(WITHOUT_WINDOW) --bin yore --bench floor
	$(PEERS) $(BENCH)

# A million files want 24 GiB of memory, the large ones 45 GB of disk.
SOME := --peers yore,rsync,restic,cp,floor

bench-all:
	@$(INSTALL_PACKAGES) build bench
	$(CARGO) build --locked --release $(WITHOUT_WINDOW) --bin yore --bench floor
	failed=; \
	$(PEERS) || failed=yes; \
	$(PEERS) $(SOME) --trees small:100000,small:1000000 --source tmpfs --alone --rounds 1 || failed=yes; \
	$(PEERS) $(SOME) --trees home:20000 --drives xfs,btrfs || failed=yes; \
	$(PEERS) $(SOME) --trees home:20000 --media disk --temperatures cold || failed=yes; \
	$(PEERS) --peers yore,rsync,cp --trees image --drives xfs,btrfs || failed=yes; \
	$(PEERS) --peers yore,rsync,cp,floor --trees large:10 --media disk --alone --rounds 1 || failed=yes; \
	test -z "$$failed"

# With frame pointers, perf knows who called whom.
flames:
	@$(INSTALL_PACKAGES) build bench flames
	$(CARGO) install --locked --root '$(TARGET)/tools' --version '^0.12' inferno
	CFLAGS=-fno-omit-frame-pointer RUSTFLAGS='-C force-frame-pointers=yes' $(CARGO) build --locked --release --target-dir '$(TARGET)/flames' $(WITHOUT_WINDOW) --bin yore
	$(SUDO) env PATH="$(abspath $(TARGET))/tools/bin:$$PATH" python3 -B benches/peers --yore '$(TARGET)/flames/release/yore' --trees home --flames '$(TARGET)/flames' $(BENCH)

# A million files want memory or a disk with some gigabytes free, and many minutes.
KNOWN ?= 0

bench-ui:
	@$(INSTALL_PACKAGES) build window test bench-ui
	$(CARGO) build --locked --release --bins
	$(SUDO) benches/window/bench.py --window '$(TARGET)/release/yore-gtk' --known '$(KNOWN)'

# Nothing is built here: this runs as root, who may have no toolchain.
install:
	@test -x '$(TARGET)/release/yore' || { echo 'yore: not built yet; run make build first' >&2; exit 1; }
	install -D -m 755 '$(TARGET)/release/yore' '$(BIN)/yore'
	test ! -e '$(TARGET)/release/yore-gtk' || install -D -m 755 '$(TARGET)/release/yore-gtk' '$(BIN)/yore-gtk'
	for file in data/*.desktop; do test ! -e "$$file" || install -D -m 644 -t '$(SHARE)/applications' "$$file" || exit; done
	for file in data/*.metainfo.xml; do test ! -e "$$file" || install -D -m 644 -t '$(SHARE)/metainfo' "$$file" || exit; done
	if test -d data/icons; then cd data/icons && find . -type f -exec install -D -m 644 '{}' '$(abspath $(SHARE))/icons/{}' ';'; fi
	for language in $$(grep -v '^#' po/LINGUAS); do \
		folder="$(SHARE)/locale/$$language/LC_MESSAGES" && mkdir -p "$$folder" && \
		msgfmt -c -o "$$folder/yore.mo" "po/$$language.po" || exit; \
	done

clean:
	$(CARGO) clean
