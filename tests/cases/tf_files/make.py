#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make the models of tests/tf_forms.sh: make.py OUT_DIR, with TensorFlow 1.12 and then with 1.15.5

Writes one folder a model, and models.tar.xz of them all. A folder holds several forms of one
network, input.npz, and golden.npz with what TensorFlow computes. Version 1.15 adds what is kept the
way of TensorFlow 2.
"""
import io
import lzma
import os
import shutil
import sys
import tarfile
import uuid

import numpy as np

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.framework import graph_pb2
from tensorflow.core.protobuf import config_pb2, meta_graph_pb2, saved_model_pb2
from tensorflow.python.eager import function as eager_function
from tensorflow.python.framework import function, graph_io
from tensorflow.python.saved_model import builder, signature_constants, signature_def_utils, utils
from tensorflow.python.saved_model import tag_constants

out_dir = sys.argv[1]
uuid.uuid4 = lambda: uuid.UUID(int=0)  # savers name a folder so, and the graph keeps the name
V1, V2 = tf.train.SaverDef.V1, tf.train.SaverDef.V2


def values(name, shape):
    """Small numbers that differ from one another, from the name alone."""
    seed = sum((i + 1) * ord(c) for i, c in enumerate(name)) % 2**31
    return np.random.RandomState(seed).uniform(-1, 1, shape).astype(np.float32)


def folder(*parts):
    path = os.path.join(out_dir, *parts)
    os.makedirs(path, exist_ok=True)
    return path


def fill(session):
    """Every variable takes its own numbers; parts of one are parts of its numbers."""
    for v in tf.global_variables():
        info = v._save_slice_info
        if info is None:
            whole = values(v.op.name, v.shape.as_list())
        else:
            whole = values(info.full_name, info.full_shape)
            cut = tuple(slice(o, o + s) for o, s in zip(info.var_offset, info.var_shape))
            whole = whole[cut]
        if v.dtype.base_dtype != tf.float32:
            whole = (whole * 10).astype(v.dtype.base_dtype.as_numpy_dtype)
        v.load(whole, session)


def goldens(session, path, feeds, fetches):
    np.savez(os.path.join(path, "input.npz"), **feeds)
    got = session.run(["%s:0" % f for f in fetches], {"%s:0" % k: v for k, v in feeds.items()})
    np.savez(os.path.join(path, "golden.npz"), **dict(zip(fetches, got)))


def state(path):
    """What a trainer elsewhere would have written: folders that nobody else has."""
    path = os.path.join(out_dir, path, "checkpoint")
    with open(path) as f:
        text = f.read().replace(os.path.abspath(out_dir), "/home/trainer")
    with open(path, "w") as f:
        f.write(text)


def graph_def():
    return tf.get_default_graph().as_graph_def()


def write(graph, path, name, text=False):
    graph_io.write_graph(graph, path, name, as_text=text)


def freeze(session, path, outputs):
    frozen = tf.graph_util.convert_variables_to_constants(session, graph_def(), outputs)
    write(frozen, path, "frozen.pb")
    write(frozen, path, "frozen.pbtxt", True)


# ---- one network in every form -------------------------------------------------------------------


def net(resource=False, parts=None, device=None):
    tf.reset_default_graph()
    x = tf.placeholder(tf.float32, [None, 8, 8, 3], "input")
    with tf.variable_scope("net", use_resource=resource, partitioner=parts):
        w = tf.get_variable("conv/weights", [3, 3, 3, 8])
        y = tf.nn.conv2d(x, tf.convert_to_tensor(w), [1, 2, 2, 1], "SAME", name="conv/conv")
        y = tf.nn.relu(y + tf.convert_to_tensor(tf.get_variable("conv/biases", [8])))
        y = tf.reshape(y, [-1, 128])
        with tf.device(device):
            m = tf.get_variable("fc/weights", [128, 5])
        y = tf.matmul(y, tf.convert_to_tensor(m))
    return x, tf.identity(y, "output")


def save(session, path, prefix, **options):
    saver = tf.train.Saver(**options)
    folder(path)
    saver.save(session, os.path.join(out_dir, path, prefix), write_meta_graph=False,
               write_state=False)


def inference(path, **options):
    """The graph alone, made before any saver adds nodes to it."""
    write(graph_def(), folder(path), "graph.pb", **options)


def every_form():
    feeds = {"input": values("input", [1, 8, 8, 3])}
    net()
    inference("net")
    write(graph_def(), folder("net"), "graph.pbtxt", True)
    with tf.Session() as s:
        fill(s)
        goldens(s, folder("net"), feeds, ["output"])
        freeze(s, folder("net"), ["output"])
        save(s, "net/v1", "model.ckpt", write_version=V1)
        save(s, "net/v2", "model.ckpt", write_version=V2)
        saver = tf.train.Saver(name="meta")
        saver.save(s, os.path.join(folder("net/meta"), "net.ckpt"), global_step=7)
        saver.export_meta_graph(os.path.join(folder("net/meta"), "net_text.ckpt-7.meta"),
                                as_text=True)
        for part in os.listdir(folder("net/meta")):
            if part.startswith("net.ckpt-7.") and not part.endswith(".meta"):
                shutil.copy(os.path.join(folder("net/meta"), part),
                            os.path.join(folder("net/meta"), part.replace("net.", "net_text.")))
        state("net/meta")
    net(device="/cpu:1")
    with tf.Session(config=tf.ConfigProto(device_count={"CPU": 2})) as s:
        fill(s)
        save(s, "net/sharded", "v1", write_version=V1, sharded=True)
        save(s, "net/sharded", "v2", write_version=V2, sharded=True)
        for v in tf.global_variables():  # a checkpoint for each, as lm_1b comes
            save(s, "net/several", "ckpt-" + v.op.name.replace("/", "-"), var_list=[v],
                 write_version=V1)
        save(s, "net/several", "ckpt-twice", var_list=tf.global_variables()[:2], write_version=V1)
    net()  # a trainer's graph: optimizer, slots, a step, a saver with names of its own
    with tf.Session() as s:
        step = tf.train.get_or_create_global_step()
        loss = tf.reduce_mean(tf.square(tf.get_default_graph().get_tensor_by_name("output:0")))
        tf.train.AdamOptimizer(0.1).minimize(loss, step)
        s.run(tf.global_variables_initializer())
        for v in tf.trainable_variables():
            v.load(values(v.op.name, v.shape.as_list()), s)
        names = {v.op.name.replace("net/", "other/"): v for v in tf.global_variables()}
        saver = tf.train.Saver(names)
        saver.save(s, os.path.join(folder("net/trained"), "model"), write_state=False)
    net()  # to be evaluated: one saver for what is trained, one for its averages
    average = "/ExponentialMovingAverage"
    with tf.Session() as s:
        tf.train.Saver(name="trained")
        averages = tf.train.Saver({v.op.name + average: v for v in tf.global_variables()},
                                  name="averages")
        averages.export_meta_graph(os.path.join(folder("net/averages"), "model.meta"))
    net()
    with tf.Session() as s:
        tf.train.ExponentialMovingAverage(0.5).apply(tf.trainable_variables())
        s.run(tf.global_variables_initializer())
        for v in tf.global_variables():
            name, end, _ = v.op.name.partition(average)
            v.load(values(name, v.shape.as_list()) if end else np.zeros(v.shape.as_list()), s)
        save(s, "net/averages", "model")
    net(resource=True)
    inference("net/resource")
    with tf.Session() as s:
        fill(s)
        save(s, "net/resource", "model", write_version=V2)
        every = {v.op.name.replace("/", "_"): v for v in tf.global_variables()}
        path = os.path.join(folder("net/objects"), "model")
        tf.train.Checkpoint(**every).save(path, session=s)
        state("net/objects")
    net(parts=lambda shape, dtype: {4: [1, 1, 1, 3], 2: [3, 1], 1: [1]}[len(shape)])
    inference("net/parts")
    with tf.Session() as s:
        fill(s)
        save(s, "net/parts", "v1", write_version=V1)
        save(s, "net/parts", "v2", write_version=V2)
    saved_models()


def sign(x, y):
    info = utils.build_tensor_info
    return signature_def_utils.build_signature_def(
        {"image": info(x)}, {"scores": info(y)}, signature_constants.PREDICT_METHOD_NAME)


def saved_models():
    key = signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY
    for text in False, True:
        path = os.path.join(out_dir, "net", "saved_text" if text else "saved")
        shutil.rmtree(path, True)
        b = builder.SavedModelBuilder(path)
        x, y = net()
        with tf.Session() as s:
            fill(s)
            tf.identity(y * 2, "twice")
            b.add_meta_graph_and_variables(s, ["train"], {key: sign(x, y)})
        x, y = net()
        tf.identity(tf.nn.softmax(y), "not_signed")
        b.add_meta_graph([tag_constants.SERVING], {key: sign(x, y)})
        b.add_meta_graph([tag_constants.SERVING, "gpu"], {key: sign(x, y)})
        b.save(as_text=text)


# ---- functions -----------------------------------------------------------------------------------


def functions():
    """Calls of both kinds, nested, with attributes, several outputs and a variable as argument."""
    tf.reset_default_graph()

    @function.Defun(tf.float32, tf.float32)
    def inner(a, b):
        return a * 2.0, tf.nn.top_k(a + b, 2)[0]

    @function.Defun(tf.float32)
    def outer(a):
        p, q = inner(a, a)
        r, _ = inner(p, a)
        return r, q

    x = tf.placeholder(tf.float32, [2, 4], "input")
    w = tf.get_variable("w", [4, 4], use_resource=True)

    def dense(a):
        return tf.matmul(a, w), tf.split(a, 2, axis=1)[1]

    y, half = eager_function.defun(dense)(x)
    p, q = outer(y)
    tf.identity(p, "p")
    tf.identity(q, "q")
    tf.identity(half, "half")
    inference("functions")
    with tf.Session() as s:
        fill(s)
        goldens(s, folder("functions"), {"input": values("x", [2, 4])}, ["p", "q", "half"])
        save(s, "functions", "model", write_version=V2)


# ---- values without a checkpoint -----------------------------------------------------------------


def initial_values():
    """Constants and Fill as initial values; a state that the graph changes; a test for a value."""
    tf.reset_default_graph()
    x = tf.placeholder(tf.float32, [1, 3], "input")
    a = tf.get_variable("a", [3], initializer=tf.constant_initializer([1.0, 2.0, 3.0]))
    b = tf.get_variable("b", [200], initializer=tf.ones_initializer())[:3]
    c = tf.get_variable("c", [3], initializer=tf.zeros_initializer(), use_resource=True)
    state = tf.get_variable("state", [1, 3], initializer=tf.constant_initializer(0.5))
    known = tf.cond(tf.is_variable_initialized(a), lambda: a + 1.0, lambda: a - 1.0)
    tf.identity((x * a + b + c) * known, "y")
    tf.identity(tf.assign_add(state, x), "next")
    inference("initial")
    with tf.Session() as s:
        s.run(tf.global_variables_initializer())
        goldens(s, folder("initial"), {"input": values("x", [1, 3])}, ["y", "next"])


def random_values():
    tf.reset_default_graph()
    x = tf.placeholder(tf.float32, [1, 3], "input")
    tf.identity(x * tf.get_variable("w", [3]), "y")
    inference("random")


# ---- a loop of which only one value is wanted ----------------------------------------------------


def lengths():
    tf.reset_default_graph()
    x = tf.placeholder(tf.float32, [2, 4, 3], "input")
    n = tf.placeholder(tf.int32, [2], "lengths")
    y, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(2), x, n, dtype=tf.float32)
    tf.identity(y, "y")
    inference("lengths")
    with tf.Session() as s:
        fill(s)
        feeds = {"input": values("x", [2, 4, 3]), "lengths": np.array([4, 2], np.int32)}
        goldens(s, folder("lengths"), feeds, ["y"])
        freeze(s, folder("lengths"), ["y"])
        save(s, "lengths", "model", write_version=V2)


# ---- looking up in variables, types --------------------------------------------------------------


def types():
    tf.reset_default_graph()
    x = tf.placeholder(tf.int32, [2], "input")
    out = []
    for resource in False, True:
        with tf.variable_scope("r%d" % resource, use_resource=resource):
            table = tf.get_variable("table", [10, 4])
            out.append(tf.nn.embedding_lookup(table, x, name="rows"))
            for t in tf.float64, tf.int32, tf.int64, tf.float16, tf.uint8, tf.int8:
                v = tf.get_variable(t.name, [4], t, tf.zeros_initializer())
                out.append(tf.cast(v, tf.float32) + out[0])
            v = tf.get_variable("bool", [4], tf.bool, tf.zeros_initializer())
            out.append(tf.cast(v, tf.float32) + out[0])
    tf.identity(tf.stack(out), "y")
    inference("types")
    with tf.Session() as s:
        s.run(tf.global_variables_initializer())
        for v in tf.global_variables():
            t = v.dtype.base_dtype
            numbers = values(v.op.name, v.shape.as_list()) * 100
            if t == tf.bool:
                numbers = numbers > 0
            elif t == tf.uint8:
                numbers = np.abs(numbers)
            v.load(numbers.astype(t.as_numpy_dtype), s)
        goldens(s, folder("types"), {"input": np.array([3, 7], np.int32)}, ["y"])
        save(s, "types", "v1", write_version=V1)
        save(s, "types", "v2", write_version=V2)


# ---- a signature that feeds a placeholder with a default ------------------------------------------


def fed_default():
    tf.reset_default_graph()
    path = os.path.join(out_dir, "fed")
    shutil.rmtree(path, True)
    x = tf.placeholder_with_default(np.ones([1, 4], np.float32), [None, 4], "x")
    flag = tf.placeholder_with_default(False, [], "training")
    y = tf.identity(tf.layers.dropout(x * 3.0, 0.5, training=flag), "y")
    tf.identity(y + 1.0, "z")
    info = utils.build_tensor_info
    b = builder.SavedModelBuilder(os.path.join(path, "saved"))
    with tf.Session() as s:
        b.add_meta_graph_and_variables(s, [tag_constants.SERVING], {
            "predict": signature_def_utils.build_signature_def(
                {"x": info(x)}, {"y": info(y)}, signature_constants.PREDICT_METHOD_NAME)})
        b.save()
        goldens(s, path, {"x": values("x", [1, 4])}, ["y"])


# ---- the way of TensorFlow 2 ---------------------------------------------------------------------


def functional():
    """Conditions and loops whose branches and bodies are functions."""
    x = tf.placeholder(tf.float32, [2, 4], "input")
    phase = tf.placeholder(tf.bool, [], "phase")
    y = tf.cond(phase, lambda: x * 2.0 + 1.0, lambda: tf.nn.relu(x) - 3.0)
    a, b = tf.cond(tf.reduce_sum(x) > 0.0, lambda: (x + 1.0, tf.constant(5.0)),
                   lambda: (x - 1.0, tf.constant(7.0)))
    _, c = tf.while_loop(lambda i, v: i < 5, lambda i, v: (i + 1, v * 1.5 + x),
                         [tf.constant(0), x])
    d = tf.while_loop(lambda v: tf.reduce_sum(v) < 100.0, lambda v: (v * 1.5 + 1.0,),
                      [tf.abs(x)])
    for name, value in ("y", y), ("z", a * b), ("fixed", c), ("open", d):
        tf.identity(value, name)
    inference("functional")
    with tf.Session() as s:
        feeds = {"input": values("x", [2, 4]), "phase": np.array(False)}
        goldens(s, folder("functional"), feeds, ["y", "z", "fixed", "open"])


def module():
    """A SavedModel of a module: functions within functions, variables named after its fields."""
    tf.compat.v1.enable_v2_behavior()

    class Net(tf.Module):
        def __init__(self):
            self.weights = tf.Variable(values("w", [4, 4]), name="w")
            self.layers = [tf.Variable(values("b", [4]), name="shared/b"), tf.Variable(2.0)]

        @tf.function
        def inner(self, a):
            return tf.matmul(a, self.weights) + self.layers[0], a * self.layers[1]

        @tf.function(input_signature=[tf.TensorSpec([2, 4], tf.float32, "image")])
        def call(self, image):
            a, b = self.inner(image)
            return {"second": b, "first": self.inner(a)[0]}

    net, path = Net(), folder("module")
    shutil.rmtree(os.path.join(path, "saved"), True)
    x = values("x", [2, 4])
    got = net.call(tf.constant(x))
    tf.saved_model.save(net, os.path.join(path, "saved"), net.call)
    np.savez(os.path.join(path, "input.npz"), serving_default_image=x)
    # The outputs of a function are in the order of their names.
    np.savez(os.path.join(path, "golden.npz"), **{
        "StatefulPartitionedCall:0": got["first"].numpy(),
        "StatefulPartitionedCall:1": got["second"].numpy()})


if tf.__version__.startswith("1.15"):
    module()
    with tf.Graph().as_default():
        functional()
else:
    every_form()
    functions()
    initial_values()
    random_values()
    lengths()
    types()
    fed_default()


# ---- the archive ---------------------------------------------------------------------------------


def settled(path, data):
    """A message with its maps in order; TensorFlow writes them as the memory has them."""
    name = os.path.basename(path)
    if not name.endswith((".pb", ".meta")):
        return data
    kind = saved_model_pb2.SavedModel if name == "saved_model.pb" else \
        meta_graph_pb2.MetaGraphDef if name.endswith(".meta") else graph_pb2.GraphDef
    try:
        message = kind.FromString(data)
    except DecodeError:  # one that is broken on purpose
        return data
    graphs = [message] if name.endswith(".pb") and name != "saved_model.pb" else [
        m.graph_def for m in getattr(message, "meta_graphs", [message])]
    for graph in graphs:
        for node in [n for f in graph.library.function for n in f.node_def] + list(graph.node):
            if "config_proto" in node.attr:
                config = config_pb2.ConfigProto.FromString(node.attr["config_proto"].s)
                node.attr["config_proto"].s = config.SerializeToString(deterministic=True)
    return message.SerializeToString(deterministic=True)


def pack():
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.USTAR_FORMAT) as t:
        for at, folders, files in os.walk(out_dir):
            folders.sort()
            for name in sorted(set(files) - {"models.tar.xz"}):
                path = os.path.join(at, name)
                info = tarfile.TarInfo(os.path.relpath(path, out_dir))
                with open(path, "rb") as f:
                    data = settled(path, f.read())
                info.size, info.mode = len(data), 0o644
                t.addfile(info, io.BytesIO(data))
    with open(os.path.join(out_dir, "models.tar.xz"), "wb") as f:
        f.write(lzma.compress(tar.getvalue(), preset=9 | lzma.PRESET_EXTREME))


pack()
