#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Train the networks that ship, write them as their framework's files, and pack each into zoo/.

    make.py [NAME...]       all, or some

An archive NAME.* holds the model's files, input.npz (test pictures as bytes), golden.npz (what the
framework computes from them), labels.npy. The entries for manifests/zoo.yml are printed. A network is
run by OpenCV's Caffe reader and, in double precision, by layers.py; both must agree. Training ends with
the same quality on every machine, not with the same bits; the archives of the same files have the same
bytes. Needs requirements.txt and, for packing, build/tests/tools/pack (make tools).
"""
import hashlib
import os
import subprocess
import sys
import tempfile

import cv2
import numpy as np
from sklearn.datasets import load_digits

import caffe
import mxnet
import nets

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BATCH = 30  # of the golden's rows in one run of OpenCV


MODEL = {"caffe": "%s.caffemodel", "mxnet": "%s-0000.params"}


class Case:
    """How a network's files are written, and how it wants its pictures."""

    def __init__(self, build, suffix, epochs, framework="caffe", scale=None, mean=None, reverse=False, moved=True,
                 opencv=True, form="input_layer", **file):
        self.build, self.suffix, self.epochs, self.framework = build, suffix, epochs, framework
        self.scale, self.mean, self.reverse = scale, mean, reverse
        self.moved, self.opencv, self.form, self.file = moved, opencv, form, file


CASES = {
    "digits_lenet": Case(nets.lenet, "tar.gz", 40, scale=[16.0]),
    "digits_resnet": Case(nets.resnet, "tar.xz", 40, scale=[16.0], form="input_shape"),
    "digits_inception": Case(nets.inception, "zip", 80, scale=[16.0], form="input_dim"),
    "digits_mobilenet": Case(nets.mobilenet, "tar.zst", 40, scale=[16.0], mean=[4.9]),
    "digits_senet": Case(nets.senet, "7z", 40, scale=[16.0], opencv=False),
    "digits_mlp": Case(nets.mlp, "tar.bz2", 60, scale=[16.0], moved=False, form="input_dim",
                       v1=True, legacy=True, packed=False),
    "digits_mxnet": Case(nets.gluon, "tar.gz", 60, framework="mxnet", scale=[16.0], opencv=False),
    "digits_color": Case(nets.color, "tar", 50, mean=[60.0, 90.0, 110.0], scale=[50.0, 60.0, 70.0], reverse=True),
}


def digits():
    """Pictures 0..16 as bytes [n, 1, 8, 8], labels; every fifth is for testing."""
    data = load_digits()
    pictures = data.images.astype(np.uint8)[:, None]
    test = np.arange(len(pictures)) % 5 == 4
    return (pictures[~test], data.target[~test]), (pictures[test], data.target[test])


def painted(pictures, seed):
    """Red, green, blue of 0..255: the digit is red, another digit blue, noise green."""
    random = np.random.RandomState(seed)
    other = pictures[random.permutation(len(pictures))]
    noise = random.randint(0, 17, pictures.shape)
    return np.concatenate([pictures * 15, noise * 12, other * 13], 1).astype(np.uint8)


def prepared(case, pictures):
    """What the network itself is fed: channels reversed, mean subtracted, divided."""
    x = pictures[:, ::-1] if case.reverse else pictures
    mean = np.array(case.mean or [0.0], np.float32)[:, None, None]
    return (x.astype(np.float32) - mean) / np.array(case.scale, np.float32)[:, None, None]


def by_opencv(folder, name, x):
    net = cv2.dnn.readNetFromCaffe(os.path.join(folder, name + ".prototxt"), os.path.join(folder, name + ".caffemodel"))
    net.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
    out = []
    for at in range(0, len(x), BATCH):
        net.setInput(np.ascontiguousarray(x[at : at + BATCH]))
        out.append(net.forward().copy())
    return np.concatenate(out)


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)


def golden(case, net, folder, x):
    """The framework's own numbers."""
    y = net.run(x, double=True)[0]
    if not case.opencv:  # OpenCV knows neither Axpy nor this Scale
        return y.astype(np.float32)
    z = by_opencv(folder, net.name, x)
    off = np.abs(z.reshape(y.shape) - y).max() / np.abs(y).max()
    print("  OpenCV and layers.py differ by %.1e" % off)
    if off > 1e-5:
        raise SystemExit("the files do not mean what was trained")
    return z


def entry(case, name, path, accuracy):
    """The model's lines in manifests/zoo.yml."""
    def numbers(values):
        return "[%s]" % ", ".join("%g" % v for v in values)

    with open(path, "rb") as f:
        sha = hashlib.sha256(f.read()).hexdigest()
    lines = ["  - name: %s" % name, "    archive: {path: ../zoo/%s, sha256: %s}" % (os.path.basename(path), sha),
             "    model: %s" % MODEL[case.framework] % name]
    if case.framework == "caffe":
        lines.append("    input_proto: %s.prototxt" % name)
    else:
        lines.append("    input_shape: [1, 1, 8, 8]")
    if case.mean:
        lines.append("    mean_values: %s" % numbers(case.mean))
    if case.scale and len(case.scale) == 1 and not case.mean:
        lines.append("    scale: %g" % case.scale[0])
    elif case.scale:
        lines.append("    scale_values: %s" % numbers(case.scale))
    if case.reverse:
        lines.append("    reverse_input_channels: true")
    lines += ["    golden:", "      inputs: input.npz", "      outputs: golden.npz", "      labels: labels.npy",
              "      accuracy: %.4f" % accuracy]
    return "\n".join(lines)


def make(name, case, seed):
    (x, labels), (test, test_labels) = digits()
    if case.build is nets.color:
        x, test = painted(x, seed), painted(test, seed + 1)
    net = case.build(seed)
    print(name, flush=True)
    net.train(prepared(case, x), labels, case.epochs, case.moved)
    with tempfile.TemporaryDirectory() as folder:
        files = mxnet.files(net) if case.framework == "mxnet" else caffe.files(net, case.form, **case.file)
        for file, data in files.items():
            write(os.path.join(folder, file), data)
        y = golden(case, net, folder, prepared(case, test))
        accuracy = float((y.reshape(len(y), -1).argmax(1) == test_labels).mean())
        np.savez_compressed(os.path.join(folder, "input.npz"), data=test)
        np.savez(os.path.join(folder, "golden.npz"), prob=y)
        np.save(os.path.join(folder, "labels.npy"), test_labels.astype(np.uint8))
        path = os.path.join(ROOT, "zoo", "%s.%s" % (name, case.suffix))
        pack = os.path.join(ROOT, os.environ.get("BUILD", "build"), "tests", "tools", "pack")
        subprocess.run([pack, path, folder], check=True)
    print("  accuracy %.4f, %d bytes" % (accuracy, os.path.getsize(path)), flush=True)
    return entry(case, name, path, accuracy)


def main():
    names = sys.argv[1:] or sorted(CASES)
    entries = [make(name, CASES[name], 1 + sorted(CASES).index(name)) for name in names]
    print("\n" + "\n\n".join(entries))


if __name__ == "__main__":
    main()
