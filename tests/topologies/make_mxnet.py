#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make recipes of the MXNet topologies that no recipe existed for, with numbers by MXNet itself.

    make_mxnet.py list
    make_mxnet.py NAME... OUT_DIR      writes OUT_DIR/NAME: case.json, golden.npz, recipe/ (see import.py)

Needs MXNet (1.3.1 made what is stored) and NumPy. NAME is a network of gluon's model zoo, exported as its users
export it, or one that is written here. Weights and inputs follow from names (compiler/verify/fill.h), so a recipe
is the same each time, and the symbol is all that is stored of a model.
"""
import json
import os
import re
import struct
import sys

import mxnet as mx
import numpy as np
from mxnet.gluon.model_zoo import vision

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from goldens import fill, make_topologies

S = mx.sym
GLUON = {name: (1, 3, 224, 224) for name in (
    "resnet34_v1", "resnet34_v2", "resnet101_v2", "mobilenet0.5", "mobilenet0.75", "mobilenetv2_0.5",
    "mobilenetv2_0.75")}


def rule(name, shape):
    """Offset and scale that keep what a layer gives about as large as what it takes."""
    if name.endswith("gamma"):
        return 0.7, 0.1
    if name.endswith("var"):
        return 1.0, 0.5
    if len(shape) > 1 and name.endswith("weight"):
        return 0.0, float("%.6g" % np.sqrt(6.0 / np.prod(shape[1:])))
    return 0.0, 0.1


# --- gluoncv's SSD ------------------------------------------------------------

def block(x, name, filters, stride):
    x = S.Convolution(x, num_filter=filters, kernel=(3, 3), stride=(stride, stride), pad=(1, 1), no_bias=True,
                      name=name + "_conv")
    x = S.BatchNorm(x, fix_gamma=False, eps=1e-5, use_global_stats=True, name=name + "_bn")
    return S.Activation(x, act_type="relu", name=name + "_relu")


def anchors_of(size, image, sizes, ratios):
    """All anchors of a map, [1, 1, size, size * each * 4]: centre and size in pixels."""
    rows = []
    for i, j in np.ndindex(size, size):
        cy, cx = (i + 0.5) * image / size, (j + 0.5) * image / size
        boxes = [(sizes[0], 1), (sizes[1], 1)] + [(sizes[0], r) for r in ratios]
        for s, r in boxes:
            rows.append([cx, cy, s * np.sqrt(r), s / np.sqrt(r)])
    return np.array(rows, np.float32).reshape(1, 1, size, -1)


def decode(boxes, anchors):
    p = S.split(boxes, axis=-1, num_outputs=4, name="deltas")
    a = S.split(anchors, axis=-1, num_outputs=4, name="centres")
    middle = [S.broadcast_add(S.broadcast_mul(p[k] * 0.1, a[k + 2]), a[k]) for k in range(2)]
    half = [S.broadcast_mul(S.exp(p[k] * 0.2), a[k]) / 2 for k in (2, 3)]
    return S.concat(middle[0] - half[0], middle[1] - half[1], middle[0] + half[0], middle[1] + half[1], dim=-1)


def choose(scores, classes, least):
    scores = S.slice_axis(S.softmax(scores, axis=-1), axis=-1, begin=1, end=None)
    template = S.zeros_like(S.slice_axis(scores, axis=-1, begin=0, end=1))
    ids = S.concat(*[template + i for i in range(classes)], dim=-1)
    mask = scores > least
    return S.where(mask, ids, S.ones_like(ids) * -1), S.where(mask, scores, S.zeros_like(scores))


def ssd_gluoncv():
    """A small backbone, two maps, five classes; the head as gluoncv's SSD exports it."""
    image, classes, each = 64, 5, 4
    x = S.var("data")
    for i, filters in enumerate((16, 32, 64)):
        x = block(x, "stage%d" % i, filters, 2)
    maps = [x, block(x, "extra", 64, 2)]
    scores, boxes, anchors, arrays = [], [], [], {}
    for i, m in enumerate(maps):
        size = image >> (3 + i)
        c = S.Convolution(m, num_filter=each * (classes + 1), kernel=(3, 3), pad=(1, 1), name="class%d" % i)
        b = S.Convolution(m, num_filter=each * 4, kernel=(3, 3), pad=(1, 1), name="box%d" % i)
        scores.append(S.flatten(S.transpose(c, axes=(0, 2, 3, 1))))
        boxes.append(S.flatten(S.transpose(b, axes=(0, 2, 3, 1))))
        name = "anchors%d" % i
        arrays[name] = anchors_of(size * 2, image * 2, (12 << i, 17 << i), (2, 0.5)).reshape(1, 1, size * 2, -1)
        like = S.slice_like(S.var(name, shape=arrays[name].shape), m * 0, axes=(2,))
        like = S.slice_axis(like, axis=3, begin=0, end=size * each * 4)
        anchors.append(S.reshape(like, shape=(1, -1)))
    scores = S.reshape(S.concat(*scores, dim=1), shape=(0, -1, classes + 1))
    boxes = S.reshape(S.concat(*boxes, dim=1), shape=(0, -1, 4))
    boxes = decode(boxes, S.reshape(S.concat(*anchors, dim=1), shape=(1, -1, 4)))
    ids, scores = choose(scores, classes, 0.01)
    results = []
    for i in range(classes):
        part = [S.slice_axis(v, axis=-1, begin=i, end=i + 1) for v in (ids, scores)]
        results.append(S.concat(part[0], part[1], boxes, dim=-1))
    result = S.contrib.box_nms(S.concat(*results, dim=1), overlap_thresh=0.45, topk=400, valid_thresh=0.01,
                               id_index=0, score_index=1, coord_start=2, force_suppress=False)
    return S.slice_axis(result, axis=1, begin=0, end=100, name="detections"), arrays, (1, 3, image, image)


