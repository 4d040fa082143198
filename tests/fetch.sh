#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# zooc fetch against a server on the loopback that has the faults of real ones, builds from what was
# fetched, and the cache's way to a machine without a network.
set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=tests/zoo.bash
source tests/zoo.bash
zooc=$ZOOC
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY ZOOC_OFFLINE

mkdir files
tiny_net net 1
cp net/* files
head -c 3000000 /dev/urandom >files/big
echo small >files/small
: >files/empty
tar -czf files/net.tar.gz -C net net.prototxt net.caffemodel
(cd net && python3 -c "import zipfile; z = zipfile.ZipFile('../files/net.zip', 'w'); z.write('net.caffemodel')")

# ---- The servers ----

start_server() { # PORTFILE ARGUMENTS...: fills `port` and adds to `servers`
    python3 "$root/tests/tools/server.py" files "$1" log "${@:2}" 2>server.err &
    servers+=($!)
    local tries=0
    until [ -s "$1" ] || [ $((tries += 1)) -gt 200 ]; do sleep 0.05; done
    port=$(cat "$1")
}
servers=()
# shellcheck disable=SC2317 # called by the trap
stop_servers() { kill "${servers[@]}" 2>/dev/null; }
trap stop_servers EXIT
: >log
start_server port
web=http://127.0.0.1:$port

sum() { sha256sum "$1" | cut -d' ' -f1; }
sum384() { sha384sum "$1" | cut -d' ' -f1; }
size() { stat -c %s "$1"; }

# source FILE URL...: a line of a manifest for a file that must be files/FILE.
source_of() {
    local file=$1 urls
    shift
    printf -v urls '"%s", ' "$@"
    echo "- {name: $file, url: [${urls%, }], sha256: $(sum "files/$file")}"
}

# manifest LINE...: one model with these sources into m.yml.
manifest() {
    printf 'models:\n  - name: m\n    model: x.onnx\n    sources:\n' >m.yml
    printf '      %s\n' "$@" >>m.yml
}

fetch() { # OPTIONS...: output in fetch.out, status in `status`
    status=0
    "$zooc" fetch m.yml --retry_pause 20 "$@" >fetch.out 2>&1 || status=$?
}
fresh() { chmod -R u+w cache 2>/dev/null; rm -rf cache && : >log; }
in_cache() { "$zooc" cache verify >verify.out && cmp -s "cache/objects/$(sum "files/$1" | sed 's,^..,&/,')" "files/$1"; }
sound() { "$zooc" cache verify >/dev/null 2>&1; }
holds() { "$zooc" cache stat | grep -qxF "$1"; }
requests() { grep -c "" log; }
says() { grep -qF -- "$1" fetch.out || { cat fetch.out; return 1; }; }
tried() { grep -qxF -- "$1" log || { cat log; return 1; }; }

# good NAME: fetched, and right.
good() {
    check "$1" test "$status" = 0
    check "$1: it is in the cache" in_cache "${2:-big}"
}
# bad NAME MESSAGE: not fetched, told why, and nothing wrong is in the cache.
bad() {
    check "$1" test "$status" = 1
    check "$1: it is told" says "$2"
    check "$1: nothing is in the cache" test -z "$(find cache/objects -type f 2>/dev/null)"
}

# ---- Ways of getting a file ----

manifest "$(source_of big "$web/file/big")" "$(source_of small "$web/file/small")" \
    "$(source_of empty "$web/file/empty")"
fresh && fetch
good "three files are fetched"
check "and counted" says "3 files: 3 fetched (3.0 MB), 0 in the cache already, 0 missing, 0 failed"
: >log
fetch
check "a second run asks nobody" test "$(requests)" = 0
check "and says so" says "3 files: 0 fetched (0 B), 3 in the cache already"
check "there are no control codes in a pipe" test "$(tr -d '\033' <fetch.out | wc -c)" = "$(size fetch.out)"

chmod u+w "cache/objects/$(sum files/big | sed 's,^..,&/,')"
flip_byte "cache/objects/$(sum files/big | sed 's,^..,&/,')"
fetch
good "a damaged file is fetched again"

manifest "- {name: big, url: \"$web/file/big\", sha384: $(sum384 files/big), size: 3000000}"
fresh && fetch
good "a file is known by its SHA-384"
: >log && fetch
check "and found by it" test "$status$(requests)" = 00

manifest "- {name: a, url: \"$web/file/big\", sha256: $(sum files/big)}" \
    "- {name: b, url: \"$web/file/big\", sha384: $(sum384 files/big)}" \
    "- {name: c, url: \"$web/file/big\", sha256: $(sum files/big)}"
fresh && fetch
good "one file under several names"

manifest "$(source_of big "file://$SCRATCH/files/big")"
fresh && fetch --offline
good "a file of this machine needs no network"
cp files/small 'files/a b#?%'
manifest "- {name: x, url: \"file:$SCRATCH/files/a%20b%23%3F%25\", sha256: $(sum files/small)}"
fresh && fetch --offline
good "an address has escapes" small
manifest "- {name: x, url: \"file:$SCRATCH/files/nothing\", sha256: $(sum files/small)}"
fresh && fetch
bad "a file of this machine that is not there" "No such file"
manifest "- {name: x, url: \"file:$SCRATCH/files\", sha256: $(sum files/small)}"
fresh && fetch
bad "a folder of this machine" "it is no file"
mkfifo files/pipe
manifest "- {name: x, url: \"file:$SCRATCH/files/pipe\", sha256: $(sum files/small)}"
fresh && fetch
bad "a pipe of this machine" "it is no file"

# ---- What breaks off ----

manifest "$(source_of big "$web/cut/700000/big")"
fresh && fetch
good "a transfer that breaks off goes on"
check "where it ended" tried "/cut/700000/big bytes=2100000-"

manifest "$(source_of big "$web/cut_whole/700000/big")"
fresh && fetch --retries 2
bad "a server that always begins anew is given up" "transfer closed with"
check "after as many attempts as were asked for" test "$(requests)" = 3
manifest "$(source_of big "$web/whole/big")"
fetch
good "another server's rest is no obstacle" # the beginning is still there
check "which was asked for" tried "/whole/big bytes=700000-"

manifest "- {name: big, url: \"$web/nolength/1600000/big\", sha256: $(sum files/big), size: 3000000}"
fresh && fetch
good "the manifest's size tells that a transfer broke off"

manifest "$(source_of big "$web/cut/700000/big")"
fresh && fetch --retries 0
bad "without retries it fails" "transfer closed with"
fetch --retries 0
fetch --retries 0
check "a later run goes on" tried "/cut/700000/big bytes=1400000-"
manifest "$(source_of big "$web/shifted/big")"
fetch
good "a range that was not asked for is not taken"

fresh
mkdir -p cache/partial
head -c 1000000 /dev/zero >"cache/partial/$(sum files/big)"
manifest "$(source_of big "$web/file/big")"
fetch
good "a wrong beginning is thrown away"
check "after it was continued" tried "/file/big bytes=1000000-"
fresh
mkdir -p cache/partial
cp files/big "cache/partial/$(sum files/big)"
fetch
good "a whole file that was not checked yet is taken"
fresh
mkdir -p cache/partial
{ cat files/big && echo more; } >"cache/partial/$(sum files/big)"
fetch
good "one that is too long is not"

manifest "$(source_of big "$web/stall/1000/big")"
fresh && fetch --timeout 1
good "a server that falls silent is asked again"

manifest "$(source_of big "$web/slow/big" "$web/file/big")"
fresh
"$zooc" fetch m.yml >/dev/null 2>&1 &
slow=$!
until [ -s "cache/partial/$(sum files/big)" ] || ! kill -0 $slow; do sleep 0.05; done
kill -9 $slow
wait $slow 2>/dev/null
manifest "$(source_of big "$web/file/big")"
fetch
good "a transfer that was killed goes on"
check "from what it had" eval 'grep -q "^/file/big bytes=[1-9]" log'

# ---- Servers that say no ----

manifest "$(source_of small "$web/busy/2/small")"
fresh && fetch
good "a busy server is asked again" small
check "and the user told" says "m small: the server answers with status 503; it is tried again"
manifest "$(source_of small "$web/wait/small")"
start=$(date +%s%N)
fresh && fetch
good "a server that asks for time" small
check "gets it" test $((($(date +%s%N) - start) / 1000000)) -ge 1000
for code in 400 403 404 410; do
    manifest "$(source_of small "$web/status/$code")"
    fresh && fetch
    bad "status $code" "the server answers with status $code"
    check "status $code: it is not tried again" test "$(requests)" = 1
done
for code in 408 429 500 502 503 504; do
    manifest "$(source_of small "$web/status/$code")"
    fresh && fetch --retries 2
    bad "status $code" "the server answers with status $code"
    check "status $code: it is tried again" test "$(requests)" = 3
done
manifest "$(source_of small "$web/status/404" "$web/busy/100/small" "$web/file/small")"
fresh && fetch --retries 1
good "the next address helps" small
manifest "$(source_of small "http://127.0.0.1:9/small" "$web/file/nothing")"
fresh && fetch --retries 1
bad "when none helps" "/file/nothing: the server answers with status 404"
check "each is told" says "http://127.0.0.1:9/small: "

manifest "- {name: small, url: \"$web/file/small\", sha256: $(sum files/big)}"
fresh && fetch
bad "a wrong file" "it has SHA-256 $(sum files/small), not $(sum files/big)"
manifest "- {name: small, url: \"$web/file/small\", sha384: $(sum384 files/big)}"
fresh && fetch
bad "a wrong file by SHA-384" "it has SHA-384 "
manifest "- {name: small, url: \"$web/file/small\", sha256: $(sum files/small), sha384: $(sum384 files/big)}"
fresh && fetch
bad "a file with one of two sums" "it has SHA-384 "
manifest "- {name: big, url: \"$web/file/big\", sha256: $(sum files/big), size: 1000}"
fresh && fetch
bad "a file that is larger than its manifest says" "it is larger than the 1000 bytes that are expected"
manifest "- {name: small, url: \"$web/file/small\", sha256: $(sum files/small), size: 1000}"
fresh && fetch --retries 1
bad "a file that is smaller" "it has 6 bytes, not 1000"
manifest "- {name: huge, url: \"$web/huge\", sha256: $(sum files/big)}"
fresh && fetch --max_size 4M
bad "a file without an end" "it is larger than 4194304 bytes"
check "leaves nothing" test -z "$(find cache/partial -type f -size +0)"

# ---- Redirects ----

escape() { printf %s "$1" | sed 's,/,%2F,g; s,:,%3A,g'; }
manifest "$(source_of big "$web/to/$(escape /file/big)")"
fresh && fetch
good "a redirect is followed"
manifest "$(source_of big "$web/to/$(escape "$web/cut/700000/big")")"
fresh && fetch
good "and what breaks off behind it goes on"
for target in "file://$SCRATCH/files/small" "ftp://127.0.0.1:$port/small" "gopher://127.0.0.1:$port/small"; do
    manifest "$(source_of small "$web/to/$(escape "$target")")"
    fresh && fetch
    bad "no redirect to ${target%%:*}:" "not supported"
done
manifest "$(source_of small "$web/loop")"
fresh && fetch
bad "a redirect without an end" "redirects"

if openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost \
    -addext subjectAltName=IP:127.0.0.1 >/dev/null 2>&1; then
    plain=$web
    start_server secure_port cert.pem key.pem
    secure=https://127.0.0.1:$port
    manifest "$(source_of small "$secure/file/small")"
    fresh && fetch
    bad "a certificate that nobody vouches for" "certificate"
    check "is no matter for a retry" test "$(requests)" = 0
    export CURL_CA_BUNDLE=$PWD/cert.pem SSL_CERT_FILE=$PWD/cert.pem
    manifest "$(source_of small "$secure/file/small")"
    fresh && fetch
    good "one that is known" small
    manifest "$(source_of small "$secure/to/$(escape "$plain/file/small")")"
    fresh && fetch
    bad "no redirect from https to http" "not supported"
    unset CURL_CA_BUNDLE SSL_CERT_FILE
fi

# ---- Without a network ----

manifest "$(source_of big "$web/file/big")" "$(source_of small "$web/file/small")"
fresh && fetch --offline
bad "offline, what is missing is told" "'$web/file/big' is not in the cache, and nothing may be fetched"
check "all of it" says "2 files: 0 fetched (0 B), 0 in the cache already, 2 missing, 0 failed"
check "and nobody is asked" test "$(requests)" = 0
preload=$build/tests/preload/nosocket.so
if [ -e "$preload" ] && [ -n "${ZOOC_FAST-}" ]; then # sanitizers want to be loaded first
    SOCKET_LOG=$PWD/sockets LD_PRELOAD=$preload "$ZOOC_FAST" fetch m.yml --offline >/dev/null 2>&1
    check "offline opens no socket" test ! -e sockets
    SOCKET_LOG=$PWD/sockets LD_PRELOAD=$preload "$ZOOC_FAST" fetch m.yml --retries 0 >/dev/null 2>&1
    check "which would be seen" test -e sockets
fi

# ---- Two processes, one cache ----

manifest "$(source_of big "$web/slow/big")" "$(source_of small "$web/file/small")"
fresh
"$zooc" fetch m.yml >first.out 2>&1 &
first=$!
fetch
wait $first
check "two at once are both right" test "$status$?" = 00
good "two at once"
check "and a file comes once" test "$(grep -c '^/slow/big' log)" = 1

# ---- Builds ----

cat >zoo.yml <<END
models:
  - name: put-together
    sources:
      - {url: "$web/cut/150/net.prototxt", sha256: $(sum files/net.prototxt)}
      - {url: "$web/file/net.zip", sha384: $(sum384 files/net.zip)}
    prepare:
      - {unpack: net.zip}
      - {replace: net.prototxt, pattern: '"(t)(?P<second>iny)"', with: '"\\1ouch-\\g<second>"'}
    model: [net.prototxt, net.caffemodel]
  - name: archive
    archive: {url: "$web/file/net.tar.gz", sha256: $(sum files/net.tar.gz)}
    model: [net.prototxt, net.caffemodel]
  - name: local
    sources: [{path: net/net.prototxt, name: in/net.prototxt}, {path: net/net.caffemodel}]
    model: [in/net.prototxt, net.caffemodel]
END
build() { # OPTIONS...
    status=0
    "$zooc" build zoo.yml -o out --no_verify "$@" >build.out 2>&1 || status=$?
}
told() { grep -qF -- "$1" build.out || { cat build.out; return 1; }; }
fresh
build --offline
check "an offline build without a cache fails" test "$status" = 1
check "and tells what is missing" told "put-together: unpack: '$web/cut/150/net.prototxt' is not in the cache"
check "and builds the rest" test -s out/local/FP32/local.xml
check "and asks nobody" test "$(requests)" = 0
build
check "a build fetches what it needs" test "$status" = 0
check "and does as it is told" grep -q 'name: "touch-iny"' out/.zooc/models/put-together/src/net.prototxt
check "the archive is removed" test ! -e out/.zooc/models/put-together/src/net.zip
check "the source is as it was" grep -q '"tiny"' net/net.prototxt
check "zoo.json names the sources" grep -q "\"sha384\": *\"$(sum384 files/net.zip)\"" out/zoo.json
same_ir() { cmp -s "out/archive/FP32/archive.bin" "out/$1/FP32/$1.bin"; }
check "all have the same weights" eval 'same_ir put-together && same_ir local'
: >log
build
check "a second build has nothing to do" test -z "$(steps_done out)"
chmod -R u+w cache && rm -rf cache
touch net/net.prototxt
build --offline
check "what is built needs no cache" test "$status$(requests)$(steps_done out)" = 00
rm -rf out
build
check "a build in a new folder" test "$status" = 0
sed -i 's/ouch/each/' zoo.yml
build --offline
check "a changed preparation is carried out from the cache" grep -q 'name: "teach-iny"' out/.zooc/models/put-together/src/net.prototxt
check "and nothing else" test "$(steps_done out | cut -d' ' -f1 | sort -u)" = put-together
sed -i 's/"(t)/"(z)/' zoo.yml
build --offline
check "a pattern that matches nothing fails its model" told "put-together: unpack: cannot prepare 'net.prototxt': nothing matches"
check "which has no IR then" test ! -e out/put-together/FP32/put-together.xml
check "and no other" test -e out/archive/FP32/archive.xml

fresh
: >log
rm -rf out
sed -i 's/"(z)/"(t)/' zoo.yml
build --cache_mode read
check "a cache that is only read is not written" test "$status" = 0 -a ! -e cache
check "the build folder keeps what was fetched" test -n "$(find out/.zooc/fetched/objects -type f)"
rm -rf out/.zooc/models
: >log
build --cache_mode read --offline
check "and finds it" test "$status$(requests)" = 00

# ---- To a machine without a network ----

fresh
"$zooc" fetch zoo.yml --retry_pause 20 >/dev/null 2>&1
"$zooc" cache add files/big >/dev/null
"$zooc" cache export zoo.yml -o one.tar.zst >export.out 2>&1
check "a cache is exported" grep -q '^3 files in one.tar.zst$' export.out
find cache -exec touch -h {} +
"$zooc" cache export zoo.yml zoo.yml -o two.tar.zst >/dev/null 2>&1
check "the same bytes another day" cmp -s one.tar.zst two.tar.zst
mv cache old-cache
: >log
"$zooc" cache import one.tar.zst >import.out 2>&1
check "and imported" grep -q '^3 files ' import.out
"$zooc" cache verify >/dev/null && rm -rf out && build --offline
check "a build from it needs no network" test "$status$(requests)" = 00
"$zooc" cache import one.tar.zst >import.out 2>&1
check "twice does no harm" grep -q '^3 files ' import.out
fresh
status=0
"$zooc" cache export zoo.yml -o three.tar.zst >export.out 2>&1 || status=$?
check "what is not in the cache is not exported" test "$status" = 1
check "all of it is told" test "$(grep -c 'is not in the cache' export.out)" = 3
check "and there is no file" test ! -e three.tar.zst

import_fails() { # NAME FILE MESSAGE
    fresh
    status=0
    "$zooc" cache import "$2" >import.out 2>&1 || status=$?
    check "$1 is refused" test "$status" = 1
    cp import.out fetch.out
    check "$1: it is told" says "$3"
    check "$1: nothing wrong is taken in" sound
}
head -c $(($(size one.tar.zst) - 40)) one.tar.zst >cut.tar.zst
import_fails "a cut archive" cut.tar.zst "cannot unpack 'cut.tar.zst'"
import_fails "another archive" files/net.tar.gz "cannot unpack"
import_fails "no archive" files/big "cannot unpack"
mkdir taken && tar -xf one.tar.zst -C taken && chmod -R u+w taken
repack() { # FILE: what is in taken/ now, index first
    (cd taken && tar -cf "../$1" zooc-cache/index zooc-cache/objects/*)
}
object=$(find taken/zooc-cache/objects -type f | sort | head -n 1)
flip_byte "$object" 40
repack flipped.tar
import_fails "a changed object" flipped.tar "has SHA-256"
flip_byte "$object" 40
mv "$object" kept
repack missing.tar
import_fails "an archive that lacks an object" missing.tar "objects are missing"
mv kept "$object"
echo stowaway >"taken/zooc-cache/objects/$(echo stowaway | sha256sum | cut -d' ' -f1)"
repack more.tar
import_fails "an archive with more than it lists" more.tar "its index does not list"

rm taken/zooc-cache/objects/"$(echo stowaway | sha256sum | cut -d' ' -f1)"
(cd taken && tar -P --transform 's,objects/.*,objects/../../../escaped,' -cf ../escape.tar zooc-cache/index \
    "zooc-cache/objects/$(basename "$object")")
import_fails "an object with a way out in its name" escape.tar "its index does not list"
check "which leads nowhere" test ! -e escaped -a ! -e ../escaped
(cd taken && ln -s /etc/passwd zooc-cache/objects/link && tar -cf ../link.tar zooc-cache/index zooc-cache/objects/link)
import_fails "a link" link.tar "no archive of zooc cache export"
mkdir -p bomb/zooc-cache/objects
head -c 100000000 /dev/zero >bomb/zeros
bomb=$(sum bomb/zeros)
mv bomb/zeros "bomb/zooc-cache/objects/$bomb"
echo "$bomb 100000000 -" >bomb/zooc-cache/index
(cd bomb && tar -c zooc-cache/index "zooc-cache/objects/$bomb") | zstd -q -19 -o bomb.tar.zst
import_fails "an archive that unpacks to far more than it is" bomb.tar.zst "it holds more than 1000 times its size"
rm -r bomb
mv taken/zooc-cache/index kept
for line in 'x 3 -' "$(sum files/big) x -" "$(sum files/big) 3" "$(sum files/big) 3 x" "$(sum files/big) 99999999999999999999 -"; do
    echo "$line" >taken/zooc-cache/index
    (cd taken && tar -cf ../index.tar zooc-cache/index)
    import_fails "an index that says '$line'" index.tar "cannot unpack"
done

# ---- Looking after it ----

fresh
"$zooc" cache add files/big files/small files/empty >add.out
check "files are added by hand" grep -q "^$(sum files/big)  files/big$" add.out
check "and counted" holds "objects: 3 (3.0 MB)"
touch -a -d '2001-01-01' "cache/objects/$(sum files/big | sed 's,^..,&/,')"
"$zooc" cache gc --max_size 1M >gc.out
check "what was used the longest ago goes first" grep -q '^1 removed (3.0 MB)' gc.out
manifest "$(source_of small "$web/file/small")"
: >log && fetch
check "the rest stays" test "$status$(requests)" = 00
chmod u+w "cache/objects/$(sum files/small | sed 's,^..,&/,')"
flip_byte "cache/objects/$(sum files/small | sed 's,^..,&/,')" 2
status=0
"$zooc" cache verify >verify.out 2>&1 || status=$?
check "damage is found" test "$status" = 1
check "and told" grep -q "$(sum files/small)" verify.out
check "and removed" sound

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
