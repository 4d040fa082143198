#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The conversion cache: what one folder has built, another takes; what is damaged, evicted, forged or
# refused is built instead; and the bytes are always the same. Then the same with a remote cache, which
# is Debian's nginx on a loopback address.
set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=tests/zoo.bash
source tests/zoo.bash
unset ZOOC_CACHE_MODE ZOOC_CACHE_SIZE ZOOC_CACHE_URL
export ZOOC_CACHE=$SCRATCH/cache

# build FOLDER OPTIONS...: "BUILT CACHED SAME FAILED" in $counts.
build() {
    local folder=$1
    shift
    "$ZOOC" build zoo.yml -o "$folder" "$@" >build.log 2>&1
    counts=$(sed -n -e 's/^[0-9]* models: \([0-9]*\) built, \([0-9]*\) from cache, \([0-9]*\) up to date, \([0-9]*\) failed.*/\1 \2 \3 \4/p' \
        -e 's/^nothing to do: \([0-9]*\) .*/0 0 \1 0/p' build.log)
}
# expect NAME COUNTS FOLDER OPTIONS...: builds, and compares with the first build, zoo.json included.
expect() {
    local name=$1 wanted=$2
    shift 2
    build "$@"
    check "$name" test "$counts" = "$wanted" || { echo "  counts: $counts" && tail -n 15 build.log; }
    [[ $wanted == *" 0" ]] || return
    check "$name: the same bytes" diff -r -x .zooc -x build.ninja "$SCRATCH/first" "$1"
}
entries() { find "$ZOOC_CACHE/notes/actions" -type f | sort; }
object_of() { sha256sum "$1" | sed "s,^\(..\)\([0-9a-f]*\).*,$ZOOC_CACHE/objects/\1/\2,"; }
objects() { find "$ZOOC_CACHE/objects" -type f | sort; }

tiny_net red 1
tiny_net green 2
tiny_net blue 3
tar -cf red.tar -C red .
sum=$(sha256sum red.tar | cut -d' ' -f1)
cat >zoo.yml <<END
models:
  - {name: red, archive: {path: red.tar, sha256: $sum}, model: [net.prototxt, net.caffemodel], data_type: [FP32, FP16]}
  - {name: green, model: [green/net.prototxt, green/net.caffemodel], ir_version: [11, 4]}
  - {name: blue, model: [blue/net.prototxt, blue/net.caffemodel]}
END

# ---- Another folder, another manifest ----
build first
check "the first build works" test "$counts" = "3 0 0 0"
mv first linked && cp -r linked first # no links to the cache: nothing below reaches these files
check "what it made is kept" test "$(entries | wc -l)" = 6 # five IRs, one archive
expect "the next folder takes all from the cache" "0 3 0 0" second
check "with the log of the conversion" grep -q 'SUCCESS' second/.zooc/models/blue/FP32.log
expect "and has nothing to do then" "0 0 3 0" second
mkdir -p else/where && cp -r zoo.yml red.tar green blue else/where && cd else/where || exit 1
expect "the same zoo in another place is taken too" "0 3 0 0" out
cd "$SCRATCH" || exit 1
sed -i 's/scale: 3//; s/blue\/net.caffemodel\]/blue\/net.caffemodel], scale: 3/' zoo.yml
build second
check "another option is another question" test "$counts" = "1 0 2 0"
sed -i 's/, scale: 3//' zoo.yml
expect "the old question is answered at once" "0 1 2 0" second
sed "s/$("$ZOOC" version | sed 's/zooc //')/$(printf '%032d' 7)/g" "$ZOOC" >other-compiler && chmod +x other-compiler
"$PWD/other-compiler" build zoo.yml -o third >build.log 2>&1
check "another compiler takes nothing" grep -q '3 built, 0 from cache' build.log
rm -rf third

