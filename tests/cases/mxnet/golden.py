#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The numbers of the records here, from MXNet itself.

    golden.py [--update] [PART OF A TITLE]     needs MXNet (1.3.1 made what is there) and NumPy

A record's `--- output NAME TOLERANCE` is computed from its symbol; without --update what differs is named.
"""
import json
import os
import re
import sys

import mxnet as mx
import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
import goldens


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
                self.arrays[name] = goldens.fill(name, dims) if given is None else given.reshape(dims)
            return
        rest = rest[2:]
        array = re.match(r"\[([\d,]*)\](?: \{(.*)\}| ?([^a]*))?", rest)
        if array:
            shape = self.dims(array.group(1))
            self.node("null", name, [], {})
            if array.group(2) is not None:
                self.arrays[name] = np.array(array.group(2).split(), np.float32).reshape(shape)
            else:
                self.arrays[name] = goldens.fill(name, shape, *map(float, (array.group(3) or "").split()))
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


def outputs_of(record, names):
    given = {n: np.array(v.split(), np.float32)
             for n, v in re.findall(r"\n--- input (\S+)\n(.*?)(?=\n---|\Z)", record, re.S)}
    net = Net(goldens.section(record, "symbol"), given)
    return {name: net.run(name) for name in names}


if __name__ == "__main__":
    sys.exit(goldens.main(os.path.dirname(os.path.abspath(__file__)), outputs_of))
