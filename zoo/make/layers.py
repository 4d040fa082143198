# SPDX-License-Identifier: Apache-2.0
"""Caffe layers in NumPy, forwards and backwards: what the shipped networks need to be trained.

A layer function takes (params, blobs, inputs, train) and returns (outputs, back), where back takes the
gradients of the outputs and returns (gradients of the inputs, gradients of the blobs). `params` is the
layer's parameter message as nested dictionaries, with Caffe's own field names and defaults.
"""
import numpy as np


def conv_sizes(p):
    k, s, a, d = p["kernel_size"], p.get("stride", 1), p.get("pad", 0), p.get("dilation", 1)
    return k, s, a, d, p.get("group", 1)


def windows(x, k, s, pad, d):
    """[N, C, k, k, OH, OW] of x padded with zeros."""
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    reach = d * (k - 1) + 1
    oh, ow = (x.shape[2] - reach) // s + 1, (x.shape[3] - reach) // s + 1
    out = np.empty(x.shape[:2] + (k, k, oh, ow), x.dtype)
    for i in range(k):
        for j in range(k):
            out[:, :, i, j] = x[:, :, i * d : i * d + s * oh : s, j * d : j * d + s * ow : s]
    return out


def windows_back(g, shape, k, s, pad, d):
    """Adds [N, C, k, k, OH, OW] back into an array of `shape`."""
    n, c, h, w = shape
    x = np.zeros((n, c, h + 2 * pad, w + 2 * pad), g.dtype)
    oh, ow = g.shape[4:]
    for i in range(k):
        for j in range(k):
            x[:, :, i * d : i * d + s * oh : s, j * d : j * d + s * ow : s] += g[:, :, i, j]
    return x[:, :, pad : pad + h, pad : pad + w]


