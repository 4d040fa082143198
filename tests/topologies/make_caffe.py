#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make recipes of the Caffe topologies that are written here, with numbers by OpenCV's Caffe reader.

    make_caffe.py list
    make_caffe.py NAME... OUT_DIR      writes OUT_DIR/NAME: case.json, golden.npz, recipe/ (see import.py)

Needs Debian's python3-opencv (4.6) and NumPy. Weights and inputs follow from names (compiler/verify/fill.h), so a
recipe is the same each time, and the prototxt is all that is stored of a model.
"""
import json
import os
import re
import sys
import tempfile

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from goldens import fill, make_topologies


# --- writing a net ------------------------------------------------------------

class Net:
    """Prototxt and blobs, layer by layer; knows channels and sizes of every blob."""

    def __init__(self, **inputs):
        self.text, self.blobs, self.shapes, self.inputs = [], [], {}, inputs
        for name, shape in inputs.items():
            dims = " ".join("dim: %d" % d for d in shape)
            self.text.append('input: "%s" input_shape { %s }' % (name, dims))
            self.shapes[name] = list(shape)

    def layer(self, name, kind, bottoms, tops=None, shape=None, body="", blobs=()):
        tops = tops or [name]
        words = ['bottom: "%s"' % b for b in bottoms] + ['top: "%s"' % t for t in tops]
        self.text.append('layer { name: "%s" type: "%s" %s %s }' % (name, kind, " ".join(words), body))
        for t in tops:
            self.shapes[t] = list(shape) if shape else list(self.shapes[bottoms[0]])
        for i, (dims, offset, scale) in enumerate(blobs):
            self.blobs.append({"layer": name, "name": "%s/%d" % (name, i), "shape": dims, "offset": offset,
                               "scale": scale})
        return tops[0]

    def conv(self, name, x, made, k=3, s=1, p=None, d=1, group=1, bias=True, gain=1.0, top=None):
        kh, kw = k if isinstance(k, tuple) else (k, k)
        ph, pw = p if isinstance(p, tuple) else (p, p) if p is not None else ((kh - 1) * d // 2, (kw - 1) * d // 2)
        n, c, h, w = self.shapes[x]
        out = [n, made, (h + 2 * ph - d * (kh - 1) - 1) // s + 1, (w + 2 * pw - d * (kw - 1) - 1) // s + 1]
        body = "num_output: %d" % made
        body += " kernel_size: %d" % kh if kh == kw else " kernel_h: %d kernel_w: %d" % (kh, kw)
        if ph or pw:
            body += " pad: %d" % ph if ph == pw else " pad_h: %d pad_w: %d" % (ph, pw)
        body += " stride: %d" % s * (s != 1) + " dilation: %d" % d * (d != 1) + " group: %d" % group * (group != 1)
        body += " bias_term: false" * (not bias)
        dims = [made, c // group, kh, kw]
        scale = gain * float(np.sqrt(6.0 / (c // group * kh * kw)))
        blobs = [(dims, 0.0, scale)] + [([made], 0.0, 0.1)] * bias
        return self.layer(name, "Convolution", [x], [top or name], out, "convolution_param { %s }" % body, blobs)

    def relu(self, name, x):
        return self.layer(name, "ReLU", [x], [x])

    def prelu(self, name, x):
        return self.layer(name, "PReLU", [x], [x], blobs=[([self.shapes[x][1]], 0.2, 0.1)])

    def norm(self, name, x):
        c = self.shapes[x][1]
        self.layer(name + "/bn", "BatchNorm", [x], [x], blobs=[([c], 0.0, 0.1), ([c], 1.0, 0.5), ([1], 1.0, 0.0)])
        return self.layer(name + "/scale", "Scale", [x], [x], body="scale_param { bias_term: true }",
                          blobs=[([c], 1.0, 0.2), ([c], 0.0, 0.1)])

    def pool(self, name, x, k=2, s=2, p=0, kind="MAX", whole=False):
        n, c, h, w = self.shapes[x]
        if whole:
            return self.layer(name, "Pooling", [x], shape=[n, c, 1, 1],
                              body="pooling_param { pool: %s global_pooling: true }" % kind)

        def size(d):
            m = -(-(d + 2 * p - k) // s) + 1
            return m - 1 if p and (m - 1) * s >= d + p else m
        body = "pool: %s kernel_size: %d stride: %d" % (kind, k, s) + " pad: %d" % p * (p > 0)
        return self.layer(name, "Pooling", [x], shape=[n, c, size(h), size(w)], body="pooling_param { %s }" % body)

    def fc(self, name, x, made, gain=1.0):
        c = int(np.prod(self.shapes[x][1:]))
        return self.layer(name, "InnerProduct", [x], shape=[self.shapes[x][0], made],
                          body="inner_product_param { num_output: %d }" % made,
                          blobs=[([made, c], 0.0, gain * float(np.sqrt(6.0 / c))), ([made], 0.0, 0.1)])

    def concat(self, name, xs, axis=1):
        shape = list(self.shapes[xs[0]])
        shape[axis] = sum(self.shapes[x][axis] for x in xs)
        return self.layer(name, "Concat", xs, shape=shape, body="concat_param { axis: %d }" % axis)

    def interp(self, name, x, h, w, body):
        n, c = self.shapes[x][:2]
        return self.layer(name, "Interp", [x], shape=[n, c, h, w], body="interp_param { %s }" % body)

    def up(self, name, x, made, k, s, p):
        n, c, h, w = self.shapes[x]
        return self.layer(name, "Deconvolution", [x], shape=[n, made, (h - 1) * s + k - 2 * p, (w - 1) * s + k - 2 * p],
                          body="convolution_param { num_output: %d kernel_size: %d stride: %d pad: %d }" % (made, k, s, p),
                          blobs=[([c, made, k, k], 0.0, float(np.sqrt(6.0 * s * s / (c * k * k)))), ([made], 0.0, 0.1)])


def vgg(net, x, blocks):
    for b, (count, channels) in enumerate(blocks, 1):
        for i in range(1, count + 1):
            x = net.relu("relu%d_%d" % (b, i), net.conv("conv%d_%d" % (b, i), x, channels))
        if b < len(blocks):
            x = net.pool("pool%d" % b, x)
    return x


# --- the topologies -----------------------------------------------------------

def ssd500_vgg16():
    net = Net(data=[1, 3, 500, 500])
    x = vgg(net, "data", [(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)])
    x = net.pool("pool5", x, k=3, s=1, p=1)
    x = net.relu("relu6", net.conv("fc6", x, 1024, d=6))
    x = net.relu("relu7", net.conv("fc7", x, 1024, k=1))
    sources = [("conv4_3_norm", 35, None, 2), (x, 75, 150, 3)]
    net.layer("conv4_3_norm", "Normalize", ["conv4_3"], blobs=[([512], 20.0, 1.0)],
              body="norm_param { across_spatial: false scale_filler { type: \"constant\" value: 20 } channel_shared: false }")
    for i, (small, channels, size) in enumerate([(256, 512, 150), (128, 256, 225), (128, 256, 300), (128, 256, 375)], 6):
        x = net.relu("conv%d_1_relu" % i, net.conv("conv%d_1" % i, x, small, k=1))
        x = net.relu("conv%d_2_relu" % i, net.conv("conv%d_2" % i, x, channels, s=2))
        sources.append((x, size, size + 75, 3))
    sources.append((net.pool("pool6", x, kind="AVE", whole=True), 450, 525, 3))
    detection(net, sources, classes=21, variance="variance: 0.1 variance: 0.1 variance: 0.2 variance: 0.2")
    return net


def detection(net, sources, classes, variance):
    locs, confs, priors = [], [], []
    for x, low, high, ratios in sources:
        boxes = (1 + (high is not None) + 2 * (ratios - 1))
        for what, each, parts in (("loc", 4, locs), ("conf", classes, confs)):
            y = net.conv("%s_mbox_%s" % (x, what), x, boxes * each, gain=0.2)
            n, c, h, w = net.shapes[y]
            y = net.layer(y + "_perm", "Permute", [y], shape=[n, h, w, c],
                          body="permute_param { order: 0 order: 2 order: 3 order: 1 }")
            parts.append(net.layer(y[:-5] + "_flat", "Flatten", [y], shape=[n, c * h * w],
                                   body="flatten_param { axis: 1 }"))
        body = "min_size: %d " % low + ("max_size: %d " % high if high else "")
        body += " ".join("aspect_ratio: %d" % r for r in range(2, ratios + 1))
        h, w = net.shapes[x][2:]
        priors.append(net.layer(x + "_mbox_priorbox", "PriorBox", [x, "data"], shape=[1, 2, boxes * h * w * 4],
                                body="prior_box_param { %s flip: true clip: true %s }" % (body, variance)))
    net.concat("mbox_loc", locs)
    y = net.concat("mbox_conf", confs)
    count = net.shapes[y][1] // classes
    y = net.layer("mbox_conf_reshape", "Reshape", [y], shape=[1, count, classes],
                  body="reshape_param { shape { dim: 0 dim: -1 dim: %d } }" % classes)
    y = net.layer("mbox_conf_softmax", "Softmax", [y], body="softmax_param { axis: 2 }")
    net.layer("mbox_conf_flatten", "Flatten", [y], shape=[1, count * classes], body="flatten_param { axis: 1 }")
    net.concat("mbox_priorbox", priors, axis=2)
    net.layer("detection_out", "DetectionOutput", ["mbox_loc", "mbox_conf_flatten", "mbox_priorbox"],
              body="detection_output_param { num_classes: %d share_location: true background_label_id: 0 "
                   "nms_param { nms_threshold: 0.45 top_k: 400 } code_type: CENTER_SIZE keep_top_k: 200 "
                   "confidence_threshold: 0.01 }" % classes)


def mtcnn_p():
    net = Net(data=[1, 3, 50, 70])
    x = net.prelu("prelu1", net.conv("conv1", "data", 10, p=0))
    x = net.pool("pool1", x)
    x = net.prelu("prelu2", net.conv("conv2", x, 16, p=0))
    x = net.prelu("prelu3", net.conv("conv3", x, 32, p=0))
    net.conv("conv4-2", x, 4, k=1)
    net.layer("prob1", "Softmax", [net.conv("conv4-1", x, 2, k=1)])
    return net


def mtcnn_r():
    net = Net(data=[4, 3, 24, 24])
    x = net.prelu("prelu1", net.conv("conv1", "data", 28, p=0))
    x = net.pool("pool1", x, k=3)
    x = net.prelu("prelu2", net.conv("conv2", x, 48, p=0))
    x = net.pool("pool2", x, k=3)
    x = net.prelu("prelu3", net.conv("conv3", x, 64, k=2, p=0))
    x = net.prelu("prelu4", net.fc("conv4", x, 128))
    net.fc("conv5-2", x, 4)
    net.layer("prob1", "Softmax", [net.fc("conv5-1", x, 2)])
    return net


def mtcnn_o():
    net = Net(data=[2, 3, 48, 48])
    x = "data"
    for i, (c, k, p) in enumerate([(32, 3, 3), (64, 3, 3), (64, 3, 2), (128, 2, 0)], 1):
        x = net.prelu("prelu%d" % i, net.conv("conv%d" % i, x, c, k=k, p=0))
        if p:
            x = net.pool("pool%d" % i, x, k=p)
    x = net.fc("conv5", x, 256)
    net.layer("drop5", "Dropout", [x], [x], body="dropout_param { dropout_ratio: 0.25 }")
    x = net.prelu("prelu5", x)
    net.fc("conv6-2", x, 4)
    net.fc("conv6-3", x, 10)
    net.layer("prob1", "Softmax", [net.fc("conv6-1", x, 2)])
    return net


def openpose():
    net = Net(image=[1, 3, 96, 128])
    x = vgg(net, "image", [(2, 64), (2, 128), (4, 256), (2, 512)])
    x = net.relu("relu4_3", net.conv("conv4_3_CPM", x, 256))
    features = net.relu("relu4_4", net.conv("conv4_4_CPM", x, 128))
    joined = features
    for stage, (count, k, width) in enumerate([(3, 3, 128), (5, 7, 128), (5, 7, 128)], 1):
        ends = []
        for branch, made in (("L1", 38), ("L2", 19)):
            x = joined
            for i in range(1, count + 1):
                name = "conv%d_stage%d_%s" % (i, stage, branch)
                x = net.relu("relu" + name[4:], net.conv("M" + name, x, width, k=k))
            x = net.relu("relu_1x1_%d_%s" % (stage, branch), net.conv("Mconv_1x1_stage%d_%s" % (stage, branch), x, width, k=1))
            ends.append(net.conv("Mconv_last_stage%d_%s" % (stage, branch), x, made, k=1))
        joined = net.concat("concat_stage%d" % (stage + 1), ends + [features] * (stage < 3))
    return net


def residual(net, name, x, made, s=1, d=1):
    y = net.norm(name + "/1", net.conv(name + "/conv1", x, made // 4, k=1, s=s, bias=False))
    y = net.relu(name + "/relu1", y)
    y = net.relu(name + "/relu2", net.norm(name + "/2", net.conv(name + "/conv2", y, made // 4, d=d, bias=False)))
    y = net.norm(name + "/3", net.conv(name + "/conv3", y, made, k=1, bias=False, gain=0.5))
    if net.shapes[x][1] != made or s != 1:
        x = net.norm(name + "/0", net.conv(name + "/proj", x, made, k=1, s=s, bias=False))
    y = net.layer(name, "Eltwise", [x, y], body="eltwise_param { operation: SUM }")
    return net.relu(name + "/relu", y)


def rfcn_resnet():
    net = Net(data=[1, 3, 224, 320], im_info=[1, 3])
    x = net.relu("conv1/relu", net.norm("conv1", net.conv("conv1", "data", 64, k=7, s=2, bias=False)))
    x = net.pool("pool1", x, k=3)
    for i, (made, s, d) in enumerate([(128, 1, 1), (256, 2, 1), (512, 2, 1), (512, 1, 2)], 2):
        x = residual(net, "res%da" % i, x, made, s, d)
        x = residual(net, "res%db" % i, x, made, 1, d)
    rpn = net.relu("rpn_relu", net.conv("rpn_conv", x, 128))
    n, _, h, w = net.shapes[rpn]
    y = net.conv("rpn_cls_score", rpn, 6, k=1, gain=0.2)  # no two scores alike
    net.conv("rpn_bbox_pred", rpn, 12, k=1, gain=0.1)
    y = net.layer("rpn_cls_score_reshape", "Reshape", [y], shape=[n, 2, 3 * h, w],
                  body="reshape_param { shape { dim: 0 dim: 2 dim: -1 dim: 0 } }")
    y = net.layer("rpn_cls_prob", "Softmax", [y])
    y = net.layer("rpn_cls_prob_reshape", "Reshape", [y], shape=[n, 6, h, w],
                  body="reshape_param { shape { dim: 0 dim: 6 dim: -1 dim: 0 } }")
    net.layer("rois", "Proposal", [y, "rpn_bbox_pred", "im_info"], shape=[6, 5],
              body="proposal_param { feat_stride: 16 ratio: 0.5 ratio: 1 ratio: 2 scale: 4 min_size: 16 "
                   "pre_nms_topn: 40 post_nms_topn: 6 nms_thresh: 0.4 }")
    x = net.relu("conv_new/relu", net.conv("conv_new", x, 128, k=1))
    for what, each in (("cls", 5), ("bbox", 8)):
        y = net.conv("rfcn_" + what, x, each * 9, k=1)
        y = net.layer("psroipooled_%s_rois" % what, "PSROIPooling", [y, "rois"], shape=[6, each, 3, 3],
                      body="psroi_pooling_param { spatial_scale: 0.0625 output_dim: %d group_size: 3 }" % each)
        net.pool("ave_%s_rois" % what, y, k=3, s=3, kind="AVE")
    net.layer("cls_prob", "Softmax", ["ave_cls_rois"])
    return net


def icnet():
    net = Net(data=[1, 3, 129, 193])
    half = net.interp("data_sub2", "data", 65, 97, "shrink_factor: 2")
    x = net.relu("conv1_1/relu", net.norm("conv1_1", net.conv("conv1_1", half, 32, s=2, bias=False)))
    x = net.relu("conv1_2/relu", net.norm("conv1_2", net.conv("conv1_2", x, 32, bias=False)))
    x = net.pool("pool1", x, k=3, s=2, p=1)
    x = middle = residual(net, "conv2", x, 128)
    x = net.interp("conv3_sub4", x, (net.shapes[x][2] - 1) // 2 + 1, (net.shapes[x][3] - 1) // 2 + 1, "shrink_factor: 2")
    x = residual(net, "conv4", x, 256, d=2)
    h, w = net.shapes[x][2:]
    levels = []
    for i, k in enumerate((h, 4), 1):
        y = net.pool("pool_%d" % i, x, k=k, s=k, kind="AVE") if i > 1 else net.pool("pool_1", x, kind="AVE", whole=True)
        levels.append(net.interp("pool_%d_interp" % i, y, h, w, "height: %d width: %d" % (h, w)))
    x = net.layer("pyramid", "Eltwise", [x] + levels)
    x = net.interp("conv5_interp", x, 2 * h - 1, 2 * w - 1, "zoom_factor: 2")
    x = net.norm("conv_sub4", net.conv("conv_sub4", x, 128, d=2, bias=False))
    y = net.norm("conv3_proj", net.conv("conv3_proj", middle, 128, k=1, bias=False))
    y = net.interp("conv3_size", y, 2 * h - 1, 2 * w - 1, "height: %d width: %d" % (2 * h - 1, 2 * w - 1))
    x = net.relu("fused/relu", net.layer("fused", "Eltwise", [x, y], body="eltwise_param { operation: SUM coeff: 1 coeff: 0.5 }"))
    x = net.conv("conv6_cls", x, 19, k=1)
    net.interp("conv6_interp", x, 129, 193, "height: 129 width: 193")
    return net


def enet():
    net = Net(data=[1, 3, 128, 96])
    x = net.concat("initial", [net.conv("initial/conv", "data", 13, s=2), net.pool("initial/pool", "data")])
    x = net.prelu("initial/prelu", net.norm("initial", x))
    for i, (made, s, kind) in enumerate([(64, 2, "plain"), (64, 1, "plain"), (128, 2, "plain"), (128, 1, "dilated"),
                                         (128, 1, "asymmetric")]):
        name = "b%d" % i
        y = net.prelu(name + "/prelu1", net.norm(name + "/1", net.conv(name + "/reduce", x, made // 4, k=1, s=s, bias=False)))
        if kind == "asymmetric":
            y = net.conv(name + "/5x1", y, made // 4, k=(5, 1), bias=False)
            y = net.conv(name + "/1x5", y, made // 4, k=(1, 5))
        else:
            y = net.conv(name + "/conv", y, made // 4, d=2 if kind == "dilated" else 1)
        y = net.prelu(name + "/prelu2", net.norm(name + "/2", y))
        y = net.norm(name + "/3", net.conv(name + "/expand", y, made, k=1, bias=False))
        net.layer(name + "/drop", "Dropout", [y], [y], body="dropout_param { dropout_ratio: 0.1 }")
        if s == 2 or net.shapes[x][1] != made:
            x = net.pool(name + "/pool", x) if s == 2 else x
            x = net.norm(name + "/0", net.conv(name + "/proj", x, made, k=1, bias=False))
        x = net.prelu(name + "/prelu", net.layer(name, "Eltwise", [x, y]))
    x = net.prelu("up1/prelu", net.norm("up1", net.up("up1", x, 64, k=4, s=2, p=1)))
    x = net.prelu("up2/prelu", net.norm("up2", net.up("up2", x, 16, k=3, s=2, p=1)))
    x = net.up("up3", x, 12, k=2, s=2, p=0)
    net.layer("prob", "Softmax", [x])
    return net


CASES = {f.__name__: f for f in (ssd500_vgg16, mtcnn_p, mtcnn_r, mtcnn_o, openpose, rfcn_resnet, icnet, enet)}


# --- files --------------------------------------------------------------------

def varint(n):
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    return bytes(out + bytes([n]))


def block(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def caffemodel(net, spec):
    """The file, and where each tensor's numbers begin in it."""
    layers = {}
    for b in spec:
        layers.setdefault(b["layer"], []).append(b)
    out, places = b"", []
    for name, blobs in layers.items():
        body = block(1, name.encode())
        inside = []
        for b in blobs:
            shape = block(7, block(1, b"".join(varint(d) for d in b["shape"])))
            data = fill(b["name"], b["shape"], b["offset"], b["scale"]).tobytes()
            part = shape + block(5, data)
            whole = block(7, part)
            inside.append(len(body) + len(whole) - len(data))
            body += whole
        layer = block(100, body)
        places += [len(out) + len(layer) - len(body) + i for i in inside]
        out += layer
    return out, places


