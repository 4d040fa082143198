#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make recipes of small TensorFlow networks that hold classic IR to the Model Optimizer's, with numbers by TensorFlow.

    make_tf.py list
    make_tf.py NAME... OUT_DIR      writes OUT_DIR/NAME: case.json, golden.npz, recipe/ (see import.py)

Needs TensorFlow (1.12 made what is stored) and NumPy. Weights and inputs follow from names (compiler/verify/fill.h), so
a recipe is the same each time. The Model Optimizer's network (mo2018.tsv.gz) is put beside it by hand.
"""
import gzip
import json
import os
import sys

import numpy as np
import tensorflow as tf

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from goldens import fill, make_topologies

IMAGE = (1, 16, 16, 3)
MEAN, SCALE = (103.9, 116.8, 123.7), 58.8


class Net:
    """The graph under construction, and how each of its constants is filled."""

    def __init__(self):
        self.rules = {}

    def const(self, name, *shape, offset=0.0, scale=None):
        if scale is None:
            scale = float("%.6g" % np.sqrt(6.0 / max(1, np.prod(shape[:-1])))) if len(shape) > 1 else 0.1
        self.rules[name] = (list(shape), offset, scale)
        return tf.constant(fill(name, shape, offset, scale), name=name)

    def conv(self, x, name, size, channels, stride=1, padding="SAME"):
        w = self.const(name + "/w", size, size, int(x.shape[3]), channels)
        y = tf.nn.conv2d(x, w, [1, stride, stride, 1], padding, name=name)
        return tf.nn.bias_add(y, self.const(name + "/b", channels), name=name + "/bias")

    def depthwise(self, x, name, stride=1):
        w = self.const(name + "/w", 3, 3, int(x.shape[3]), 1)
        return tf.nn.depthwise_conv2d(x, w, [1, stride, stride, 1], "SAME", name=name)

    def dense(self, x, name, channels):
        y = tf.matmul(x, self.const(name + "/w", int(x.shape[1]), channels), name=name)
        return tf.add(y, self.const(name + "/b", channels), name=name + "/add")


def heads(net, x):
    y = tf.nn.relu(net.conv(x, "conv", 3, 8, 2))
    y = tf.concat([tf.reduce_max(y, [1, 2], name="most"), tf.reduce_mean(y, [1, 2], name="mean")], 1)
    y = net.dense(net.dense(y, "fc1", 6), "fc2", 5)
    return [tf.nn.softmax(y, name="out")]


def shuffled(x, groups, name):
    _, height, width, channels = x.shape.as_list()
    y = tf.reshape(x, [-1, height, width, groups, channels // groups], name=name + "/apart")
    return tf.reshape(tf.transpose(y, [0, 1, 2, 4, 3], name=name + "/swap"), [-1, height, width, channels], name=name)


def shuffle(net, x):
    y = tf.nn.relu(net.conv(x, "conv", 3, 8, 2))
    a = tf.nn.relu(net.conv(net.depthwise(y, "left", 2), "left1", 1, 8))
    b = tf.nn.relu(net.conv(y, "right0", 1, 8))
    b = tf.nn.relu(net.conv(net.depthwise(b, "right", 2), "right1", 1, 8))
    y = shuffled(tf.concat([a, b], 3), 2, "shuffle1")
    a, b = tf.split(y, 2, 3, name="halves")
    b = tf.nn.relu(net.conv(net.depthwise(b, "unit"), "unit1", 1, 8))
    y = shuffled(tf.concat([a, b], 3), 2, "shuffle2")
    y = tf.reduce_mean(tf.nn.relu(net.conv(y, "last", 1, 12)), [1, 2], name="mean")
    return [tf.nn.softmax(net.dense(y, "fc", 5), name="out")]


def slices(net, x):
    w, u, state = net.const("w", 6, 5), net.const("u", 5, 5), None
    for i in range(4):
        y = tf.matmul(x[:, i], w)
        state = tf.tanh(y if state is None else y + tf.matmul(state, u))
    return [tf.identity(net.dense(state, "fc", 3), name="out")]


def segmentation(net, x):
    y = tf.nn.lrn(tf.nn.relu(net.conv(x, "conv", 3, 8, 2)), 2, 2.0, 2e-5, 0.75, name="norm")
    y = tf.nn.softmax(tf.reshape(net.conv(y, "score", 3, 4), [-1, 4], name="rows"), name="softmax")
    y = tf.image.resize_bilinear(tf.reshape(y, [-1, 8, 8, 4], name="image"), [20, 20], name="resize")
    return [tf.identity(net.conv(y, "smooth", 3, 2), name="out")]


def apart(net, x):
    y = tf.nn.relu(net.conv(x, "conv", 3, 8, 2))
    y = net.conv(y, "conv2", 3, 4)
    y = net.dense(tf.reshape(y, [-1, 256], name="flat"), "fc", 5)
    return [tf.nn.softmax(y, name="out")]


def pads(net, x):
    y = tf.nn.relu(net.conv(tf.pad(x, [[0, 0], [3, 3], [3, 3], [0, 0]]), "conv", 7, 8, 2, "VALID"))
    y = tf.nn.max_pool(tf.pad(y, [[0, 0], [1, 1], [1, 1], [0, 0]]), [1, 3, 3, 1], [1, 2, 2, 1], "VALID", name="pool")
    a, b, c = tf.split(y, [2, 3, 3], 3, name="parts")
    d, e = tf.split(tf.concat([c, a, b], 3), 2, 3, name="halves")
    return [tf.identity(net.conv(tf.concat([e, d], 3), "last", 3, 4), name="out")]


def sequence(net, x):
    mean, variance = tf.nn.moments(x, [-1], keep_dims=True)
    y = (x - mean) * tf.rsqrt(variance + 1e-6)
    return [tf.identity(tf.nn.relu(y) + tf.tile(x[:, :1], [1, 7, 1], name="tile"), name="out")]


PREPARED = ["--mean_values", "x[%g,%g,%g]" % MEAN, "--scale", "%g" % SCALE, "--reverse_input_channels"]
NETS = {
    "classic_heads": (heads, IMAGE, PREPARED),
    "classic_shuffle": (shuffle, IMAGE, []),
    "classic_slices": (slices, (1, 4, 6), []),
    "classic_segmentation": (segmentation, IMAGE, ["--reverse_input_channels"]),
    "classic_disable_fusing": (apart, IMAGE, ["--disable_fusing"]),
    "classic_finegrain_fusing": (apart, IMAGE, ["--finegrain_fusing", "conv/bias,fc/add"]),
    "classic_pads": (pads, IMAGE, []),
    "classic_sequence": (sequence, (1, 7, 20), []),
}


def prepared(x, args):
    """What the options say is done to the input."""
    if "--reverse_input_channels" in args:
        x = x[..., ::-1]
    return (x - np.float32(MEAN)) / np.float32(SCALE) if "--scale" in args else x


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as f:
        json.dump(value, f, indent=1, sort_keys=True)
        f.write("\n")


def make(name, out):
    build, shape, args = NETS[name]
    net, scale = Net(), 100.0 if "--scale" in args else 1.0
    data = fill("x", shape, 0.0, scale)
    with tf.Graph().as_default() as graph, tf.Session() as session:
        outputs = build(net, tf.placeholder(tf.float32, (None,) + shape[1:], "x"))
        golden = {y.op.name: session.run(y, {"x:0": prepared(data, args)}) for y in outputs}
        definition = graph.as_graph_def()
    for node in definition.node:
        if node.name in net.rules:
            node.attr["value"].tensor.tensor_content = b""
    recipe = os.path.join(out, name, "recipe")
    os.makedirs(recipe, exist_ok=True)
    with open(os.path.join(recipe, "frozen.pb.gz"), "wb") as f:
        f.write(gzip.compress(definition.SerializeToString(deterministic=True)))
    write_json(os.path.join(recipe, "weights.json"), {"seed": 0, "tensors": [
        {"name": n, "shape": s, "offset": o, "scale": c} for n, (s, o, c) in net.rules.items()]})
    np.savez(os.path.join(out, name, "golden.npz"), **golden)
    write_json(os.path.join(out, name, "case.json"), {
        "args": ["--input_shape", str(list(shape)).replace(" ", "")] + args, "files": {"model": "frozen.pb"},
        "framework": "tf", "name": name, "seed": 0,
        "inputs": {"x": {"dtype": "float32", "shape": list(shape),
                         "fill": {"name": "x", "offset": 0.0, "scale": scale}}},
        "outputs": {n: {"dtype": "float32", "shape": list(y.shape)} for n, y in golden.items()}})
    print("%s: %s" % (name, ", ".join("%s %s, largest %.4g" % (n, y.shape, abs(y).max()) for n, y in golden.items())))


if __name__ == "__main__":
    sys.exit(make_topologies(NETS, make, __doc__))