def network(name):
    """The symbol, arrays that are stored as they are, the input's shape."""
    if name == "ssd_gluoncv":
        return ssd_gluoncv()
    net = vision.get_model(name, prefix=re.sub(r"\W", "", name) + "_")
    return net(S.var("data")), {}, GLUON[name]


# --- files --------------------------------------------------------------------

def write_params(arrays, filled):
    """The .params file without the payloads of filled arrays, and where these belong."""
    out, whole, entries = bytearray(struct.pack("<QQQ", 0x112, 0, len(arrays))), 24, []
    for key, a in arrays:
        head = struct.pack("<IiI", 0xF993FAC9, 0, a.ndim) + b"".join(struct.pack("<q", d) for d in a.shape)
        head += struct.pack("<iii", 1, 0, 0)
        out += head
        whole += len(head)
        name = key.split(":")[1]
        if name in filled:
            offset, scale = filled[name]
            entries.append({"name": name, "shape": list(a.shape), "offset": offset, "scale": scale, "at": whole})
        else:
            out += a.tobytes()
        whole += a.nbytes
    out += struct.pack("<Q", len(arrays))
    for key, _ in arrays:
        out += struct.pack("<Q", len(key)) + key.encode()
    return bytes(out), entries


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as f:
        json.dump(value, f, indent=1, sort_keys=True)
        f.write("\n")


def make(name, out):
    symbol, arrays, shape = network(name)
    shapes, _, aux_shapes = symbol.infer_shape(data=shape)
    args = [(n, s) for n, s in zip(symbol.list_arguments(), shapes) if n != "data"]
    auxs = list(zip(symbol.list_auxiliary_states(), aux_shapes))
    filled = {n: rule(n, s) for n, s in args + auxs if n not in arrays}
    for n, s in args + auxs:
        if n in filled:
            arrays[n] = fill(n, s, *filled[n])
    data = fill("input/data", shape, 0.0, 1.0)
    bound = symbol.bind(mx.cpu(), dict({n: mx.nd.array(arrays[n]) for n, _ in args}, data=mx.nd.array(data)),
                        aux_states={n: mx.nd.array(arrays[n]) for n, _ in auxs}, grad_req="null")
    golden = {n: y.asnumpy() for n, y in zip(symbol.list_outputs(), bound.forward(is_train=False))}
    listed = [("arg:" + n, arrays[n]) for n, _ in args] + [("aux:" + n, arrays[n]) for n, _ in auxs]
    params, entries = write_params(listed, filled)
    folder = os.path.join(out, name)
    recipe = os.path.join(folder, "recipe")
    os.makedirs(recipe, exist_ok=True)
    model = name + "-0000.params"
    with open(os.path.join(recipe, model + ".stripped"), "wb") as f:
        f.write(params)
    with open(os.path.join(recipe, name + "-symbol.json"), "w", encoding="utf-8") as f:
        f.write(symbol.tojson())
    write_json(os.path.join(recipe, "weights.json"), {"seed": 0, "tensors": [dict(e, file=model) for e in entries]})
    np.savez(os.path.join(folder, "golden.npz"), **golden)
    write_json(os.path.join(folder, "case.json"), {
        "args": ["--input_shape", str(list(shape)).replace(" ", "")], "framework": "mxnet",
        "files": {"model": model, "symbol": name + "-symbol.json"},
        "inputs": {"data": {"dtype": "float32", "shape": list(shape),
                            "fill": {"name": "input/data", "offset": 0.0, "scale": 1.0}}},
        "name": name, "outputs": {n: {"dtype": "float32", "shape": list(y.shape)} for n, y in golden.items()},
        "seed": 0})
    print("%s: %s" % (name, ", ".join("%s %s, largest %.4g" % (n, y.shape, abs(y).max()) for n, y in golden.items())))


if __name__ == "__main__":
    sys.exit(make_topologies(sorted(GLUON) + ["ssd_gluoncv"], make, __doc__))
