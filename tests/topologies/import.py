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

WHOLE = 8192  # a golden up to this many elements is kept whole
ROWS = 26000  # one of two dimensions up to this many, for its rows may come in another order
SPREAD = 2048  # samples of a larger one, at even distances
LARGEST = 512  # and its elements of the largest size
SKIP = {"plan.json"}  # how the forge made the case


def is_detections(a):
    return a.shape[:-2] == (1, 1) and a.shape[-1] == 7 or a.shape[:-2] == (1,) and a.shape[-1] == 6


def sampled(golden):
    """The golden arrays, the large ones cut to samples: NAME@index, NAME@value, NAME@shape."""
    out = {}
    for name, a in golden.items():
        if a.size <= (ROWS if a.ndim == 2 else WHOLE) or is_detections(a):
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
    out = {"case.json": (json.dumps(spec, indent=1, sort_keys=True) + "\n").encode()}
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
    arrays = os.path.join(case, "input.npz")
    if os.path.exists(arrays):
        out["input.npz"] = as_npz(load(arrays))
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
