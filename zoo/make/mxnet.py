# SPDX-License-Identifier: Apache-2.0
"""A network as MXNet's files: NAME-symbol.json, and NAME-0000.params in its own binary format."""
import json
import struct

import numpy as np

ARRAYS, DENSE = 0x112, 0xF993FAC9  # magic numbers: a list of arrays; a dense array


def pair(n):
    return "(%d, %d)" % (n, n)


def convolution(layer):
    p = layer.params["convolution_param"]
    k = p["kernel_size"]
    return "Convolution", {
        "kernel": pair(k), "num_filter": str(p["num_output"]), "num_group": str(p.get("group", 1)),
        "no_bias": str(not p.get("bias_term", True)), "pad": pair(p.get("pad", 0)), "stride": pair(p.get("stride", 1)),
    }, ["weight", "bias"][: len(layer.blobs)]


def pooling(layer):
    p = layer.params["pooling_param"]
    kind = {"pool_type": p["pool"].lower().replace("ave", "avg")}
    if p.get("global_pooling"):
        kind.update(global_pool="True", kernel="(1, 1)")
    else:
        kind.update(kernel=pair(p["kernel_size"]), stride=pair(p["stride"]), pad=pair(p.get("pad", 0)),
                    pooling_convention="full")
    return "Pooling", kind, []


def dense(layer):
    return "FullyConnected", {"num_hidden": str(layer.params["inner_product_param"]["num_output"])}, ["weight", "bias"]


def leaky(layer):
    return "LeakyReLU", {"act_type": "prelu"}, ["gamma"]


KINDS = {
    "Convolution": convolution, "Pooling": pooling, "InnerProduct": dense, "PReLU": leaky,
    "ReLU": lambda layer: ("Activation", {"act_type": "relu"}, []),
    "Sigmoid": lambda layer: ("Activation", {"act_type": "sigmoid"}, []),
    "Concat": lambda layer: ("Concat", {"dim": "1", "num_args": str(len(layer.bottoms))}, []),
    "Eltwise": lambda layer: ("elemwise_add", {}, []),
    "Flatten": lambda layer: ("Flatten", {}, []),
    "Dropout": lambda layer: ("Dropout", {"p": str(layer.params["dropout_param"]["dropout_ratio"])}, []),
    # The form in which training leaves it, with an input for the labels.
    "Softmax": lambda layer: ("SoftmaxOutput", {}, ["label"]),
}


class Writer:
    def __init__(self, net):
        self.net, self.nodes, self.arrays, self.latest = net, [], {}, {}
        self.latest["data"] = self.node("null", "data", {}, [])

    def node(self, op, name, attrs, inputs):
        node = {"op": op, "name": name, "inputs": [[i, 0, 0] for i in inputs]}
        if attrs:
            node["attrs"] = attrs
        self.nodes.append(node)
        return len(self.nodes) - 1

    def variables(self, name, parts, blobs):
        made = []
        for i, part in enumerate(parts):
            made.append(self.node("null", "%s_%s" % (name, part), {}, []))
            if i < len(blobs):
                kind = "aux" if part.startswith("moving") else "arg"
                self.arrays["%s:%s_%s" % (kind, name, part)] = blobs[i]
        return made

    def norm(self, layer, scale):
        """Caffe's BatchNorm and the Scale behind it are one operator."""
        mean, var, factor = layer.blobs
        blobs = [scale.blobs[0], scale.blobs[1], mean / factor, var / factor]
        attrs = {"eps": "%g" % layer.params["batch_norm_param"]["eps"], "fix_gamma": "False"}
        parts = ["gamma", "beta", "moving_mean", "moving_var"]
        name = layer.name.replace("/", "_")
        return self.node("BatchNorm", name, attrs, [self.latest[layer.bottoms[0]]] + self.variables(name, parts, blobs))

    def write(self):
        rows = iter(self.net.layers)
        for layer in rows:
            if layer.kind == "BatchNorm":
                self.latest[layer.tops[0]] = self.norm(layer, next(rows))
                continue
            op, attrs, parts = KINDS[layer.kind](layer)
            name = layer.name.replace("/", "_")
            inputs = [self.latest[b] for b in layer.bottoms]
            self.latest[layer.tops[0]] = self.node(op, name, attrs, inputs + self.variables(name, parts, layer.blobs))

    def symbol(self):
        null = [i for i, n in enumerate(self.nodes) if n["op"] == "null"]
        graph = {"nodes": self.nodes, "arg_nodes": null, "node_row_ptr": list(range(len(self.nodes) + 1)),
                 "heads": [[len(self.nodes) - 1, 0, 0]], "attrs": {"mxnet_version": ["int", 10301]}}
        return json.dumps(graph, indent=2) + "\n"

    def params(self):
        def array(a):
            head = struct.pack("<IiI%dqiii" % a.ndim, DENSE, 0, a.ndim, *a.shape, 1, 0, 0)
            return head + a.astype("<f4").tobytes()

        out = struct.pack("<QQQ", ARRAYS, 0, len(self.arrays))
        out += b"".join(array(np.asarray(a, np.float32)) for a in self.arrays.values())
        names = [n.encode() for n in self.arrays]
        return out + struct.pack("<Q", len(names)) + b"".join(struct.pack("<Q", len(n)) + n for n in names)


def files(net):
    """{file name: bytes}"""
    writer = Writer(net)
    writer.write()
    return {net.name + "-symbol.json": writer.symbol().encode(), net.name + "-0000.params": writer.params()}
