#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The numbers of the records here, from MXNet itself.

    golden.py [--update] [PART OF A TITLE]     needs MXNet (1.3.1 made what is there) and NumPy

A record's `--- output NAME TOLERANCE` is computed from its symbol; without --update what differs is named.
"""
import glob
import hashlib
import json
import os
import re
import sys

import mxnet as mx
import numpy as np


def fill(name, shape, offset=0.0, scale=1.0):
    """compiler/verify/fill.h"""
    key = int.from_bytes(hashlib.md5(("0/" + name).encode()).digest()[:8], "little")
    out = np.zeros(int(np.prod(shape)), np.float32)
    mask = (1 << 64) - 1
    for i in range(out.size):
        z = key + (i + 1) * 0x9E3779B97F4A7C15 & mask
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & mask
        z = (z ^ z >> 27) * 0x94D049BB133111EB & mask
        z ^= z >> 31
        t = np.float32((z >> 40) * 2.0 ** -23 - 1)
        out[i] = np.float32(offset) + np.float32(scale) * t
    return out.reshape(shape)


class Net:
    """The nodes of a record's symbol, and the arrays behind its variables."""

    def __init__(self, text, given):
        self.nodes, self.index, self.arrays, self.given = [], {}, {}, given
        for line in text.splitlines():
            if line.strip():
                self.add(line)

    def add(self, line):
        name, _, rest = line.partition(" ")
        if not rest.startswith("= "):
            self.node("null", name, [], {})
            shape = re.match(r"\[([\d,]*)\]", rest)
            if shape:
                dims = self.dims(shape.group(1))
                given = self.given.get(name)
                self.arrays[name] = fill(name, dims) if given is None else given.reshape(dims)
            return
        rest = rest[2:]
        array = re.match(r"\[([\d,]*)\](?: \{(.*)\}| ?([^a]*))?", rest)
        if array:
            shape = self.dims(array.group(1))
            self.node("null", name, [], {})
            if array.group(2) is not None:
                self.arrays[name] = np.array(array.group(2).split(), np.float32).reshape(shape)
            else:
                self.arrays[name] = fill(name, shape, *map(float, (array.group(3) or "").split()))
            return
        kind, inputs, attrs = re.match(r"(\w+)\(([^)]*)\)(.*)", rest).groups()
        self.node(kind, name, [self.source(i.strip()) for i in inputs.split(",") if i.strip()],
                  dict(a.split("=", 1) for a in attrs.split()))

    def node(self, kind, name, inputs, attrs):
        self.index[name] = len(self.nodes)
        self.nodes.append({"op": kind, "name": name, "inputs": inputs, "attrs": attrs})

    def source(self, text):
        name, _, output = text.partition(":")
        return [self.index[name], int(output or 0), 0]

    @staticmethod
    def dims(text):
        return tuple(int(d) for d in text.split(",") if d)

    def symbol(self, index):
        """What node `index` needs, and no more: MXNet may not know the rest."""
        kept = {index}
        for i in range(index, -1, -1):
            kept.update(k for k, _, _ in self.nodes[i]["inputs"] if i in kept)
        order = {old: new for new, old in enumerate(sorted(kept))}
        nodes = [dict(self.nodes[i], inputs=[[order[k], o, v] for k, o, v in self.nodes[i]["inputs"]])
                 for i in sorted(kept)]
        return mx.sym.load_json(json.dumps({
            "nodes": nodes, "arg_nodes": [i for i, n in enumerate(nodes) if n["op"] == "null"],
            "heads": [[order[index], 0, 0]], "attrs": {"mxnet_version": ["int", 10301]}}))

    def run(self, name):
        symbol = self.symbol(self.index[name])
        arrays = {k: mx.nd.array(v, dtype=np.float32) for k, v in self.arrays.items()}
        needed = symbol.list_arguments()
        shapes = dict(zip(needed, symbol.infer_shape(**{k: v.shape for k, v in arrays.items() if k in needed})[0]))
        args = {k: arrays[k] if k in arrays else mx.nd.zeros(shapes[k]) for k in needed}  # labels
        aux = {k: arrays[k] for k in symbol.list_auxiliary_states()}
        bound = symbol.bind(mx.cpu(), args, aux_states=aux, grad_req="null")
        return bound.forward(is_train=False)[0].asnumpy()


def text_of(y):
    flat = ["%.8g" % (v + 0.0) for v in y.reshape(-1)]
    return "".join(" ".join(flat[i:i + 12]) + "\n" for i in range(0, len(flat), 12))


def update_record(record, wanted):
    title = record.split("\n", 1)[0]
    if wanted not in title or "\n--- output " not in record:
        return record
    given = {n: np.array(v.split(), np.float32)
             for n, v in re.findall(r"\n--- input (\S+)\n(.*?)(?=\n---|\Z)", record, re.S)}
    net = Net(re.search(r"\n--- symbol\n(.*?)(?=\n--- )", record, re.S).group(1), given)
    trailing = record[len(record.rstrip("\n")):]
    body = record.rstrip("\n") + "\n"
    return re.sub(r"(--- output (\S+)[^\n]*\n)(?:(?!---)[^\n]*\n)*",
                  lambda m: m.group(1) + text_of(net.run(m.group(2))), body).rstrip("\n") + trailing


def main():
    words = [w for w in sys.argv[1:] if w != "--update"]
    here = os.path.dirname(os.path.abspath(__file__))
    differ = 0
    for path in sorted(glob.glob(here + "/*.txt")):
        with open(path, encoding="utf-8") as f:
            before = f.read()
        parts = before.split("\n=== ")
        after = [parts[0]]
        for part in parts[1:]:
            try:
                after.append(update_record(part, words[0] if words else ""))
            except Exception as error:  # of MXNet, in many forms
                print("%s: %s: %s" % (os.path.basename(path), part.split("\n", 1)[0], error))
                after.append(part)
        for old, new in zip(parts, after):
            if old != new:
                differ += 1
                print("%s: %s" % (os.path.basename(path), new.split("\n", 1)[0]))
        if "--update" in sys.argv:
            with open(path, "w", encoding="utf-8") as f:
                f.write("\n=== ".join(after))
    return 0 if "--update" in sys.argv else differ > 0


if __name__ == "__main__":
    sys.exit(main())
