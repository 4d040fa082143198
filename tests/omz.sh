#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# zooc import omz: the descriptions of tests/cases/omz become manifest.yml, with the messages of
# messages.txt; what it makes of a zoo on a loopback server is fetched and built; the manifest that
# ships is one that zooc takes.
#
#   tests/omz.sh [--update]    --update writes what was found into the case
set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=tests/zoo.bash
source tests/zoo.bash
case=$root/tests/cases/omz

# ---- Descriptions and what becomes of them ----

cp -r "$case" omz
status=0
service='google_drive=https://drive.example.org/get?id='
"$ZOOC" import omz omz -o manifest.yml --service "$service" >messages.txt 2>&1 || status=$?
if [ "${1-}" = --update ]; then cp manifest.yml messages.txt "$case"; fi
check "the manifest is as expected" diff -u "$case/manifest.yml" manifest.yml
check "so are the messages" diff -u "$case/messages.txt" messages.txt
check "a broken description is exit code 1" test "$status" = 1
check "zooc gen takes the manifest" "$ZOOC" gen manifest.yml -o generated
rm -r omz/broken
"$ZOOC" import omz omz/mxnet_parts >/dev/null 2>service.out
check "a service nobody told of is told" grep -q "model 'mxnet_parts' is left out: --service does not tell" service.out
status=0
"$ZOOC" import omz omz --service "$service" >standard.yml 2>/dev/null || status=$?
check "models that are left out are none" test "$status" = 0
check "the manifest may go to standard output" cmp manifest.yml standard.yml
"$ZOOC" import omz omz/caffe_text omz/parts -o some.yml >some.out 2>&1
check "several folders" grep -qx '2 models in some.yml, 0 left out' some.out
"$ZOOC" import omz omz/caffe_text omz/caffe_text -o twice.yml >twice.out 2>&1
check "the same model twice" grep -q 'another model has this name' twice.out
"$ZOOC" import omz omz/with_config -o deep/er/config.yml >/dev/null 2>&1
check "files of the zoo are reached from the manifest" grep -q "config: '../../omz/with_config/rules.json'$" deep/er/config.yml
"$ZOOC" import omz omz/with_config --standalone -o alone.yml >alone.out 2>&1
check "or not wanted" grep -qx '0 models in alone.yml, 1 left out' alone.out
check "a manifest without models is one" "$ZOOC" gen alone.yml -o generated-alone
status=0
"$ZOOC" import omz nowhere -o nowhere.yml >nowhere.out 2>&1 || status=$?
check "a folder that is not there is told" grep -q "cannot open 'nowhere'" nowhere.out

# ---- From descriptions to IR ----

mkdir files
tiny_net net 1
cp net/net.prototxt files
(cd net && tar -czf ../files/net.tar.gz net.caffemodel)
python3 "$root/tests/tools/server.py" files port log 2>/dev/null &
server=$!
trap 'kill $server 2>/dev/null' EXIT
until [ -s port ]; do sleep 0.05; done
sum() { sha384sum "files/$1" | cut -d' ' -f1; }
mkdir -p zoo/tiny
cat >zoo/tiny/model.yml <<END
description: A network of one layer.
task_type: classification
files:
  - name: in/net.prototxt
    size: $(stat -c %s files/net.prototxt)
    checksum: $(sum net.prototxt)
    original_source: http://127.0.0.1:$(cat port)/file/net.prototxt
    source: http://127.0.0.1:$(cat port)/status/404
  - name: net.tar.gz
    size: $(stat -c %s files/net.tar.gz)
    checksum: $(sum net.tar.gz)
    source: http://127.0.0.1:$(cat port)/file/net.tar.gz
postprocessing:
  - \$type: unpack_archive
    format: gztar
    file: net.tar.gz
  - \$type: regex_replace
    file: in/net.prototxt
    pattern: '(dim: 1 )dim: \d'
    replacement: '\g<1>dim: 4'
input_info:
  - name: data
    shape: [1, 4]
    layout: NC
model_optimizer_args:
  - --output=prob
  - --input_model=\$dl_dir/net.caffemodel
  - --input_proto=\$dl_dir/in/net.prototxt
framework: caffe
license: https://example.org/LICENSE
END
check "a zoo is imported" "$ZOOC" import omz zoo -o zoo.yml
status=0
ZOOC_OFFLINE='' "$ZOOC" build zoo.yml -o out --no_verify >build.out 2>&1 || status=$?
check "fetched and built" test "$status" = 0
check "in both precisions" test -s out/tiny/FP32/tiny.xml -a -s out/tiny/FP16/tiny.xml

# ---- The manifest that ships ----

check "manifests/open_model_zoo.yml is taken" "$ZOOC" gen "$root/manifests/open_model_zoo.yml" -o shipped
"$ZOOC" fetch "$root/manifests/open_model_zoo.yml" --offline >shipped.out 2>&1
check "its files are known" grep -qE '^1[0-9]{2} files: 0 fetched \(0 B\), 0 in the cache already, 1[0-9]{2} missing, 0 failed$' shipped.out

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
