#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Zoos in which something is wrong: bad manifests, bad archives, truncated and damaged models. Each must
# give one clear message, exit code 1 and no output, and the other models must be built all the same.
set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=tests/zoo.bash
source tests/zoo.bash

# ---- Manifests ----

# refuses MANIFEST: exit code 1, a message with file and line or a reason, no build folder.
refuses() {
    local status=0
    rm -rf out
    "$ZOOC" build "$1" -o out >build.log 2>&1 || status=$?
    test "$status" = 1 -a ! -e out && grep -q "^\[ ERROR \]  .*$(basename "$1" .yml)" build.log
}
for manifest in "$root"/tests/cases/manifest/bad_*.yml; do
    check "$(basename "$manifest") is refused" refuses "$manifest"
done
check "a missing manifest is refused" refuses no_such_manifest.yml
head -c 300000 /dev/urandom >random.yml
check "random bytes are refused" refuses random.yml

# ---- A zoo with one good model of each kind and many bad ones ----

tiny_net good 1
tar -cJf good.tar.xz -C good .
: >zoo.yml
echo 'models:' >zoo.yml

# model NAME ARCHIVE [MORE...]: adds a model to the manifest; ARCHIVE "-" is none.
model() {
    local name=$1 archive=$2
    shift 2
    printf '  - name: %s\n' "$name"
    if [ "$archive" = - ]; then
        printf '    model: [%s/net.prototxt, %s/net.caffemodel]\n' "$name" "$name"
    else
        printf '    archive: {path: %s}\n    model: [net.prototxt, net.caffemodel]\n' "$archive"
    fi
    [ $# -eq 0 ] || printf '    %s\n' "$@"
} >>zoo.yml

expected=()
# bad NAME CAUSE: the model must fail, and the cause contain this text.
bad() { expected+=("$1|$2"); }

model good-archive good.tar.xz 'data_type: [FP32, FP16]'
tiny_net good-plain 2
model good-plain -

model no-archive nowhere.tar.xz
bad no-archive "cannot open 'nowhere.tar.xz': No such file or directory"
head -c 150 good.tar.xz >cut.tar.xz
model cut-archive cut.tar.xz
bad cut-archive "cannot unpack 'cut.tar.xz'"
cp good.tar.xz flipped.tar.xz
flip_byte flipped.tar.xz 120
model flipped-archive flipped.tar.xz
bad flipped-archive "cannot unpack 'flipped.tar.xz'"
: >empty.zip
model empty-archive empty.zip
bad empty-archive "'empty.zip' is empty"
echo '<html>404 not found</html>' >page.zip
model page-archive page.zip
bad page-archive "cannot unpack 'page.zip'"
mkdir folder.tar
model folder-archive folder.tar
bad folder-archive "cannot open 'folder.tar'"
printf '  - name: wrong-sum\n    archive: {path: good.tar.xz, sha256: %064x}\n    model: net.caffemodel\n' 171 >>zoo.yml
bad wrong-sum "'good.tar.xz' has SHA-256 $(sha256sum good.tar.xz | cut -d' ' -f1), the manifest says"
sum=$(sha256sum good.tar.xz | cut -d' ' -f1)
printf '  - name: not-fetched\n    archive: {url: "https://example.org/m.tar.xz", sha256: %s}\n    model: [net.prototxt, net.caffemodel]\n' "$sum" >>zoo.yml
bad not-fetched "'https://example.org/m.tar.xz' is not in the cache, and nothing may be fetched"
printf '  - name: no-member\n    archive: good.tar.xz\n    model: [net.prototxt, nett.caffemodel]\n' >>zoo.yml
bad no-member "'good.tar.xz' has no member 'nett.caffemodel', did you mean 'net.caffemodel'?"

tar -P --transform 's,^\./net\.p,../net.p,' -czf up.tar.gz -C good ./net.prototxt ./net.caffemodel
model up up.tar.gz
bad up "member '../net.prototxt' leads out of its folder with '..'"
tar -P --transform "s,^,$PWD/absolute/," -czf absolute.tar.gz -C good net.prototxt net.caffemodel
model absolute absolute.tar.gz
bad absolute "has an absolute path"
cp -r good links && ln -s /etc links/zz
tar -cf link.tar -C links net.prototxt net.caffemodel zz
model link-out link.tar
bad link-out "member 'zz' is a link out of the archive"
cp -r good pipes && mkfifo pipes/zz
tar -cf pipe.tar -C pipes net.prototxt net.caffemodel zz
model pipe pipe.tar
bad pipe "member 'zz' is a named pipe"
tar -cf twice.tar -C good net.prototxt net.caffemodel
tar -rf twice.tar -C good net.prototxt
model twice twice.tar
bad twice "member 'net.prototxt' occurs twice"
cp -r good cases && cp good/net.prototxt cases/NET.prototxt
tar -cf case.tar -C cases NET.prototxt net.prototxt net.caffemodel
model case case.tar
bad case "only in case"
cp -r good bomb && truncate -s 200M bomb/zz
tar -cJf bomb.tar.xz -C bomb net.prototxt net.caffemodel zz
model bomb bomb.tar.xz
bad bomb "at member 'zz' the ratio of unpacked to packed size exceeds the limit of 1000"
printf '  - {name: limits, archive: {path: good.tar.xz, limits: {bytes: 300}}, model: [net.prototxt, net.caffemodel]}\n' >>zoo.yml
bad limits "the unpacked size exceeds the limit of 300"

for cut in 1 2 3 20 40 79; do
    tiny_net cut-$cut 3
    head -c "$cut" good/net.caffemodel >cut-$cut/net.caffemodel
    model cut-$cut -
    bad cut-$cut "net.caffemodel"
done
for cut in 100 200 270; do
    tiny_net text-$cut 3
    head -c "$cut" good/net.prototxt >text-$cut/net.prototxt
    model text-$cut -
    bad text-$cut ""
done
tiny_net empty-weights 1
: >empty-weights/net.caffemodel
model empty-weights -
bad empty-weights "net.caffemodel' is empty"
tiny_net pointer 1
printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%064x\nsize 12345\n' 7 >pointer/net.caffemodel
model pointer -
bad pointer "Git LFS pointer"
tiny_net no-weights 1
rm no-weights/net.caffemodel
model no-weights -
bad no-weights "cannot open 'no-weights/net.caffemodel': No such file or directory"
tiny_net unknown-layer 1
sed -i 's/"Softmax"/"Hocuspocus"/' unknown-layer/net.prototxt
model unknown-layer -
bad unknown-layer "Hocuspocus"
# Bits of the wire format, turned one by one: refused or read, but never worse.
flips=()
for offset in $(seq 0 2 28) 62 64 66 68; do
    name=flip-$offset
    tiny_net "$name" 4
    flip_byte "$name/net.caffemodel" "$offset"
    model "$name" -
    flips+=("$name")
done

build() {
    status=0
    "$ZOOC" build zoo.yml -o out >build.log 2>&1 || status=$?
}

# told NAME TEXT: the last lines name the model with this cause.
told() { sed -n '/^failed:/,$p' build.log | grep -F "$1: " | grep -qF -- "$2"; }
no_output() { ! compgen -G "out/$1/*/*" >/dev/null; }
# failed_well NAME TEXT: told, no output, and the log's first line is the cause.
failed_well() {
    told "$1" "$2" && no_output "$1" &&
        head -qn 1 out/.zooc/models/"$1"/*.log | grep -F 'failed: ' | grep -qF -- "$2"
}
# one_message NAME: the log of the conversion has one error, no more.
one_message() { test "$(grep -c '^\[ ERROR \]' "out/.zooc/models/$1/FP32.log")" = 1; }
built() { test -s "out/$1/FP32/$1.xml" -a -s "out/$1/FP32/$1.bin" -a -s "out/$1/FP32/$1.mapping"; }

build
check "the exit code is 1" test "$status" = 1
check "the good models are built" built good-archive
check "and those without an archive" built good-plain
for row in "${expected[@]}"; do
    check "${row%%|*} fails with its cause" failed_well "${row%%|*}" "${row#*|}"
done
for cut in 1 2 3 20 40 79; do check "cut-$cut gives one message" one_message cut-$cut; done
for cut in 100 200 270; do check "text-$cut gives one message" one_message text-$cut; done
for name in empty-weights pointer unknown-layer; do
    check "$name gives one message" one_message $name
done
for name in "${flips[@]}"; do
    check "$name is built or fails without a trace" eval "built $name || failed_well $name ''"
done
check "nothing crashed" test "$(grep -rlE 'ended by signal|AddressSanitizer|runtime error' out/.zooc build.log | wc -l)" = 0
check "nothing was written outside" test ! -e absolute -a ! -e net.prototxt -a ! -e out/.zooc/models/net.prototxt
failures=$(sed -n '/^failed:/,$p' build.log | grep -c '    log: ')
total=$(grep -c -- '- \(name:\|{name:\)' zoo.yml)
check "the last lines count the models" \
    grep -q "^$total models: $((total - failures)) built, 0 from cache, 0 up to date, $failures failed in " build.log
check "zoo.json names the failed ones" test "$(grep -c '"failed": *true' out/zoo.json)" -ge "${#expected[@]}"

build
check "a second build fails the same models" test "$status" = 1
check "and builds nothing again" grep -q "^$total models: 0 built, 0 from cache, $((total - failures)) up to date, $failures failed" build.log

# ---- Repair, and break again ----

cp good.tar.xz nowhere.tar.xz
cp good/net.caffemodel no-weights/net.caffemodel
"$ZOOC" cache add good.tar.xz >/dev/null
build
check "a model whose archive was fetched is built" built not-fetched
check "a model that was repaired is built" built no-archive
check "another too" built no-weights
check "nothing else" grep -q "^$total models: 3 built" build.log
echo broken >nowhere.tar.xz
echo broken >good-plain/net.caffemodel
build
check "a model whose archive broke loses its IR" no_output no-archive
check "a model whose file broke loses its IR" no_output good-plain
check "and both are told" eval "told no-archive 'cannot unpack' && told good-plain net.caffemodel"

# ---- A converter that dies, and one that lies ----

tiny_net a 1 && tiny_net b 2 && tiny_net c 3
cat >three.yml <<'END'
models:
  - {name: a, model: [a/net.prototxt, a/net.caffemodel]}
  - {name: b, model: [b/net.prototxt, b/net.caffemodel]}
  - {name: c, model: [c/net.prototxt, c/net.caffemodel]}
END
cat >stand-in <<END
#!/bin/bash
case "\$*" in
convert*"model_name b"*) kill -SEGV \$\$ ;;
convert*"model_name c"*) exit 0 ;;
esac
exec "$ZOOC" "\$@"
END
chmod +x stand-in
status=0
"$ZOOC" build three.yml -o three --program "$PWD/stand-in" >build.log 2>&1 || status=$?
check "a crash is exit code 1" test "$status" = 1
check "and told" grep -q '^b: convert FP32: zooc convert was ended by signal 11' build.log
check "success without output is no success" grep -q '^c: convert FP32: there is no c.xml' build.log
check "the third is built" test -s three/a/FP32/a.xml

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