def convolution(params, blobs, inputs, train):
    x, (w, *bias) = inputs[0], blobs
    k, s, pad, d, group = conv_sizes(params["convolution_param"])
    col = windows(x, k, s, pad, d)
    n, oh, ow = x.shape[0], col.shape[4], col.shape[5]
    col = col.reshape(n, group, -1, oh * ow)
    flat = w.reshape(group, w.shape[0] // group, -1)
    y = (flat[None] @ col).reshape(n, w.shape[0], oh, ow)
    if bias:
        y = y + bias[0][:, None, None]

    def back(g):
        g = g[0].reshape(n, group, -1, oh * ow)
        gw = (g @ col.transpose(0, 1, 3, 2)).sum(0).reshape(w.shape)
        gc = flat.transpose(0, 2, 1)[None] @ g
        gx = windows_back(gc.reshape(n, x.shape[1], k, k, oh, ow), x.shape, k, s, pad, d)
        return [gx], [gw] + ([g.reshape(n, w.shape[0], -1).sum((0, 2))] if bias else [])

    return [y], back


def inner_product(params, blobs, inputs, train):
    x, (w, *bias) = inputs[0], blobs
    flat = x.reshape(x.shape[0], -1)
    y = flat @ w.T + (bias[0] if bias else 0)

    def back(g):
        gb = [g[0].sum(0)] if bias else []
        return [(g[0] @ w).reshape(x.shape)], [g[0].T @ flat] + gb

    return [y], back


def pooled_size(size, k, s, pad):
    """Caffe rounds up, and drops a last window that begins in the padding."""
    out = -(-(size + 2 * pad - k) // s) + 1
    return out - 1 if pad and (out - 1) * s >= size + pad else out


def pooling(params, blobs, inputs, train):
    x, p = inputs[0], params["pooling_param"]
    h, w = x.shape[2:]
    k, s, pad = p.get("kernel_size", 1), p.get("stride", 1), p.get("pad", 0)
    if p.get("global_pooling"):
        k, s, pad = h, 1, 0
    oh, ow = pooled_size(h, k, s, pad), pooled_size(w, k, s, pad)
    largest = p.get("pool", "MAX") == "MAX"
    y = np.empty(x.shape[:2] + (oh, ow), x.dtype)
    parts = []
    for i in range(oh):
        for j in range(ow):
            top, left = i * s - pad, j * s - pad
            area = (min(top + k, h + pad) - top) * (min(left + k, w + pad) - left)
            rows, columns = slice(max(top, 0), min(top + k, h)), slice(max(left, 0), min(left + k, w))
            part = x[:, :, rows, columns]
            y[:, :, i, j] = part.max((2, 3)) if largest else part.sum((2, 3)) / area
            parts.append((i, j, rows, columns, area))

    def back(g):
        gx = np.zeros_like(x)
        for i, j, rows, columns, area in parts:
            share = g[0][:, :, i, j][:, :, None, None]
            if largest:
                hit = x[:, :, rows, columns] == y[:, :, i, j][:, :, None, None]
                gx[:, :, rows, columns] += hit * share / hit.sum((2, 3), keepdims=True)
            else:
                gx[:, :, rows, columns] += share / area
        return [gx], []

    return [y], back


def batch_norm(params, blobs, inputs, train):
    x, (mean, var, factor) = inputs[0], blobs
    eps = params.get("batch_norm_param", {}).get("eps", 1e-5)
    axes = (0,) + tuple(range(2, x.ndim))
    shape = (1, -1) + (1,) * (x.ndim - 2)
    if not train:
        m, v = mean / factor, var / factor
        return [(x - m.reshape(shape)) / np.sqrt(v.reshape(shape) + eps)], None
    m, v = x.mean(axes), x.var(axes)
    mean[...] = 0.9 * mean + 0.1 * m * factor
    var[...] = 0.9 * var + 0.1 * v * factor
    sd = np.sqrt(v + eps).reshape(shape)
    y = (x - m.reshape(shape)) / sd

    def back(g):
        g = g[0]
        gx = (g - g.mean(axes).reshape(shape) - y * (g * y).mean(axes).reshape(shape)) / sd
        return [gx], [None] * 3

    return [y], back


def scale(params, blobs, inputs, train):
    """gamma and beta per channel, or a second input of one number per channel of each image."""
    x = inputs[0]
    rest = tuple(range(2, x.ndim))
    if len(inputs) == 2:
        factor = inputs[1].reshape(x.shape[0], x.shape[1], *(1,) * len(rest))
        return [x * factor], lambda g: (
            [g[0] * factor, (g[0] * x).sum(rest).reshape(inputs[1].shape)], [])
    shape = (1, -1) + (1,) * len(rest)
    y = x * blobs[0].reshape(shape) + (blobs[1].reshape(shape) if len(blobs) > 1 else 0)

    def back(g):
        axes = (0,) + rest
        gb = [g[0].sum(axes)] if len(blobs) > 1 else []
        return [g[0] * blobs[0].reshape(shape)], [(g[0] * x).sum(axes)] + gb

    return [y], back


def axpy(params, blobs, inputs, train):
    """a * x + y, a being one number per channel of each image: the end of a squeeze-and-excitation block."""
    a, x, y = inputs
    factor = a.reshape(x.shape[0], x.shape[1], 1, 1)
    return [factor * x + y], lambda g: (
        [(g[0] * x).sum((2, 3)).reshape(a.shape), g[0] * factor, g[0]], [])


def relu(params, blobs, inputs, train):
    x, slope = inputs[0], params.get("relu_param", {}).get("negative_slope", 0)
    return [np.where(x > 0, x, slope * x)], lambda g: ([np.where(x > 0, g[0], slope * g[0])], [])


def prelu(params, blobs, inputs, train):
    x, a = inputs[0], blobs[0].reshape(1, -1, 1, 1)
    return [np.where(x > 0, x, a * x)], lambda g: (
        [np.where(x > 0, g[0], a * g[0])], [np.where(x > 0, 0, g[0] * x).sum((0, 2, 3))])


def sigmoid(params, blobs, inputs, train):
    y = 1 / (1 + np.exp(-inputs[0]))
    return [y], lambda g: ([g[0] * y * (1 - y)], [])


def tanh(params, blobs, inputs, train):
    y = np.tanh(inputs[0])
    return [y], lambda g: ([g[0] * (1 - y * y)], [])


def lrn(params, blobs, inputs, train):
    x, p = inputs[0], params["lrn_param"]
    n, alpha, beta = p.get("local_size", 5), p.get("alpha", 1.0), p.get("beta", 0.75)

    def around(v):
        pad = np.pad(v, ((0, 0), (n // 2, n // 2), (0, 0), (0, 0)))
        return sum(pad[:, i : i + v.shape[1]] for i in range(n))

    base = p.get("k", 1.0) + alpha / n * around(x * x)
    y = x * base**-beta
    return [y], lambda g: (
        [g[0] * base**-beta - 2 * alpha * beta / n * x * around(g[0] * y / base)], [])


def concat(params, blobs, inputs, train):
    cuts = np.cumsum([x.shape[1] for x in inputs])[:-1]
    return [np.concatenate(inputs, 1)], lambda g: (np.split(g[0], cuts, 1), [])


def eltwise(params, blobs, inputs, train):
    return [sum(inputs)], lambda g: ([g[0]] * len(inputs), [])


def dropout(params, blobs, inputs, train):
    if not train:
        return inputs, None
    keep = 1 - params.get("dropout_param", {}).get("dropout_ratio", 0.5)
    mask = (np.random.random(inputs[0].shape) < keep).astype(np.float32) / np.float32(keep)
    return [inputs[0] * mask], lambda g: ([g[0] * mask], [])


def softmax(params, blobs, inputs, train):
    """In training the gradient that comes back is already the loss's, with respect to the input."""
    x = inputs[0]
    e = np.exp(x - x.max(1, keepdims=True))
    return [e / e.sum(1, keepdims=True)], lambda g: ([g[0].reshape(x.shape)], [])


def flatten(params, blobs, inputs, train):
    x = inputs[0]
    return [x.reshape(x.shape[0], -1)], lambda g: ([g[0].reshape(x.shape)], [])


FUNCTIONS = {
    "Convolution": convolution, "InnerProduct": inner_product, "Pooling": pooling, "BatchNorm": batch_norm,
    "Scale": scale, "Axpy": axpy, "ReLU": relu, "PReLU": prelu, "Sigmoid": sigmoid, "TanH": tanh, "LRN": lrn,
    "Concat": concat, "Eltwise": eltwise, "Dropout": dropout, "Softmax": softmax, "Flatten": flatten}