def interpolation(height, width):
    """OpenCV reads no interp_param: a layer of our own for each size, bilinear between the corners."""
    class Interp:
        def __init__(self, params, blobs):
            pass

        def getMemoryShapes(self, shapes):
            return [[shapes[0][0], shapes[0][1], height, width]]

        def forward(self, bottoms):
            x = bottoms[0].astype(np.float64)
            for axis, size in ((2, height), (3, width)):
                exact = np.arange(size) * ((x.shape[axis] - 1) / (size - 1) if size > 1 else 0.0)
                low = np.minimum(exact.astype(int), x.shape[axis] - 1)
                part = (exact - low).reshape([-1 if i == axis else 1 for i in range(4)])
                x = x.take(low, axis) * (1 - part) + x.take(np.minimum(low + 1, x.shape[axis] - 1), axis) * part
            return [x.astype(np.float32)]
    return Interp


def for_opencv(net, text):
    import cv2
    known = set()

    def replace(m):
        height, width = net.shapes[m.group(1)][2:]
        kind = "Interp%dx%d" % (height, width)
        if kind not in known:
            cv2.dnn_registerLayer(kind, interpolation(height, width))
        known.add(kind)
        return 'layer { name: "%s" type: "%s" %s }' % (m.group(1), kind, m.group(2))
    return re.sub(r'layer { name: "(\S+)" type: "Interp" (.*?) interp_param { .*? } }', replace, text)