# ---- Damage ----
flip_as_editor() { chmod u+w "$1" && flip_byte "$1" 40; }
rm -rf second
expect "an output is a link into the cache" "0 3 0 0" second
check "which nobody writes by mistake" test "$(stat -c %a second/red/FP32/red.bin)" = 444
flip_as_editor second/red/FP32/red.bin
expect "edited all the same, it is not taken" "1 2 0 0" third
rm second/red/FP32/red.bin
expect "and is replaced" "0 1 2 0" second
for object in $(objects); do flip_as_editor "$object"; done
rm -rf third
expect "damaged objects are dropped" "3 0 0 0" third
expect "and made anew" "0 3 0 0" fourth
for entry in $(entries); do truncate -s -7 "$entry"; done
rm -rf fourth
expect "damaged entries are dropped" "3 0 0 0" fourth
mapfile -t list < <(entries)
for entry in "${list[@]}"; do [ "$entry" = "${list[0]}" ] || cp "${list[0]}" "$entry"; done
rm -rf fourth
build fourth
check "an entry under another's key answers nothing" test "$(awk '{print $2 <= 1}' <<<"$counts")" = 1
check "and nothing wrong is built" diff -r -x .zooc -x build.ninja first fourth
for file in $(objects; entries); do rm -f "$file" && mkdir -p "$file/some/folder"; done
rm -rf fourth fifth
expect "folders in the places of files are none" "3 0 0 0" fourth
expect "and make room" "0 3 0 0" fifth
rm -rf fifth

# ---- Inputs that are gone ----
mkdir away && mv red.tar blue/net.caffemodel away
touch blue/net.prototxt
expect "without its inputs what stands is up to date" "0 0 3 0" fourth
rm fourth/red/FP16/red.bin fourth/blue/FP32/blue.xml
expect "and what does not comes from the cache" "0 2 1 0" fourth
check "the log says so" grep -q "input 'blue/net.caffemodel' is gone" fourth/.zooc/models/blue/FP32.log
rm -rf fifth
build fifth
check "the sum in the manifest stands for an archive that is gone" test "$counts" = "0 2 0 1"
check "and its IR is right" diff -r first/red fifth/red
check "a file of unknown content is an error" grep -q "^blue: convert FP32: .*cannot open 'blue/net.caffemodel'" build.log
rm -rf fifth
build fifth --cache_mode off
check "so is the archive without a cache" test "$counts" = "1 0 0 2"
mv away/red.tar . && mv away/net.caffemodel blue && rmdir away

# ---- Modes and sizes ----
before=$(objects; entries)
find "$ZOOC_CACHE" -type f -exec stat -c '%n %y' {} + | sort >times.txt
rm -rf fifth sixth
expect "reading takes" "0 3 0 0" fifth --cache_mode read
sed -i 's/blue\/net.caffemodel\]/blue\/net.caffemodel], scale: 5/' zoo.yml
build sixth --cache_mode read
check "what is not there is built" test "$counts" = "1 2 0 0"
check "and not put" test "$(objects; entries)" = "$before"
check "nothing was touched" diff times.txt <(find "$ZOOC_CACHE" -type f -exec stat -c '%n %y' {} + | sort)
sed -i 's/, scale: 5//' zoo.yml
rm -rf sixth
expect "a cache that is off does nothing" "3 0 0 0" sixth --cache_mode off
rm -rf sixth
expect "one that cannot be made neither" "3 0 0 0" sixth --cache_dir /proc/no/cache
for wrong in '--cache_mode all' '--cache_size much' '--cache_url ftp://x'; do
    read -ra words <<<"$wrong"
    "$ZOOC" build zoo.yml -o sixth "${words[@]}" >build.log 2>&1
    check "$wrong is a wrong command line" test $? = 2
done
ZOOC_CACHE_MODE=all "$ZOOC" build zoo.yml -o sixth >build.log 2>&1
check "so is a wrong environment" test $? = 2 -a -n "$(grep ZOOC_CACHE_MODE build.log)"

rm -rf "$ZOOC_CACHE" small
sed -n '/models:/p;/name: blue/p' zoo.yml >one.yml
sed -n '/models:/p;/name: green/p' zoo.yml >two.yml
"$ZOOC" build one.yml -o small >build.log 2>&1
sleep 0.05
"$ZOOC" build two.yml -o small >build.log 2>&1
sleep 0.05
rm -rf small && "$ZOOC" build one.yml -o small >build.log 2>&1 # blue is the last one used
bytes=$(find "$ZOOC_CACHE/objects" "$ZOOC_CACHE/notes" -type f -printf '%s\n' | awk '{n += $1} END {print n}')
sed -i 's/name: blue/name: other/' one.yml
rm -rf small && "$ZOOC" build one.yml -o small --cache_size $((bytes)) >build.log 2>&1
check "a full cache shrinks" test "$(find "$ZOOC_CACHE/objects" "$ZOOC_CACHE/notes" -type f -printf '%s\n' | awk '{n += $1} END {print n}')" -le "$bytes"
rm -rf fifth
build fifth
check "and keeps what was used last" test "$counts" = "2 1 0 0"

