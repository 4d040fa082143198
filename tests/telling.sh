#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a build tells: progress on a terminal and in a pipe, the event log, the table, JUnit XML and
# Markdown for continuous integration, a log for each model, and the exit code.
set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=tests/zoo.bash
source tests/zoo.bash
unset CI

tiny_net good 1
tiny_net bad 2
sed -i 's/type: "Softmax"/type: "Hard|max"/' bad/net.prototxt
tiny_net packed 3
tar -czf packed.tar.gz -C packed .
head -c 150 packed.tar.gz >torn.tar.gz
cat >zoo.yml <<'END'
models:
  - {name: good, model: [good/net.prototxt, good/net.caffemodel], data_type: [FP32, FP16]}
  - {name: bad, model: [bad/net.prototxt, bad/net.caffemodel]}
  - {name: packed, archive: packed.tar.gz, model: [net.prototxt, net.caffemodel]}
  - {name: torn, archive: torn.tar.gz, model: [net.prototxt, net.caffemodel]}
END
status=0
"$ZOOC" build zoo.yml -o out --junit junit.xml --markdown page.md >build.log 2>errors.log || status=$?

# ---- A pipe ----
check "a build with failures ends with 1" test "$status" = 1
check "no control codes in a pipe" test "$(LC_ALL=C tr -d '\n\40-\176' <build.log | wc -c)" = 0
check "a line for each step" test "$(grep -c '^\[[0-9]*/[0-9]*\] ' build.log)" = 6
check "nothing on standard error" test ! -s errors.log
row() { sed -n "s/^$1  *\([0-9]*\).*/\1/p" build.log; }
check "the table counts" test "$(row built) $(row 'from cache') $(row 'up to date') $(row failed)" = "2 0 0 2"
check "the table has times and sizes" grep -qE '^built +2 +[0-9.]+ s +[0-9.]+ kB$' build.log
check "the last line counts too" \
    grep -q '^4 models: 2 built, 0 from cache, 0 up to date, 2 failed in [0-9.]* s$' build.log

# ---- Logs ----
first_line() { head -n 1 "out/.zooc/logs/$1.log"; }
check "the log of a failed model starts with the cause" grep -q '^failed: convert FP32: .*Hard|max' <(first_line bad)
check "that of a torn archive too" grep -q '^failed: unpack: .*torn.tar.gz' <(first_line torn)
check "the summary names the logs" grep -q '^    log: out/.zooc/logs/bad.log$' build.log
check "that of a built model says so" test "$(first_line good)" = built
check "and has all its steps" test "$(grep -c '^---- convert FP' out/.zooc/logs/good.log)" = 2

# ---- Files for CI ----
python3 - <<'END'
import json, sys
import xml.etree.ElementTree as tree

events = [json.loads(line) for line in open("out/.zooc/events.jsonl")]
assert len(events) == 6, len(events)
for event in events:
    assert event["step"] in ("unpack", "convert") and event["outcome"] in ("done", "failed"), event
    assert event["milliseconds"] >= 0 and "because" in event, event
    assert ("cause" in event) == (event["outcome"] == "failed"), event
    assert event["step"] == "unpack" or (event["bytes"] > 0) == (event["outcome"] == "done"), event

root = tree.parse("junit.xml").getroot()
suites = {suite.get("name"): suite for suite in root}
assert list(suites) == ["good", "bad", "packed", "torn"], list(suites)
cases = lambda name: [(case.get("name"), [child.tag for child in case]) for case in suites[name]]
assert cases("good") == [("convert FP32", []), ("convert FP16", [])], cases("good")
assert cases("bad") == [("convert FP32", ["failure"])], cases("bad")
assert cases("packed") == [("unpack", []), ("convert FP32", [])], cases("packed")
assert cases("torn") == [("unpack", ["failure"]), ("convert FP32", ["skipped"])], cases("torn")
failure = suites["bad"][0][0]
assert "Hard|max" in failure.get("message") and "failed: " in failure.text, failure.text
assert suites["bad"].get("failures") == "1" and suites["torn"].get("tests") == "2"
END
check "events and JUnit XML say the same" test $? = 0
check "Markdown counts" grep -q '^## zooc: 2 of 4 models failed$' page.md
check "and escapes what is markup" grep -qF 'Hard\|max' page.md
check "and is a table" test "$(grep -c '^| .* |$' page.md)" = 10

# ---- Models that would say too much ----
hostile() { # NAME TYPE: a net whose last layer has this type
    tiny_net "$1" 1
    python3 -c 'import sys; p, t = sys.argv[1:]; s = open(p, "rb").read().replace(b"\"Softmax\"", b"\"" + eval(f"b\"{t}\"") + b"\""); open(p, "wb").write(s)' "$1/net.prototxt" "$2"
    echo "  - {name: $1, model: [$1/net.prototxt, $1/net.caffemodel]}" >>hostile.yml
}
echo 'models:' >hostile.yml
hostile codes '\x1b[31m\x07\xc2\x9b2J'
hostile bytes '\xff\xfe\xc0\xaf\xed\xa0\x80'
hostile markup ']]>&<\xef\xbf\xbf\xef\xbf\xbe'
hostile turned '\xe2\x80\xae\xe2\x80\xa8'
"$ZOOC" build hostile.yml -o hostile --junit hostile.xml --markdown hostile.md >hostile.log 2>&1
python3 - <<'END'
import json
import xml.etree.ElementTree as tree

