# SPDX-License-Identifier: Apache-2.0
# zooc: make help lists the goals.

BUILD ?= build
ifeq ($(origin CC),default)
CC := gcc
endif
PREFIX ?= /usr/local
export BUILD

# setup may install the compiler and the libraries themselves: all other goals then run in a make of
# their own, after it.
OTHER_GOALS := $(filter-out setup,$(MAKECMDGOALS))
ifneq ($(and $(filter setup,$(MAKECMDGOALS)),$(OTHER_GOALS)),)

.PHONY: setup $(OTHER_GOALS)
setup:
	@ci/setup
$(firstword $(OTHER_GOALS)): setup
	@$(MAKE) --no-print-directory $(OTHER_GOALS)
$(wordlist 2,$(words $(OTHER_GOALS)),$(OTHER_GOALS)): $(firstword $(OTHER_GOALS))
	@:

else

# As many jobs as processors, unless the command line says otherwise.
ifeq ($(filter -j% --jobserver%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc)
endif

# ---- Variants: each has its own folder of objects ----
# SANITIZE=1: address and undefined-behaviour sanitizers. DEBUG=1: no optimisation.
OUT := $(BUILD)$(if $(SANITIZE),/sanitize)$(if $(DEBUG),/debug)
GEN := $(BUILD)/gen

COMMA := ,
OPTIMIZE := $(if $(DEBUG),-O0,-O2)
HARDEN := $(if $(SANITIZE)$(DEBUG),,-D_FORTIFY_SOURCE=2) -fstack-protector-strong
SANITIZERS := $(if $(SANITIZE),-fsanitize=address$(COMMA)undefined -fno-sanitize-recover=undefined \
	-fno-omit-frame-pointer)
WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Werror

PACKAGES := libprotobuf-c libxml-2.0 yaml-0.1 libxxhash libarchive json-c libcrypto libpcre2-8
# Asked once, and only by a goal that compiles.
PACKAGE_FLAGS = $(eval PACKAGE_FLAGS := $$(shell pkg-config --cflags $(PACKAGES)))$(PACKAGE_FLAGS)
PACKAGE_LIBS = $(eval PACKAGE_LIBS := $$(shell pkg-config --libs $(PACKAGES)))$(PACKAGE_LIBS)

# -ffp-contract=off: gcc and clang round alike. -ffile-prefix-map: no path of this machine remains.
COMMON_FLAGS = -std=c17 -D_GNU_SOURCE $(OPTIMIZE) -g -fPIC -ffp-contract=off -ffile-prefix-map=$(CURDIR)=. \
	$(HARDEN) $(SANITIZERS) -I. -isystem $(GEN) $(PACKAGE_FLAGS) -MD -MP $(CFLAGS)
COMPILE = $(CC) $(COMMON_FLAGS) $(WARNINGS) -include compiler/base/banned.h
LINK = $(CC) $(SANITIZERS) -rdynamic -Wl,-z,relro,-z,now $(LDFLAGS)
LIBS = $(PACKAGE_LIBS) -ldl -lm -lpthread

# Short lines; V=1 shows the commands.
Q := $(if $(V),,@)
say = $(if $(V),,@echo "  $1")

# ---- Files, always in the same order ----
ROOMS := compiler/*/ frontends/ frontends/*/ manifests/ cache/ rules/*/
MAIN := compiler/cli/main.c
SOURCES := $(sort $(filter-out $(MAIN),$(wildcard $(ROOMS:%=%*.c))))
SCHEMAS := $(sort $(wildcard frontends/*/schema.proto))
TEST_SCHEMAS := $(sort $(wildcard tests/unit/*.proto))
GENERATED := $(SCHEMAS:%.proto=$(GEN)/%.pb-c.c) $(TEST_SCHEMAS:%.proto=$(GEN)/%.pb-c.c)
# The ninja rules as the text of a C string.
RULES := $(sort $(wildcard rules/*.ninja))
GENERATED += $(if $(RULES),$(GEN)/rules/ninja/templates.inc)
UNIT_TESTS := $(sort $(wildcard tests/unit/*_test.c))

LIBRARY_OBJECTS := $(SOURCES:%.c=$(OUT)/%.o) $(SCHEMAS:%.proto=$(OUT)/%.pb-c.o)
UNIT_BINARIES := $(UNIT_TESTS:%.c=$(OUT)/%)
TOOL_BINARIES := $(patsubst %.c,$(OUT)/%,$(sort $(wildcard tests/tools/*.c)))
EXTENSIONS := $(patsubst %.c,$(OUT)/%.so,$(sort $(wildcard tests/extensions/*.c)))
PRELOADS := $(patsubst %.c,$(OUT)/%.so,$(sort $(wildcard tests/preload/*.c)))
TOOL_PARTS := $(patsubst %.c,$(OUT)/%.o,$(sort $(wildcard tests/tools/parts/*.c)))
ZOOC := $(OUT)/zooc

.PHONY: all setup setup-bench zoo test reproduce unit tools topologies goldens bench lint format install clean help print-flags FORCE
.SECONDARY: $(GENERATED) $(UNIT_BINARIES:=.o) $(TOOL_BINARIES:=.o) $(TOOL_PARTS)
.DELETE_ON_ERROR:

all: $(ZOOC)

$(ZOOC): $(OUT)/$(MAIN:.c=.o) $(OUT)/libzooc.a
	$(call say,link $@)
	$(Q)$(LINK) -o $@ $(OUT)/$(MAIN:.c=.o) $(OUT)/libzooc.a $(LIBS)

# Made anew each time: ar would keep the object of a deleted source.
$(OUT)/libzooc.a: $(LIBRARY_OBJECTS) $(OUT)/objects
	$(call say,archive $@)
	@rm -f $@
	$(Q)ar rcsD $@ $(LIBRARY_OBJECTS)

$(OUT)/%.o: %.c $(OUT)/flags | $(GENERATED) $(GEN)/build_id.h
	@mkdir -p $(@D)
	$(call say,compile $<)
	$(Q)$(COMPILE) -c -o $@ $<

# Generated code is not held to our warnings.
$(OUT)/%.pb-c.o: $(GEN)/%.pb-c.c $(OUT)/flags
	@mkdir -p $(@D)
	$(call say,compile $<)
	$(Q)$(CC) $(COMMON_FLAGS) -w -c -o $@ $<

$(GEN)/%.pb-c.c: %.proto
	@mkdir -p $(GEN)
	$(call say,generate $@)
	$(Q)protoc-c --c_out=$(GEN) $<

$(GEN)/rules/ninja/templates.inc: $(RULES)
	@mkdir -p $(@D)
	$(call say,generate $@)
	$(Q)sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $(RULES) >$@

unit: $(UNIT_BINARIES)

# Programs that only tests and benchmarks use, and what they share.
tools: $(TOOL_BINARIES) $(EXTENSIONS) $(if $(SANITIZE),,$(PRELOADS))

# They are built against the headers of the compiler that is to load them.
$(OUT)/tests/extensions/%.so: tests/extensions/%.c $(OUT)/flags $(GEN)/build_id.h | $(GENERATED)
	@mkdir -p $(@D)
	$(call say,link $@)
	$(Q)$(COMPILE) -shared -o $@ $<

# Libraries that take the place of the C library's functions; fortification has wrappers of its own.
$(OUT)/tests/preload/%.so: tests/preload/%.c $(OUT)/flags
	@mkdir -p $(@D)
	$(call say,link $@)
	$(Q)$(CC) $(filter-out $(HARDEN) $(PACKAGE_FLAGS),$(COMMON_FLAGS)) $(WARNINGS) -shared -o $@ $< -ldl

$(OUT)/tests/tools/%: $(OUT)/tests/tools/%.o $(TOOL_PARTS) $(OUT)/libzooc.a
	$(call say,link $@)
	$(Q)$(LINK) -o $@ $< $(TOOL_PARTS) $(OUT)/libzooc.a $(LIBS)

$(OUT)/tests/unit/%: $(OUT)/tests/unit/%.o $(TEST_SCHEMAS:%.proto=$(OUT)/%.pb-c.o) $(OUT)/libzooc.a
	$(call say,link $@)
	$(Q)$(LINK) -o $@ $(filter %.o,$^) $(OUT)/libzooc.a -lcmocka $(LIBS)

# ---- Files that are rewritten only when their content changes ----
# $(call keep,FILE,TEXT)
keep = @mkdir -p $(dir $1); printf '%s\n' $2 | cmp -s - $1 || printf '%s\n' $2 >$1

$(OUT)/flags: FORCE
	$(call keep,$@,'$(COMPILE)')
$(OUT)/objects: FORCE
	$(call keep,$@,'$(LIBRARY_OBJECTS)')

# The compiler's version for the cache: the content of everything it is built from, so neither time,
# path nor choice of C compiler is in it.
BUILD_ID_FILES := Makefile $(sort $(wildcard $(foreach suffix,c h def proto,$(ROOMS:%=%*.$(suffix)))) $(RULES))
$(GEN)/build_id.h: FORCE
	$(call keep,$@,"#define ZOOC_BUILD_ID \"$$(sha256sum $(BUILD_ID_FILES) | sha256sum | cut -c1-32)\"")

# For ci/lint.
print-flags:
	@echo $(filter-out -MD -MP,$(COMMON_FLAGS)) -include compiler/base/banned.h

# ---- Goals ----
setup:
	@ci/setup

setup-bench: setup
	@ci/setup-bench

zoo: all
	@$(ZOOC) build manifests/zoo.yml -o $(BUILD)/zoo

test:
	@ci/test

reproduce: all
	@$(MAKE) --no-print-directory CC=clang BUILD=$(BUILD)/clang all
	@ci/reproduce $(ZOOC) $(BUILD)/clang/zooc

topologies: all
	@tests/topologies/run.sh $(FILTER)

goldens:
	@ci/goldens

bench: all
	@tests/bench/run.sh
	@tests/bench/scale.sh

lint:
	@ci/lint

format:
	@git ls-files -z '*.c' '*.h' | xargs -0 clang-format -i

install: all
	install -D -m 755 $(ZOOC) $(DESTDIR)$(PREFIX)/bin/zooc

clean:
	rm -rf $(BUILD)

help:
	@sed -n 's/^#? //p' Makefile

#? make setup          install missing Debian packages and the OpenVINO runtime (into build/venv)
#? make                build build/zooc
#? make zoo            compile the zoo of manifests/zoo.yml into build/zoo
#? make test           everything that is tested; ends with a line "N passed, N failed"
#? make reproduce      build the zoo in two ways that differ in all that should not matter, compare every byte
#? make topologies     convert the known topologies and compare with their frameworks (FILTER=resnet: some)
#? make goldens        remake the numbers that tests compare with, by the frameworks themselves (see ci/goldens)
#? make lint, format   check or apply the style of the sources
#? make setup-bench    install the converters that make bench compares with
#? make bench          time and memory beside cp and the Model Optimizer; a zoo of ten thousand models
#? make install        into PREFIX (/usr/local), below DESTDIR
#? make clean          remove the build folder
#?
#? make setup zoo, make setup test: both in one command on a bare Debian 12.
#? Variables: CC, BUILD (folder, build), SANITIZE=1, DEBUG=1, V=1 (show commands), CFLAGS, LDFLAGS, PREFIX, DESTDIR.

-include $(LIBRARY_OBJECTS:.o=.d) $(OUT)/$(MAIN:.c=.d) $(UNIT_BINARIES:=.d) $(TOOL_BINARIES:=.d) $(TOOL_PARTS:.o=.d)

endif