# A build whose outputs are many times the limit keeps near it all the time, also when ninja runs alone.
rm -rf "$ZOOC_CACHE" large
large_net() {
    mkdir -p "$1"
    sed 's/dim: 4/dim: 1000/; s/num_output: 2/num_output: 50/' blue/net.prototxt >"$1/net.prototxt"
    python3 - "$1/net.caffemodel" "$2" <<'END'
import struct, sys

number = lambda n: bytes([n]) if n < 128 else bytes([n & 127 | 128]) + number(n >> 7)
field = lambda n, data: number(n << 3 | 2) + number(len(data)) + data
blob = lambda values, *shape: field(7, field(5, values) + field(7, field(1, b"".join(map(number, shape)))))
weights = b"".join(struct.pack("<f", float(sys.argv[2]) + n) for n in range(50000))
layer = field(1, b"fc") + field(2, b"InnerProduct") + blob(weights, 50, 1000) + blob(bytes(200), 50)
open(sys.argv[1], "wb").write(field(100, layer))
END
}
echo 'models:' >large.yml
for n in $(seq 30); do
    large_net "large/$n" "$n"
    echo "  - {name: large-$n, model: [large/$n/net.prototxt, large/$n/net.caffemodel]}" >>large.yml
done
"$ZOOC" cache add blue/net.prototxt red.tar >/dev/null # stand for files that were fetched
"$ZOOC" gen large.yml -o large-out >/dev/null
ZOOC_CACHE_SIZE=1M ninja -C large-out >build.log 2>&1
held=$(find "$ZOOC_CACHE/objects" -type f -printf '%s\n' | awk '{n += $1} END {print n}')
check "six times the limit were put, not much more than it is there" test "$held" -lt 2000000 -a "$held" -gt 200000
sed -i '$s/]}/], scale: 2}/' large.yml
"$ZOOC" build large.yml -o large-out --cache_size 1K >build.log 2>&1
held=$(find "$ZOOC_CACHE/objects" "$ZOOC_CACHE/notes/actions" -type f -printf '%s\n' | awk '{n += $1} END {print n}')
own=$(stat -c %s blue/net.prototxt red.tar | awk '{n += $1} END {print n}')
check "in the end the limit holds" test "$held" -le $((own + 1024))
check "which is none to files that were fetched" test -e "$(object_of red.tar)" -a -e "$(object_of blue/net.prototxt)"
rm -rf large large-out

# ---- What must not be kept ----
cat >writer <<END
#!/bin/sh
# Converts, and changes the model meanwhile.
[ "\$1" = convert ] && printf '# later\n' >>"$SCRATCH/blue/net.prototxt"
exec "$ZOOC" "\$@"
END
chmod +x writer
cp blue/net.prototxt kept.prototxt
rm -rf "$ZOOC_CACHE" small
sed -i 's/name: other/name: blue/' one.yml
"$ZOOC" build one.yml -o small --program "$PWD/writer" >build.log 2>&1
check "what changed while it was read is not kept" test "$(find "$ZOOC_CACHE/notes" -type f 2>/dev/null | wc -l)" = 0
cp kept.prototxt blue/net.prototxt

# ---- Many at once ----
rm -rf "$ZOOC_CACHE"
for n in 1 2 3 4 5 6; do "$ZOOC" build zoo.yml -o at-once-$n >at-once-$n.log 2>&1 & done
wait
for n in 1 2 3 4 5 6; do check "builds at once ($n)" diff -r -x .zooc -x build.ninja first at-once-$n; done
rm -rf at-once-* fifth
expect "have filled one cache" "0 3 0 0" fifth