def forward(net, text, model, inputs):
    import cv2
    text = for_opencv(net, text)
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/net.prototxt", "w") as f:
            f.write(text)
        with open(folder + "/net.caffemodel", "wb") as f:
            f.write(model)
        reader = cv2.dnn.readNetFromCaffe(folder + "/net.prototxt", folder + "/net.caffemodel")
    for name, x in inputs.items():
        reader.setInput(x, name)
    names = reader.getUnconnectedOutLayersNames()
    return dict(zip(names, [np.array(y) for y in reader.forward(names)]))


def write_stripped(path, model, spec, places):
    kept, end = [], 0
    for b, at in zip(spec, places):
        kept.append(model[end:at])
        end = at + 4 * int(np.prod(b["shape"]))
    kept.append(model[end:])
    with open(path, "wb") as f:
        f.write(b"".join(kept))


def make(name, out):
    net = CASES[name]()
    text = "\n".join(net.text) + "\n"
    inputs = {k: fill(k, s) for k, s in net.inputs.items() if k != "im_info"}
    spec = {"name": name, "framework": "caffe", "seed": 0, "files": {"model": name + ".caffemodel", "proto": name + ".prototxt"},
            "args": ["--input_proto", "{dir}/%s.prototxt" % name], "outputs": {}}
    spec["inputs"] = {k: {"dtype": "float32", "shape": list(x.shape), "fill": {"name": k, "offset": 0.0, "scale": 1.0}}
                      for k, x in inputs.items()}
    if "im_info" in net.inputs:
        h, w = net.inputs["data"][2:]
        inputs["im_info"] = np.array([[h, w, 1]], np.float32)
        spec["inputs"]["im_info"] = {"dtype": "float32", "shape": [1, 3]}
    model, places = caffemodel(net, net.blobs)
    golden = forward(net, text, model, inputs)
    for k, y in golden.items():
        assert np.isfinite(y).all() and y.std() > 1e-6 * abs(y).max(), (name, k)
        spec["outputs"][k] = {"dtype": "float32", "shape": list(y.shape)}
        print(name, k, y.shape, "max", abs(y).max(), "std", y.std())
    folder = os.path.join(out, name)
    os.makedirs(folder + "/recipe", exist_ok=True)
    with open(folder + "/case.json", "w") as f:
        json.dump(spec, f, indent=1, sort_keys=True)
    np.savez(folder + "/golden.npz", **golden)
    if "im_info" in inputs:
        np.savez(folder + "/input.npz", im_info=inputs["im_info"])
    with open(folder + "/recipe/%s.prototxt" % name, "w") as f:
        f.write(text)
    write_stripped(folder + "/recipe/%s.caffemodel.stripped" % name, model, net.blobs, places)
    tensors = [{"name": b["name"], "shape": b["shape"], "offset": b["offset"], "scale": b["scale"],
                "file": name + ".caffemodel", "at": at} for b, at in zip(net.blobs, places)]
    with open(folder + "/recipe/weights.json", "w") as f:
        json.dump({"seed": 0, "tensors": tensors}, f, separators=(",", ":"))


if __name__ == "__main__":
    sys.exit(make_topologies(CASES, make, __doc__))
