# SPDX-License-Identifier: Apache-2.0
"""What the makers of goldens share: numbers that follow from a name, and records whose outputs are made anew."""
import glob
import hashlib
import os
import re
import sys

import numpy as np


def fill(name, shape, offset=0.0, scale=1.0, seed=0):
    """The rule of compiler/verify/fill.h."""
    key = int.from_bytes(hashlib.md5(("%d/%s" % (seed, name)).encode()).digest()[:8], "little")
    with np.errstate(over="ignore"):
        z = np.uint64(key) + np.arange(1, int(np.prod(shape)) + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    t = (z >> np.uint64(40)).astype(np.float32) * np.float32(2.0 ** -23) - np.float32(1)
    return (np.float32(offset) + np.float32(scale) * t).reshape(shape)


# --- records (tests/cases/FRAMEWORK/*.txt) -------------------------------------------------------

def section(record, name):
    return re.search(r"\n--- %s\n(.*?)(?=\n--- )" % name, record, re.S).group(1)


def text_of(y):
    flat = ["%.8g" % (v + 0.0) for v in y.reshape(-1).astype(np.float64)]
    return "".join(" ".join(flat[i:i + 12]) + "\n" for i in range(0, len(flat), 12))


def remade(record, compute):
    """The record with the outputs that compute(record, names) gives as a dictionary of arrays."""
    names = re.findall(r"^--- output (\S+)", record, re.M)
    if not names:
        return record
    values = compute(record, names)
    trailing = record[len(record.rstrip("\n")):]
    body = record.rstrip("\n") + "\n"
    return re.sub(r"(--- output (\S+)[^\n]*\n)(?:(?!---)[^\n]*\n)*",
                  lambda m: m.group(1) + text_of(values[m.group(2)]), body).rstrip("\n") + trailing


def remade_file(path, wanted, compute):
    """The text of a file before and after, and how many of its records failed."""
    with open(path, encoding="utf-8") as f:
        before = f.read()
    parts, failed = before.split("\n=== "), 0
    for i, record in enumerate(parts[1:], 1):
        where = "%s: %s" % (os.path.basename(path), record.split("\n", 1)[0])
        if wanted not in where:
            continue
        try:
            parts[i] = remade(record, compute)
        except Exception as error:  # of a framework, in many forms
            print("%s: %s" % (where, str(error).split("\n")[0][:300]))
            failed += 1
        if parts[i] != record:
            print(where)
    return before, "\n=== ".join(parts), failed


def main(folder, compute):
    """[--update] [PART OF A TITLE]: names the records that differ, or writes them."""
    words, update = [w for w in sys.argv[1:] if w != "--update"], "--update" in sys.argv
    bad = 0
    for path in sorted(glob.glob(os.path.join(folder, "*.txt"))):
        before, after, failed = remade_file(path, words[0] if words else "", compute)
        bad += failed + (before != after and not update)
        if update and before != after:
            with open(path, "w", encoding="utf-8") as f:
                f.write(after)
    return int(bad > 0)


# --- topologies (tests/topologies/make_FRAMEWORK.py) -----------------------------------------------

def make_topologies(names, make, use):
    """list, or NAME... OUT_DIR: runs make(name, folder) for each name."""
    wanted = sys.argv[1:-1]
    if sys.argv[1:] == ["list"]:
        print("\n".join(names))
        return 0
    if not wanted or not set(wanted) <= set(names):
        print(use, file=sys.stderr)
        return 2
    for name in wanted:
        make(name, sys.argv[-1])
    return 0