# ---- A remote cache ----
port=$((20000 + $$ % 20000))
url=http://127.0.0.1:$port/zooc
mkdir -p www/zooc nginx
# serve METHODS [DIRECTIVE]
serve() {
    cat >nginx/nginx.conf <<END
daemon off; master_process off; pid $SCRATCH/nginx/pid; error_log $SCRATCH/nginx/error.log;
events {}
http {
    access_log $SCRATCH/nginx/access.log;
    client_body_temp_path $SCRATCH/nginx/body; proxy_temp_path $SCRATCH/nginx/a;
    fastcgi_temp_path $SCRATCH/nginx/b; uwsgi_temp_path $SCRATCH/nginx/c; scgi_temp_path $SCRATCH/nginx/d;
    server {
        listen 127.0.0.1:$port;
        root $SCRATCH/www;
        location / { dav_methods $1; create_full_put_path on; client_max_body_size 0; ${2-} }
    }
}
END
    nginx -p "$SCRATCH/nginx" -c "$SCRATCH/nginx/nginx.conf" >nginx/log 2>&1 &
    server=$!
    for _ in $(seq 100); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>>nginx/log && return
        sleep 0.05
    done
}
unserve() { kill "$server" && wait "$server" 2>>nginx/log; }
trap 'unserve 2>/dev/null' EXIT
serve PUT
rm -rf "$ZOOC_CACHE" fifth
expect "a remote that is empty" "3 0 0 0" fifth --cache_url "$url/"
named_by_content() { (cd www/zooc/cas && for f in *; do [ "$(sha256sum <"$f")" = "$f  -" ] || exit 1; done); }
check "gets the objects under their SHA-256" named_by_content
check "and the entries" test "$(find www/zooc/ac -type f | wc -l)" = 6
rm -rf "$ZOOC_CACHE" fifth
expect "another machine takes from it" "0 3 0 0" fifth --cache_url "$url"
rm -rf fifth
expect "and has it then without it" "0 3 0 0" fifth
rm -rf fifth "$ZOOC_CACHE"
expect "of which it keeps no more than it may" "0 3 0 0" fifth --cache_url "$url" --cache_size 1K
check "the rest is gone" test "$(find "$ZOOC_CACHE/objects" "$ZOOC_CACHE/notes" -type f -printf '%s\n' | awk '{n += $1} END {print n}')" -le 1024
rm -rf fifth "$ZOOC_CACHE"
expect "all of it is taken again" "0 3 0 0" fifth --cache_url "$url"
rm -rf fifth "$ZOOC_CACHE"
ZOOC_CACHE='' HOME='' XDG_CACHE_HOME='' expect "it needs no cache of its own" "0 3 0 0" fifth --cache_url "$url"
rm -rf fifth
: >nginx/access.log
ZOOC_CACHE_URL=$url expect "reading takes from it" "0 3 0 0" fifth --cache_mode read
check "and sends nothing" test "$(grep -c 'PUT' nginx/access.log)" = 0 -a "$(grep -c 'GET' nginx/access.log)" -gt 0
check "nor fills the cache here" test ! -e "$ZOOC_CACHE/objects"
for object in www/zooc/cas/*; do flip_byte "$object" 40; done
rm -rf fifth
expect "what it gives is hashed" "3 0 0 0" fifth --cache_url "$url"
check "and put right" named_by_content
for entry in www/zooc/ac/*; do truncate -s -9 "$entry"; done
rm -rf fifth "$ZOOC_CACHE"
expect "torn entries are none" "3 0 0 0" fifth --cache_url "$url"
head -c 3000000 /dev/zero >zeros
for entry in www/zooc/ac/*; do cp zeros "$entry"; done
rm -rf fifth "$ZOOC_CACHE"
expect "nor are endless ones" "3 0 0 0" fifth --cache_url "$url"
unserve

complaints() { grep -c '^remote cache: ' build.log; }
rm -rf fifth "$ZOOC_CACHE"
expect "without the remote all is built" "3 0 0 0" fifth --cache_url "$url"
check "and one line tells" test "$(complaints)" = 1
serve off
rm -rf fifth "$ZOOC_CACHE"
for entry in www/zooc/ac/*; do rm "$entry"; done
expect "one that takes nothing" "3 0 0 0" fifth -j 1 --cache_url "$url"
check "is told of once" test "$(complaints)" = 1 -a -n "$(grep 'answers 405; going on without writing' build.log)"
unserve
serve PUT 'return 500;'
rm -rf fifth "$ZOOC_CACHE"
expect "one that is broken" "3 0 0 0" fifth -j 1 --cache_url "$url"
check "reading and writing once each" test "$(complaints)" = 2 -a -n "$(grep 'answers 500; going on without reading' build.log)"
unserve
trap - EXIT

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
