#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make the stored form of test cases out of recipe folders.

    import.py RECIPES/FAMILY/CASE... OUT_DIR      writes OUT_DIR/CASE.tar.xz, the same bytes each time

A recipe folder holds case.json, golden.npz, perhaps input.npz, mo2018.tsv.gz (the network that the
Model Optimizer 2018 R5 wrote) or mo2018.error, and recipe/: the model's files without their weights,
and weights.json. The stored form is described in README.md. Needs NumPy.
"""
import gzip
import io
import json
import lzma
import os
import sys
import tarfile

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from goldens import fill

WHOLE = 8192  # a golden up to this many elements is kept whole
ROWS = 26000  # one of rows up to this many, for they may come in another order
SPREAD = 2048  # samples of a larger one, at even distances
LARGEST = 512  # and its elements of the largest size
SKIP = {"plan.json"}  # how the forge made the case
STATES = ",net_-1/net_-1/while/Exit_3,net_-1/net_-1/while/Exit_4"
# What a later layer reads is no output, though MXNet's symbol lists it as one, unless it is asked for.
MORE_ARGS = {"mxnet/faster_rcnn_vgg16": ["--output", "rois,cls_prob_reshape,bbox_pred_reshape"],
             "mxnet/op_Custom": ["--extensions", "{extensions}"],
             "tfmore/a3c_lstm": ["--output", "net_-1/Softmax,net_-1/Reshape_3" + STATES],
             "tfmore/a3c_lstm_5steps": ["--output", "net_-1/Softmax,net_-1/Reshape_3" + STATES]}


CELLS = [(128, 60), (32, 60), (8, 40), (1, 20)]  # of a picture: size, amplitude


def picture(height, width, seed):
    """Bytes with structure at several sizes (tests/tools/parts/inputs.c makes it, too)."""
    out = np.full((height, width, 3), 127.5, np.float32)
    for cell, amplitude in CELLS:
        shape = (height // cell + 1, width // cell + 1, 3)
        grid = fill("image/%d" % cell, int(np.prod(shape)), 0, amplitude, seed).reshape(shape)
        out += grid.repeat(cell, 0).repeat(cell, 1)[:height, :width]
    return np.clip(out, 0, 255).astype(np.uint8)[None]


def rule_of(name, a, seed):
    """How an input can be made again instead of stored: an entry for case.json, or None."""
    if a.dtype == np.uint8 and a.ndim == 4 and a.shape[0] == 1 and a.shape[3] == 3:
        return {"picture": True} if (picture(a.shape[1], a.shape[2], seed) == a).all() else None
    if a.dtype != np.float32 or a.size < 64:
        return None
    t = fill("input/" + name, a.size, 0, 1, seed)
    spread = (float(a.max()) - float(a.min())) / (float(t.max()) - float(t.min()))
    scale = float("%.5g" % spread)
    offset = float("%.5g" % round(float(a.max()) - scale * float(t.max()), 4))
    same = (fill("input/" + name, a.size, offset, scale, seed).reshape(a.shape) == a).all()
    return {"fill": {"name": "input/" + name, "offset": offset, "scale": scale}} if same else None


def is_detections(a):
    return a.shape[:-2] == (1, 1) and a.shape[-1] == 7 or a.shape[:-2] == (1,) and a.shape[-1] == 6


def has_rows(a):
    return a.ndim == 2 or a.ndim == 3 and a.shape[0] == 1


def sampled(golden):
    """The golden arrays, the large ones cut to samples: NAME@index, NAME@value, NAME@shape."""
    out = {}
    for name, a in golden.items():
        if a.size <= (ROWS if has_rows(a) else WHOLE) or is_detections(a):
            out[name] = a
            continue
        flat = a.reshape(-1)
        even = np.arange(SPREAD, dtype=np.int64) * (a.size - 1) // (SPREAD - 1)
        order = np.argsort(-np.abs(flat.astype(np.float64)), kind="stable")
        index = np.unique(np.concatenate([even, order[:LARGEST]]))
        out[name + "@index"] = index
        out[name + "@value"] = flat[index]
        out[name + "@shape"] = np.array(a.shape, np.int64)
    return out


def as_npz(arrays):
    out = io.BytesIO()
    np.savez(out, **arrays)  # with a fixed date in it
    return out.getvalue()


def load(path):
    with np.load(path) as f:
        return {k: f[k] for k in f.files}


def read(path):
    with open(path, "rb") as f:
        return f.read()


def members(case):
    """{name: bytes} of one case."""
    spec = json.loads(read(os.path.join(case, "case.json")))
    spec.pop("note", None)
    spec["args"] += MORE_ARGS.get("/".join(os.path.abspath(case).split(os.sep)[-2:]), [])
    out = {}
    recipe = os.path.join(case, "recipe")
    for folder, _, files in os.walk(recipe):
        for name in files:
            path = os.path.join(folder, name)
            kept = os.path.relpath(path, recipe)
            if kept in SKIP:
                continue
            if kept.endswith(".pb.gz"):
                out[kept[: -len(".gz")] + ".consts"] = gzip.decompress(read(path))
            else:
                out[kept] = read(path)
    golden = load(os.path.join(case, "golden.npz"))
    out["golden.npz"] = as_npz(sampled(golden))
    error = os.path.join(case, "mo2018.error")
    if os.path.exists(error):
        out["mo2018.error"] = read(error)
    table = os.path.join(case, "mo2018.tsv.gz")
    if os.path.exists(table):
        out["mo2018.tsv"] = gzip.decompress(read(table))
    stored = {}
    path = os.path.join(case, "input.npz")
    for name, a in (load(path) if os.path.exists(path) else {}).items():
        rule = rule_of(name, a, spec["seed"])
        if rule:
            spec["inputs"][name].update(rule)
        else:
            stored[name] = a
    if stored:
        out["input.npz"] = as_npz(stored)
    out["case.json"] = (json.dumps(spec, indent=1, sort_keys=True) + "\n").encode()
    return out


def pack(files):
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.USTAR_FORMAT) as t:
        for name in sorted(files):
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(files[name]), 0o644
            t.addfile(info, io.BytesIO(files[name]))
    return lzma.compress(tar.getvalue(), preset=9 | lzma.PRESET_EXTREME)


def main():
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    out = sys.argv[-1]
    os.makedirs(out, exist_ok=True)
    total = 0
    for case in sys.argv[1:-1]:
        data = pack(members(case.rstrip("/")))
        total += len(data)
        with open(os.path.join(out, os.path.basename(case.rstrip("/")) + ".tar.xz"), "wb") as f:
            f.write(data)
    print("%d cases, %d bytes" % (len(sys.argv) - 2, total))
    return 0


if __name__ == "__main__":
    sys.exit(main())
