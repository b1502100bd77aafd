# SPDX-License-Identifier: GPL-2.0-or-later
#
# The targets people look for; meson and ninja do the work in $(BUILD).

BUILD ?= build
JOBS ?= $(shell nproc)
EMU = $(BUILD)/qemu-x86_64
PROG ?=

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD) -j$(JOBS)

$(BUILD)/build.ninja:
	@scripts/setup-debian.sh build
	./configure --builddir=$(BUILD)

setup:
	@scripts/setup-debian.sh build test real kzt docs

# Build, then run PROG (a shell command line), or the embedded example.
run: all
ifneq ($(strip $(PROG)),)
	@exec $(EMU) $(PROG)
else
	@exec scripts/run-example.sh $(EMU)
endif

# A tree that was configured before the test packages were there has no unit
# tests; test-decode needs all of them.
tests: setup all
	@meson test -C $(BUILD) --list 2>/dev/null | grep -q test-decode || \
	    meson setup --reconfigure $(BUILD) >/dev/null
	@ninja -C $(BUILD) -j$(JOBS)

check: tests
	@scripts/run-checks.py --emulator $(EMU) --build $(BUILD)

# At least 2 million cases; "make check" runs a tenth of that.
check-isa: all
	@scripts/run-checks.py --emulator $(EMU) --build $(BUILD) --only isa --long

check-unit check-guest check-loader check-kzt check-pagesize check-real check-fuzz \
check-hosts \
check-encoder check-style check-layers check-docs check-lift check-cli \
check-sanitizers: all
	@scripts/run-checks.py --emulator $(EMU) --build $(BUILD) \
	    --only $(patsubst check-%,%,$@)

check-long: tests
	@scripts/run-checks.py --emulator $(EMU) --build $(BUILD) --long

# Two hours; "tests/soak/run.py --minutes N" for another time.
soak: all
	@tests/soak/run.py --emulator $(EMU)

bench: setup all
	@tests/bench/run.py --emulator $(EMU)

bench-kzt: setup all
	@tests/kzt/bench.py --emulator $(EMU)

bench-loongarch:
	@tests/bench/loongarch.py

install: all
	@ninja -C $(BUILD) install

docs:
	@scripts/setup-debian.sh docs
	@sphinx-build -q -W --keep-going docs docs/_build/html
	@echo "docs/_build/html/index.html"

clean:
	@rm -rf $(BUILD) docs/_build

.PHONY: all setup tests run check check-unit check-isa check-guest check-loader \
	check-kzt check-pagesize check-real \
	check-fuzz check-hosts check-encoder check-style check-layers check-docs check-lift \
	check-cli check-sanitizers check-long soak bench bench-kzt bench-loongarch install docs clean