for line in open("hostile/.zooc/events.jsonl", encoding="utf-8"):
    assert "cause" in json.loads(line), line
assert len(tree.parse("hostile.xml").getroot()) == 4
for name in "hostile.xml", "hostile.md", "hostile.log", *(f"hostile/.zooc/logs/{m}.log" for m in ("codes", "bytes", "turned")):
    text = open(name, encoding="utf-8", newline="").read()
    assert all(c in "\n\t" or c.isprintable() for c in text), (name, [c for c in text if not c.isprintable()])
END
check "what a model says does no harm in any of the files" test $? = 0

# ---- Again ----
status=0
"$ZOOC" build zoo.yml -o out --junit junit.xml >build.log 2>&1 || status=$?
check "what failed fails again" test "$status" = 1
check "the rest is up to date" grep -q '^4 models: 0 built, 0 from cache, 2 up to date, 2 failed' build.log
tiny_net bad 2
tar -czf torn.tar.gz -C packed .
status=0
"$ZOOC" build zoo.yml -o out >build.log 2>&1 || status=$?
check "repaired, it ends with 0" test "$status" = 0
check "and counts what was built" grep -q '^4 models: 2 built, 0 from cache, 2 up to date, 0 failed' build.log
"$ZOOC" build zoo.yml -o out --junit junit.xml >build.log 2>&1
check "nothing to do is said in one line" grep -q '^nothing to do: 4 models are up to date' build.log
check "and all tests have passed" test "$(grep -c '<testcase' junit.xml) $(grep -cE 'failure>|skipped' junit.xml)" = "7 0"
status=0
"$ZOOC" build zoo.yml -o out --junit /dev/null/junit.xml >build.log 2>&1 || status=$?
check "a file that cannot be written is an error" test "$status" = 1

# ---- Explaining ----
explained() { "$ZOOC" cache explain "$@" -o out >explained.log 2>&1; }
explained good
check "what stands is up to date" test "$(grep -c '^good: convert FP[0-9]*: up to date$' explained.log)" = 2
sed -i 's/data_type: \[FP32, FP16\]/data_type: [FP32, FP16], scale: 3/' zoo.yml
printf '# a remark\n' >>good/net.prototxt
explained good
check "the option and the input that changed are named" test "$(grep -c \
    "^good: convert FP[0-9]*: will run because option 'scale' is new; input 'good/net.prototxt' has changed$" explained.log)" = 2
rm out/packed/FP32/packed.bin
explained packed
check "so is an output that is missing" grep -q "^packed: convert FP32: will run because output 'packed.bin' is missing" explained.log
check "and why it ran the last time" grep -q '^    last time it ran because there is no record$' explained.log
explained
check "without a name all models are explained" test "$(grep -c '^[a-z]*: [a-z]*.*: ' explained.log)" = 7
explained goood
check "a wrong name is an error with a hint" test $? = 2 -a -n "$(grep "did you mean 'good'" explained.log)"
"$ZOOC" cache explain -o nowhere >explained.log 2>&1
check "so is a wrong folder" test $? = 1 -a -n "$(grep nowhere explained.log)"
sed 's/archive: packed.tar.gz/&, prepare: [{replace: net.prototxt, pattern: tiny, with: wee}]/' zoo.yml >prepared.yml
"$ZOOC" build prepared.yml -o prepared >/dev/null 2>&1
sed -i 's/wee/small/' prepared.yml
"$ZOOC" cache explain packed -o prepared >explained.log 2>&1
check "what an unpacking may change is told" grep -qx "packed: convert FP32: up to date, unless unpacking changes what it reads" explained.log
check "values stand on one line" grep -q "option 'prepare 1' was 'replace net.prototxt.x0atiny.x0awee.x0a0' and is '" explained.log
rm -r prepared/.zooc/models/packed
"$ZOOC" cache explain packed -o prepared >explained.log 2>&1
check "without the files, too" grep -qx "packed: convert FP32: will run after unpacking" explained.log
sed -i 's/, scale: 3//' zoo.yml

# ---- A terminal ----
on_terminal() { env TERM=xterm "$@" script -qec "stty cols 40; '$ZOOC' build zoo.yml -o $folder" /dev/null </dev/null >terminal.log 2>&1; }
longest() { tr '\r' '\n' <terminal.log | sed 's/\x1b\[K//g' | grep '^\[' | awk '{ if (length > most) most = length } END { print most + 0 }'; }
if script -qec true /dev/null </dev/null >/dev/null 2>&1; then
    folder=first
    on_terminal
    check "a terminal has one line that changes" grep -q $'\r\e\[K\[1/8\] ' terminal.log
    check "no longer than the terminal is wide" test "$(longest)" -le 40
    check "which is gone in the end" grep -q $'report\r\e\[K\r$' terminal.log
    folder=second
    on_terminal CI=true
    check "in CI there are plain lines" test "$(grep -c $'\e' terminal.log)" = 0
    folder=third
    TERM=dumb script -qec "'$ZOOC' build zoo.yml -o third" /dev/null </dev/null >terminal.log 2>&1
    check "and on a dumb terminal" test "$(grep -c $'\e' terminal.log)" = 0
else
    echo "left out: the progress line of a terminal, for this machine has no terminals (/dev/pts)"
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
