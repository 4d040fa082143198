#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The numbers of the records here, from each layer's definition in plain loops.

    golden.py [--update] [PART OF A TITLE]     needs NumPy

A record's `--- output NAME TOLERANCE` is computed from its prototxt; without --update what differs is named.
"""
import itertools
import math
import os
import re
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
import goldens


# --- prototxt ---------------------------------------------------------------

TOKEN = re.compile(r'#[^\n]*|"(?:[^"\\]|\\.)*"|[A-Za-z_][\w]*|-?[\d.][\w.+-]*|[{}\[\]<>:,;]')


def parse(text):
    """A message as a dictionary of lists."""
    tokens = [t for t in TOKEN.findall(text) if not t.startswith("#")]
    message, rest = fields(tokens, 0)
    assert rest == len(tokens)
    return message


def fields(tokens, i):
    out = {}
    while i < len(tokens) and tokens[i] not in "}>":
        if tokens[i] in ",;":
            i += 1
            continue
        name = tokens[i]
        i += 1
        if tokens[i] == ":":
            i += 1
        if tokens[i] == "[":
            i += 1
            while tokens[i] != "]":
                item, i = value(tokens, i)
                out.setdefault(name, []).append(item)
                i += tokens[i] == ","
            i += 1
        else:
            item, i = value(tokens, i)
            out.setdefault(name, []).append(item)
    return out, i


def value(tokens, i):
    if tokens[i] in "{<":
        inner, i = fields(tokens, i + 1)
        return inner, i + 1
    t = tokens[i]
    if t[0] == '"':
        return t[1:-1], i + 1
    if re.match(r"-?[\d.]", t):
        return float(t), i + 1
    return {"true": True, "false": False}.get(t, t), i + 1


class Param:
    """The parameter message of a layer, with defaults."""

    def __init__(self, message):
        self.message = message

    def __call__(self, name, default=None):
        return self.message.get(name, [default])[-1]

    def all(self, name):
        return self.message.get(name, [])

    def number(self, name, default=None):
        x = self(name, default)
        return None if x is None else int(x)


def shape_of(message):
    return tuple(int(d) for d in message.get("dim", []))


def blob(message):
    if "shape" in message:
        shape = shape_of(message["shape"][0])
    else:
        shape = tuple(int(message.get(k, [0])[0]) for k in ("num", "channels", "height", "width"))
    if "raw_data" in message:
        raw = message["raw_data"][0].encode().decode("unicode_escape").encode("latin1")
        data = np.frombuffer(raw, np.float16).astype(np.float64)
    else:
        data = np.array(message.get("data", message.get("double_data", [])), np.float64)
    return data.reshape(shape)


# --- windows ----------------------------------------------------------------

def spread(p, name, count, default):
    given = [int(x) for x in p.all(name)]
    if not given:
        return [default] * count
    return given if len(given) == count else given * count


def window(p, count):
    out = {k: spread(p, k, count, d) for k, d in (("kernel_size", 0), ("stride", 1), ("pad", 0), ("dilation", 1))}
    for key, short in (("kernel_size", "kernel"), ("stride", "stride"), ("pad", "pad")):
        if p(short + "_h") is not None or p(short + "_w") is not None:
            out[key] = [p.number(short + "_h", 0), p.number(short + "_w", 0)]
    return out


def convolution(layer, bottoms, p, blobs, depthwise=False):
    out = []
    for x in bottoms:
        count = x.ndim - 2
        w = window(p, count)
        made = p.number("num_output")
        group = x.shape[1] if depthwise else p.number("group", 1)
        filters = blobs[0].reshape([made, x.shape[1] // group] + w["kernel_size"])
        padded = np.pad(x, [(0, 0), (0, 0)] + [(q, q) for q in w["pad"]])
        size = [(padded.shape[i + 2] - w["dilation"][i] * (w["kernel_size"][i] - 1) - 1) // w["stride"][i] + 1
                for i in range(count)]
        y = np.zeros([x.shape[0], made] + size)
        for o in range(made):
            first = o // (made // group) * (x.shape[1] // group)
            for at in np.ndindex(*size):
                for k in np.ndindex(*w["kernel_size"]):
                    place = tuple(at[i] * w["stride"][i] + k[i] * w["dilation"][i] for i in range(count))
                    part = padded[(slice(None), slice(first, first + x.shape[1] // group)) + place]
                    y[(slice(None), o) + at] += part @ filters[(o, slice(None)) + k]
        if p("bias_term", True):
            y += blobs[1].reshape([1, -1] + [1] * count)
        out.append(y)
    return out


def deconvolution(layer, bottoms, p, blobs):
    x = bottoms[0]
    count = x.ndim - 2
    w = window(p, count)
    made, group = p.number("num_output"), p.number("group", 1)
    filters = blobs[0].reshape([x.shape[1], made // group] + w["kernel_size"])
    full = [w["stride"][i] * (x.shape[i + 2] - 1) + w["kernel_size"][i] for i in range(count)]
    y = np.zeros([x.shape[0], made] + full)
    for c in range(x.shape[1]):
        first = c // (x.shape[1] // group) * (made // group)
        for at in np.ndindex(*x.shape[2:]):
            for k in np.ndindex(*w["kernel_size"]):
                place = tuple(at[i] * w["stride"][i] + k[i] for i in range(count))
                for o in range(made // group):
                    y[(slice(None), first + o) + place] += x[(slice(None), c) + at] * filters[(c, o) + k]
    y = y[(slice(None), slice(None)) + tuple(slice(w["pad"][i], full[i] - w["pad"][i]) for i in range(count))]
    if p("bias_term", True):
        y = y + blobs[1].reshape([1, -1] + [1] * count)
    return [y]


def pooling(layer, bottoms, p, blobs):
    x = bottoms[0]
    w = window(p, 2)
    if p("global_pooling", False):
        w = {"kernel_size": list(x.shape[2:]), "stride": [1, 1], "pad": [0, 0]}
    down = p("ceil_mode", True) is False or p("round_mode") == "FLOOR"
    size = []
    for i in range(2):
        room = (x.shape[i + 2] + 2 * w["pad"][i] - w["kernel_size"][i]) / w["stride"][i]
        n = int(math.floor(room) if down else math.ceil(room)) + 1
        if any(w["pad"]) and not down and (n - 1) * w["stride"][i] >= x.shape[i + 2] + w["pad"][i]:
            n -= 1
        size.append(n)
    y = np.zeros(list(x.shape[:2]) + size)
    for at in np.ndindex(*size):
        start = [at[i] * w["stride"][i] - w["pad"][i] for i in range(2)]
        end = [min(start[i] + w["kernel_size"][i], x.shape[i + 2] + w["pad"][i]) for i in range(2)]
        area = (end[0] - start[0]) * (end[1] - start[1])
        part = x[:, :, max(start[0], 0):min(end[0], x.shape[2]), max(start[1], 0):min(end[1], x.shape[3])]
        average = p("pool", "MAX") == "AVE"
        y[(slice(None), slice(None)) + at] = part.sum(axis=(2, 3)) / area if average else part.max(axis=(2, 3))
    return [y]


def inner_product(layer, bottoms, p, blobs):
    x = bottoms[0]
    axis = p.number("axis", 1)
    axis += x.ndim if axis < 0 else 0
    rows = x.reshape(list(x.shape[:axis]) + [-1])
    made = p.number("num_output")
    w = blobs[0].reshape([-1, made]) if p("transpose", False) else blobs[0].reshape([made, -1]).T
    y = rows @ w
    return [y + blobs[1].reshape(-1) if p("bias_term", True) else y]


# --- normalization ----------------------------------------------------------

def by_channel(v, rank):
    return np.asarray(v, np.float64).reshape([1, -1] + [1] * (rank - 2))


def batch_norm(layer, bottoms, p, blobs):
    x = bottoms[0]
    factor = 1.0
    if len(blobs) > 2:
        f = blobs[2].reshape(-1)[0]
        factor = 0 if f == 0 else 1 / f
    mean, variance = by_channel(blobs[0] * factor, x.ndim), by_channel(blobs[1] * factor, x.ndim)
    return [(x - mean) / np.sqrt(variance + p("eps", 1e-5))]


def bn(layer, bottoms, p, blobs):
    x = bottoms[0]
    b = [by_channel(v, x.ndim) for v in blobs]
    if len(b) == 2:
        return [x * b[0] + b[1]]
    return [(x - b[2]) / np.sqrt(b[3] + p("eps", 1e-5)) * b[0] + b[1]]


def stand(v, axis, rank):
    return v.reshape([1] * axis + list(v.shape) + [1] * (rank - axis - v.ndim))


def scale(layer, bottoms, p, blobs):
    x = bottoms[0]
    axis = p.number("axis", 1)
    axis += x.ndim if axis < 0 else 0
    filled = not blobs
    if len(bottoms) > 1:
        factor, bias = bottoms[1], blobs[0] if blobs else None
    elif filled:
        value = Param(p("filler") or {})("value", 0.0 if p("filler") else 1.0)
        shift = Param(p("bias_filler") or {})("value", 0.0)
        factor, bias = np.full([x.shape[axis]], value), np.full([x.shape[axis]], shift)
    else:
        factor, bias = blobs[0], blobs[1] if len(blobs) > 1 else None
    y = x * stand(factor, axis, x.ndim)
    return [y + stand(bias, axis, x.ndim) if p("bias_term", False) else y]


def bias(layer, bottoms, p, blobs):
    x = bottoms[0]
    axis = p.number("axis", 1)
    if len(bottoms) > 1:
        shift = bottoms[1]
    elif blobs:
        shift = blobs[0]
    else:
        shift = np.full([x.shape[axis]], Param(p("filler") or {})("value", 0.0))
    return [x + stand(shift, axis, x.ndim)]


def lrn(layer, bottoms, p, blobs):
    x = bottoms[0]
    size, alpha, beta, k = p.number("local_size", 5), p("alpha", 1.0), p("beta", 0.75), p("k", 1.0)
    half = (size - 1) // 2
    square = x * x
    y = np.zeros_like(x)
    for c, h, w in np.ndindex(*x.shape[1:]):
        if p("norm_region", "ACROSS_CHANNELS") == "ACROSS_CHANNELS":
            total = square[:, max(0, c - half):c + half + 1, h, w].sum(axis=1)
            y[:, c, h, w] = x[:, c, h, w] / (k + alpha / size * total) ** beta
        else:
            part = square[:, c, max(0, h - half):h + half + 1, max(0, w - half):w + half + 1]
            y[:, c, h, w] = x[:, c, h, w] / (1 + alpha / size ** 2 * part.sum(axis=(1, 2))) ** beta
    return [y]


def mvn(layer, bottoms, p, blobs):
    x = bottoms[0]
    axes = tuple(range(1 if p("across_channels", False) else 2, x.ndim))
    y = x - x.mean(axis=axes, keepdims=True)
    if p("normalize_variance", True):
        y = y / (np.sqrt((y * y).mean(axis=axes, keepdims=True)) + p("eps", 1e-9))
    return [y]


def normalize(layer, bottoms, p, blobs):
    x = bottoms[0]
    axes = (1, 2, 3) if p("across_spatial", True) else (1,)
    norm = np.sqrt((x * x).sum(axis=axes, keepdims=True) + p("eps", 1e-10))
    factor = blobs[0].reshape(1, -1, 1, 1)
    return [x / norm * factor]


def grn(layer, bottoms, p, blobs):
    x = bottoms[0]
    return [x / np.sqrt(p("bias", 1.0) + (x * x).sum(axis=1, keepdims=True))]


# --- activations ------------------------------------------------------------

def prelu(layer, bottoms, p, blobs):
    x = bottoms[0]
    slope = blobs[0].reshape(1, -1, *[1] * (x.ndim - 2))
    return [np.where(x > 0, x, x * slope)]


def logarithm(p):
    return 1.0 if p("base", -1.0) == -1.0 else math.log(p("base"))


def softmax(layer, bottoms, p, blobs):
    axis = p.number("axis", 1)
    e = np.exp(bottoms[0] - bottoms[0].max(axis=axis, keepdims=True))
    return [e / e.sum(axis=axis, keepdims=True)]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def one(f):
    return lambda layer, bottoms, p, blobs: [f(bottoms[0], p)]


# --- movement ---------------------------------------------------------------

def concat(layer, bottoms, p, blobs):
    return [np.concatenate(bottoms, axis=p.number("axis", p.number("concat_dim", 1)))]


def eltwise(layer, bottoms, p, blobs):
    operation = p("operation", "SUM")
    if operation == "PROD":
        return [np.prod(bottoms, axis=0)]
    if operation == "MAX":
        return [np.max(bottoms, axis=0)]
    factors = p.all("coeff") or [1] * len(bottoms)
    return [sum(f * b for f, b in zip(factors, bottoms))]


def axpy(layer, bottoms, p, blobs):
    a, x, y = bottoms
    return [a.reshape(a.shape[0], a.shape[1], 1, 1) * x + y]


def slices(layer, bottoms, p, blobs):
    axis = p.number("axis", p.number("slice_dim", 1))
    points = [int(x) for x in p.all("slice_point")]
    return np.split(bottoms[0], points or len(layer["top"]), axis=axis)


def flatten(layer, bottoms, p, blobs):
    x = bottoms[0]
    first, last = p.number("axis", 1) % x.ndim, p.number("end_axis", -1) % x.ndim
    return [x.reshape(list(x.shape[:first]) + [-1] + list(x.shape[last + 1:]))]


def reshape(layer, bottoms, p, blobs):
    x = bottoms[0]
    axis = p.number("axis", 0)
    axis += x.ndim + 1 if axis < 0 else 0
    count = p.number("num_axes", -1)
    end = x.ndim if count < 0 else axis + count
    dims = list(shape_of(p("shape", {})))
    dims = [x.shape[axis + i] if d == 0 else d for i, d in enumerate(dims)]
    return [x.reshape(list(x.shape[:axis]) + dims + list(x.shape[end:]))]


def permute(layer, bottoms, p, blobs):
    order = [int(x) for x in p.all("order")]
    order += [i for i in range(bottoms[0].ndim) if i not in order]
    return [bottoms[0].transpose(order)]


def tile(layer, bottoms, p, blobs):
    repeats = [1] * bottoms[0].ndim
    repeats[p.number("axis", 1)] = p.number("tiles")
    return [np.tile(bottoms[0], repeats)]


def shuffle(layer, bottoms, p, blobs):
    x = bottoms[0]
    group = p.number("group")
    y = x.reshape([x.shape[0], group, x.shape[1] // group] + list(x.shape[2:]))
    return [y.swapaxes(1, 2).reshape(x.shape)]


def crop(layer, bottoms, p, blobs):
    x = bottoms[0]
    axis = p.number("axis", 2) % x.ndim
    offsets = [int(o) for o in p.all("offset")] or [0]
    sizes = bottoms[1].shape[axis:] if len(bottoms) > 1 else [int(s) for s in p.all("dimsize")]
    index = [slice(None)] * x.ndim
    for i in range(axis, x.ndim):
        start = offsets[0] if len(offsets) == 1 else offsets[i - axis]
        index[i] = slice(start, start + sizes[i - axis])
    return [x[tuple(index)]]


def reduction(layer, bottoms, p, blobs):
    x = bottoms[0]
    axis = p.number("axis", 0) % x.ndim
    rows = x.reshape(list(x.shape[:axis]) + [-1])
    f = {"SUM": lambda r: r.sum(-1), "ASUM": lambda r: np.abs(r).sum(-1), "SUMSQ": lambda r: (r * r).sum(-1),
         "MEAN": lambda r: r.mean(-1)}[p("operation", "SUM")]
    return [f(rows) * p("coeff", 1.0)]


def argmax(layer, bottoms, p, blobs):
    x = bottoms[0]
    k = p.number("top_k", 1)
    if p("axis") is not None:
        axis = p.number("axis")
        order = np.argsort(-x, axis=axis, kind="stable").take(range(k), axis=axis)
        return [np.take_along_axis(x, order, axis) if p("out_max_val", False) else order.astype(np.float64)]
    rows = x.reshape(x.shape[0], -1)
    order = np.argsort(-rows, axis=1, kind="stable")[:, :k]
    parts = [order.astype(np.float64)]
    if p("out_max_val", False):
        parts.append(np.take_along_axis(rows, order, 1))
    return [np.stack(parts, axis=1)]


def embed(layer, bottoms, p, blobs):
    y = blobs[0][bottoms[0].astype(int)]
    return [y + blobs[1] if p("bias_term", True) else y]


def channel_permutation(layer, bottoms, p, blobs):
    x = bottoms[0]
    y = np.zeros([x.shape[0], p.number("num_output")] + list(x.shape[2:]))
    for a in map(Param, p.all("action")):
        y[:, a.number("chan")] = a("fill") if a("fill") is not None else x[:, a.number("copy")]
    return [y]


# --- detection --------------------------------------------------------------

def prior_box(layer, bottoms, p, blobs):
    maps, image = bottoms[0].shape[2:], bottoms[1].shape[2:]
    step = [p("step", p("step_h", image[0] / maps[0])), p("step", p("step_w", image[1] / maps[1]))]
    ratios = [1.0]
    for r in p.all("aspect_ratio"):
        for q in [r, 1 / r] if p("flip", True) else [r]:
            if all(abs(q - known) > 1e-6 for known in ratios):
                ratios.append(q)
    boxes = []
    for y, x in np.ndindex(*maps):
        center = ((x + p("offset", 0.5)) * step[1], (y + p("offset", 0.5)) * step[0])
        sizes = []
        for i, small in enumerate(p.all("min_size")):
            sizes.append((small, small))
            if p.all("max_size"):
                both = math.sqrt(small * p.all("max_size")[i])
                sizes.append((both, both))
            sizes += [(small * math.sqrt(r), small / math.sqrt(r)) for r in ratios if abs(r - 1) > 1e-6]
        boxes += [corners(center, s, image) for s in sizes]
    return [with_variances(boxes, p)]


def prior_box_clustered(layer, bottoms, p, blobs):
    maps, image = bottoms[0].shape[2:], bottoms[1].shape[2:]
    step = [p("step", p("step_h", image[0] / maps[0])), p("step", p("step_w", image[1] / maps[1]))]
    boxes = []
    for y, x in np.ndindex(*maps):
        center = ((x + p("offset", 0.5)) * step[1], (y + p("offset", 0.5)) * step[0])
        boxes += [corners(center, s, image) for s in zip(p.all("width"), p.all("height"))]
    return [with_variances(boxes, p)]


def corners(center, size, image):
    return [(center[0] - size[0] / 2) / image[1], (center[1] - size[1] / 2) / image[0],
            (center[0] + size[0] / 2) / image[1], (center[1] + size[1] / 2) / image[0]]


def with_variances(boxes, p):
    boxes = np.array(boxes)
    if p("clip", False):
        boxes = boxes.clip(0, 1)
    variance = p.all("variance") or [0.1]
    spread_out = np.array(variance if len(variance) == 4 else variance * 4)
    return np.stack([boxes.reshape(-1), np.tile(spread_out, len(boxes))])[None]


def overlap(a, b):
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    both = max(w, 0) * max(h, 0)
    area = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both
    return both / area


def detection_output(layer, bottoms, p, blobs):
    loc, conf, prior = bottoms
    nms = Param(p("nms_param", {}))
    boxes, variance = prior[0, 0].reshape(-1, 4), prior[0, 1].reshape(-1, 4)
    center, size = (boxes[:, 2:] + boxes[:, :2]) / 2, boxes[:, 2:] - boxes[:, :2]
    moved = loc[0].reshape(-1, 4)
    c = variance[:, :2] * moved[:, :2] * size + center
    s = np.exp(variance[:, 2:] * moved[:, 2:]) * size
    decoded = np.concatenate([c - s / 2, c + s / 2], axis=1)
    scores = conf[0].reshape(len(boxes), -1)
    rows = []
    for label in range(1, scores.shape[1]):
        order = [i for i in np.argsort(-scores[:, label], kind="stable") if scores[i, label] > p("confidence_threshold")]
        kept = []
        for i in order[:nms.number("top_k", len(boxes))]:
            if all(overlap(decoded[i], decoded[k]) <= nms("nms_threshold", 0.3) for k in kept):
                kept.append(i)
        rows += [[0, label, scores[i, label]] + list(decoded[i]) for i in kept]
    out = np.zeros([1, 1, len(boxes), 7])
    out[0, 0, :len(rows)] = sorted(rows, key=lambda r: (r[1], -r[2]))
    if len(rows) < len(boxes):
        out[0, 0, len(rows), 0] = -1
    return [out]


def reorg(layer, bottoms, p, blobs):
    """Darknet's order: the channels of a block of places, which lie behind each other."""
    x = bottoms[0]
    stride = p.number("stride", 1)
    n, c, h, w = x.shape
    y = np.zeros([n, c * stride * stride, h // stride, w // stride])
    small = c // (stride * stride)
    flat = x.reshape(n, -1)
    out = y.reshape(n, -1)
    for k, j, i in np.ndindex(c, h, w):
        c2, offset = k % small, k // small
        h2, w2 = j * stride + offset // stride, i * stride + offset % stride
        out[:, (k * h + j) * w + i] = flat[:, ((c2 * h * stride) + h2) * w * stride + w2]
    return [y]


def interp(layer, bottoms, p, blobs):
    x = bottoms[0]
    beg, end = p.number("pad_beg", 0), p.number("pad_end", 0)
    x = x[:, :, -beg:x.shape[2] + end, -beg:x.shape[3] + end]
    if len(bottoms) > 1:
        size = bottoms[1].shape[2:]
    elif p.number("height", 0) and p.number("width", 0):
        size = (p.number("height"), p.number("width"))
    else:
        size = [(d - 1) // p.number("shrink_factor", 1) + 1 for d in x.shape[2:]]
        size = [d + (d - 1) * (p.number("zoom_factor", 1) - 1) for d in size]
    y = np.zeros(list(x.shape[:2]) + list(size))
    step = [(x.shape[i + 2] - 1) / (size[i] - 1) if size[i] > 1 else 0 for i in range(2)]
    for at in np.ndindex(*size):
        for corner in itertools.product((0, 1), repeat=2):
            place, weight = [], 1.0
            for i in range(2):
                exact = at[i] * step[i]
                low = min(int(exact + 1e-9), x.shape[i + 2] - 1)
                place.append(min(low + corner[i], x.shape[i + 2] - 1))
                part = exact - low
                weight *= part if corner[i] else 1 - part
            y[(slice(None), slice(None)) + at] += weight * x[(slice(None), slice(None)) + tuple(place)]
    return [y]


def resample(layer, bottoms, p, blobs):
    x = bottoms[0]
    factor = int(p("factor", 1.0))
    return [x.repeat(factor, axis=2).repeat(factor, axis=3)]


# --- recurrent layers -------------------------------------------------------

def recurrent(layer, bottoms, p, blobs, gates):
    """Step by step: what is remembered is multiplied by the mark, then the gates see data, static data and state."""
    x, marks = bottoms[:2]
    hidden, states = p.number("num_output"), 2 if gates == 4 else 1
    exposed = p("expose_hidden", False)
    still = bottoms[2] if len(bottoms) > 2 + states * exposed else None
    wx, bias = blobs[:2]
    ws, rest = (blobs[2], blobs[3:]) if still is not None else (None, blobs[2:])
    first = bottoms[-states:] if exposed else [np.zeros([1, x.shape[1], hidden])] * states
    state = [s[0] for s in first]
    rows = []
    for t in range(x.shape[0]):
        state = [s * marks[t][:, None] for s in state]
        sums = x[t].reshape(x.shape[1], -1) @ wx.T + bias + state[0] @ rest[0].T
        if still is not None:
            sums = sums + still.reshape(x.shape[1], -1) @ ws.T
        if gates == 4:
            i, f, o, g = np.split(sums, 4, axis=1)
            cell = sigmoid(f) * state[1] + sigmoid(i) * np.tanh(g)
            state = [sigmoid(o) * np.tanh(cell), cell]
            rows.append(state[0])
        else:
            state = [np.tanh(sums)]
            rows.append(np.tanh(state[0] @ rest[1].T + rest[2]))
    return [np.stack(rows)] + ([s[None] for s in state] if exposed else [])


LAYERS = {
    "convolution": ("convolution_param", convolution), "deconvolution": ("convolution_param", deconvolution),
    "depthwiseconvolution": ("convolution_param", lambda *a: convolution(*a, depthwise=True)),
    "convolutiondepthwise": ("convolution_param", lambda *a: convolution(*a, depthwise=True)),
    "pooling": ("pooling_param", pooling), "innerproduct": ("inner_product_param", inner_product),
    "inner_product": ("inner_product_param", inner_product),
    "batchnorm": ("batch_norm_param", batch_norm), "bn": ("bn_param", bn), "scale": ("scale_param", scale),
    "bias": ("bias_param", bias), "lrn": ("lrn_param", lrn), "mvn": ("mvn_param", mvn),
    "normalize": ("norm_param", normalize), "grn": ("grn_param", grn),
    "relu": ("relu_param", one(lambda x, p: np.where(x > 0, x, x * p("negative_slope", 0.0)))),
    "relu6": ("relu6_param", one(lambda x, p: x.clip(0, p("n", 6.0)))),
    "sigmoid": ("sigmoid_param", one(lambda x, p: sigmoid(x))), "tanh": ("tanh_param", one(lambda x, p: np.tanh(x))),
    "elu": ("elu_param", one(lambda x, p: np.where(x > 0, x, p("alpha", 1.0) * (np.exp(x) - 1)))),
    "absval": ("", one(lambda x, p: np.abs(x))), "bnll": ("", one(lambda x, p: np.log(1 + np.exp(x)))),
    "clip": ("clip_param", one(lambda x, p: x.clip(p("min"), p("max")))),
    "swish": ("swish_param", one(lambda x, p: x * sigmoid(p("beta", 1.0) * x))),
    "threshold": ("threshold_param", one(lambda x, p: (x > p("threshold", 0.0)).astype(np.float64))),
    "power": ("power_param", one(lambda x, p: (p("shift", 0.0) + p("scale", 1.0) * x) ** p("power", 1.0))),
    "exp": ("exp_param", one(lambda x, p: np.exp(logarithm(p) * (p("shift", 0.0) + p("scale", 1.0) * x)))),
    "log": ("log_param", one(lambda x, p: np.log(p("shift", 0.0) + p("scale", 1.0) * x) / logarithm(p))),
    "prelu": ("prelu_param", prelu), "softmax": ("softmax_param", softmax),
    "dropout": ("", one(lambda x, p: x)), "split": ("", lambda l, b, p, w: [b[0]] * len(l["top"])),
    "concat": ("concat_param", concat), "eltwise": ("eltwise_param", eltwise), "axpy": ("", axpy),
    "slice": ("slice_param", slices), "flatten": ("flatten_param", flatten), "reshape": ("reshape_param", reshape),
    "permute": ("permute_param", permute), "tile": ("tile_param", tile),
    "shufflechannel": ("shuffle_channel_param", shuffle), "crop": ("crop_param", crop),
    "reduction": ("reduction_param", reduction), "argmax": ("argmax_param", argmax), "embed": ("embed_param", embed),
    "channelpermutation": ("channel_permutation_param", channel_permutation),
    "reverse": ("reverse_param", one(lambda x, p: np.flip(x, p.number("axis", 0)))),
    "parameter": ("", lambda l, b, p, w: [w[0]]),
    "priorbox": ("prior_box_param", prior_box), "priorboxclustered": ("prior_box_param", prior_box_clustered),
    "detectionoutput": ("detection_output_param", detection_output), "reorgyolo": ("reorg_yolo_param", reorg),
    "interp": ("interp_param", interp), "resample": ("resample_param", resample),
    "lstm": ("recurrent_param", lambda *a: recurrent(*a, 4)), "rnn": ("recurrent_param", lambda *a: recurrent(*a, 1)),
}


# --- a net ------------------------------------------------------------------

def run(prototxt):
    net = parse(prototxt)
    values, named = {}, {}
    for name, shape in zip(net.get("input", []), net.get("input_shape", [])):
        values[name] = named[name] = goldens.fill(name, shape_of(shape)).astype(np.float64)
    for layer in net.get("layer", []):
        kind = layer["type"][0].lower()
        if kind not in LAYERS:  # nothing that is asked for depends on it
            continue
        param, function = LAYERS[kind]
        bottoms = [values[b] for b in layer.get("bottom", [])]
        tops = function(layer, bottoms, Param(layer.get(param, [{}])[0]), [blob(b) for b in layer.get("blobs", [])])
        for top, y in zip(layer["top"], tops):
            values[top] = named[top] = y
        if len(tops) == 1:
            named[layer["name"][0]] = tops[0]
    return named


def outputs_of(record, _):
    return run(goldens.section(record, "prototxt"))


if __name__ == "__main__":
    sys.exit(goldens.main(os.path.dirname(os.path.abspath(__file__)), outputs_of))
