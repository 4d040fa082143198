#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The numbers of the records here, from TensorFlow itself.

    golden.py [--update] [PART OF A TITLE]     needs TensorFlow 1.12 and NumPy
    golden.py --nodes GRAPH.pb                 prints a frozen graph as the nodes of a record

A record's `--- output NAME TOLERANCE` is computed from its nodes; without --update what differs is named. Operators that
came after TensorFlow 1.12, and layouts that it has no kernel for, are computed by their definition.
"""
import os
import re
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf
import tensorflow.contrib.rnn  # brings the kernels of recurrent cells
import tensorflow.contrib.seq2seq  # and those of beams
from google.protobuf import text_format
from tensorflow.core.framework import attr_value_pb2, graph_pb2, node_def_pb2, types_pb2
from tensorflow.python.framework import op_def_registry, tensor_util

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
import goldens

TYPES = {"f32": "DT_FLOAT", "f64": "DT_DOUBLE", "f16": "DT_HALF", "i32": "DT_INT32", "u8": "DT_UINT8", "i16": "DT_INT16",
         "i8": "DT_INT8", "i64": "DT_INT64", "bool": "DT_BOOL", "u16": "DT_UINT16", "u32": "DT_UINT32", "u64": "DT_UINT64",
         "string": "DT_STRING", "quint8": "DT_QUINT8", "qint8": "DT_QINT8", "qint32": "DT_QINT32",
         "resource": "DT_RESOURCE"}
WORDS = {getattr(types_pb2, v): k for k, v in TYPES.items()}
OPS = {op.name: op for op in op_def_registry.get_registered_ops().values()}


def fill_as(array, dtype):
    """Integers are rounded down, truths are what is not negative."""
    if np.dtype(dtype) == np.bool_:
        return array >= 0
    return (np.floor(array) if np.issubdtype(dtype, np.integer) else array).astype(dtype)


# --- nodes -------------------------------------------------------------------

def attr_of(node, key):
    """Reading node.attr[key] would make one."""
    return node.attr[key] if key in node.attr else attr_value_pb2.AttrValue()


def numpy_type(word):
    return tf.as_dtype(getattr(types_pb2, TYPES[word])).as_numpy_dtype


def shape_of(text, separator):
    if text == "*":
        return tf.TensorShape(None)
    return tf.TensorShape([None if d == "?" else int(d) for d in text.split(separator) if d])


def value_of(text):
    """One attribute: a list, a type, a shape <2x3>, a truth, an integer, a float, else a string."""
    value = attr_value_pb2.AttrValue()
    if text.startswith("["):
        value.list.SetInParent()
        for item in text[1:-1].split(","):
            if item:
                one = value_of(item)
                kind = one.WhichOneof("value")
                getattr(value.list, kind).extend([getattr(one, kind)])
    elif text in TYPES:
        value.type = getattr(types_pb2, TYPES[text])
    elif text.startswith("<"):
        value.shape.CopyFrom(shape_of(text[1:-1], "x").as_proto())
    elif text in ("true", "false"):
        value.b = text == "true"
    elif re.match(r"-?\d+$", text):
        value.i = int(text)
    elif re.match(r"[-+.e\d]*\d[-+.e\d]*$", text):
        value.f = float(text)
    else:
        value.s = text.encode()
    return value


class Net:
    """The nodes of a record as TensorFlow's own, types filled in that follow from the inputs."""

    def __init__(self, text, options, fills, inputs):
        self.nodes, self.feeds, self.known, self.fills, self.inputs = {}, {}, {}, fills, inputs
        self.given = self.read_shapes(options)
        if text.startswith("node {"):
            graph = text_format.Parse(text, graph_pb2.GraphDef())
            for node in graph.node:
                self.nodes[node.name] = node
                if node.op == "Placeholder":
                    self.feed(node)
            return
        for line in text.splitlines():
            if line.strip():
                self.add(line)
        self.inferred = set()
        for node in self.nodes.values():
            self.infer(node)

    @staticmethod
    def read_shapes(options):
        """--input_shape and --batch: what the importer is told about placeholders."""
        shapes = re.search(r"--input_shape (\S+)", options)
        names = re.search(r"--input (\S+)", options)
        batch = re.search(r"(?:--batch|-b) (\d+)", options)
        given = {"": int(batch.group(1))} if batch else {}
        if shapes:
            lists = [[int(d) for d in s.split(",")] for s in re.findall(r"[\[(]([\d,]+)[\])]", shapes.group(1))]
            given.update(zip(names.group(1).split(",") if names else [None], lists))
        return given

    def add(self, line):
        name, _, rest = line.partition(" ")
        if rest.startswith("= ["):
            self.constant(name, rest[2:])
        elif rest.startswith("= "):
            op, inputs, attrs = re.match(r"= (\w+)\(([^)]*)\)(.*)", rest).groups()
            node = self.node(name, op, attrs)
            node.input.extend(i.strip() for i in inputs.split(",") if i.strip())
        else:
            dims, word, attrs = re.match(r"(?:\[([^\]]*)\])? ?(\w+(?= |$))?(.*)", rest).groups()
            node = self.node(name, "Placeholder", attrs)
            node.attr["dtype"].type = getattr(types_pb2, TYPES[word or "f32"])
            node.attr["shape"].shape.CopyFrom(shape_of("*" if dims is None else dims, ",").as_proto())
            self.feed(node)

    def feed(self, node):
        shape = tf.TensorShape(node.attr["shape"].shape)
        dims = self.given.get(node.name, self.given.get(None))
        if dims is None and shape.ndims is not None:
            dims = [d.value or 1 for d in shape]
            if dims and "" in self.given:
                dims[0] = self.given[""]
        if dims is not None:
            dtype = tf.as_dtype(node.attr["dtype"].type).as_numpy_dtype
            values = fill_as(goldens.fill(node.name, dims, *self.fills.get(node.name, (0, 1))), dtype)
            if node.name in self.inputs:
                values = np.array(self.inputs[node.name].split(), np.float64).astype(dtype).reshape(dims)
            self.feeds[node.name + ":0"] = values

    def constant(self, name, text):
        text, *waits = text.split(" ^")
        dims, word, rest = re.match(r"\[([^\]]*)\] ?([a-z]\w*)? ?(.*)", text).groups()
        shape = [int(d) for d in dims.split(",") if d]
        word = word or "f32"
        if word == "string":
            array = np.array(rest.encode(), object).reshape(shape)
        elif rest.startswith("{"):
            numbers = [float(n) for n in rest[1:-1].split()]
            count = int(np.prod(shape))
            numbers += [numbers[-1] if numbers else 0] * (count - len(numbers))
            array = np.array(numbers[:count]).astype(np.float32 if word == "f16" else np.float64)
            array = array.astype(numpy_type(word)).reshape(shape)
        else:
            array = fill_as(goldens.fill(name, shape, *map(float, rest.split())), numpy_type(word))
        node = self.node(name, "Const", "")
        node.input.extend("^" + w for w in waits)
        node.attr["dtype"].type = getattr(types_pb2, TYPES[word])
        node.attr["value"].tensor.CopyFrom(tensor_util.make_tensor_proto(array, node.attr["dtype"].type, shape))

    def node(self, name, op, attrs):
        node = node_def_pb2.NodeDef(name=name, op=op)
        for attr in attrs.split():
            key, value = attr.split("=", 1)
            node.attr[key].CopyFrom(value_of(value))
        self.nodes[name] = node
        return node

    def output_types(self, node):
        """By output."""
        out = []
        for arg in OPS[node.op].output_arg if node.op in OPS else []:
            if arg.type_list_attr:
                out.extend(attr_of(node, arg.type_list_attr).list.type)
                continue
            dtype = arg.type or attr_of(node, arg.type_attr).type
            if not dtype:
                dtype = next(a.default_value.type for a in OPS[node.op].attr if a.name == arg.type_attr)
            out.extend([dtype] * (attr_of(node, arg.number_attr).i if arg.number_attr else 1))
        return out

    def type_of(self, source):
        name, _, output = source.partition(":")
        if name in self.nodes:
            self.infer(self.nodes[name])
        types = self.output_types(self.nodes[name]) if name in self.nodes else []
        return types[int(output or 0)] if int(output or 0) < len(types) else types_pb2.DT_FLOAT

    def infer(self, node):
        """Counts and types that TensorFlow writes into a node, from its inputs."""
        if node.op not in OPS or node.name in self.inferred:
            return
        self.inferred.add(node.name)  # once, also where nodes read each other
        at = 0
        inputs = [i for i in node.input if not i.startswith("^")]
        single = sum(not (a.number_attr or a.type_list_attr) for a in OPS[node.op].input_arg)
        for arg in OPS[node.op].input_arg:
            count = len(inputs) - single if arg.number_attr or arg.type_list_attr else 1
            sources = inputs[at:at + count]
            at += count
            if arg.number_attr and arg.number_attr not in node.attr:
                node.attr[arg.number_attr].i = count
            if arg.type_list_attr:
                node.attr[arg.type_list_attr].list.type[:] = [self.type_of(i) for i in sources]
            elif arg.type_attr and sources and arg.type_attr not in node.attr:
                node.attr[arg.type_attr].type = self.type_of(sources[0])

    def run(self, names):
        """Values of outputs "node" or "node:1"."""
        kept, needed = {}, list(names)
        while needed:  # and no more: TensorFlow may not know the rest
            name = needed.pop().lstrip("^").partition(":")[0]
            if name in kept or name in self.known:
                continue
            node = self.nodes[name]
            function = definition_of(node)
            if function is None:
                kept[name] = node
                needed.extend(node.input)
                needed.extend(n.name for n in self.nodes.values() if n.op in ASSIGNS and n.input[0] == name)
            else:
                found = function(node, *self.run([i for i in node.input if not i.startswith("^")]))
                self.known[name] = found if isinstance(found, list) else [found]
        return self.run_graph(kept, names)

    def run_graph(self, kept, names):
        """By TensorFlow; what is known already stands as constants."""
        sources = {"%s:%d" % (name, i): "%s__%d" % (name, i) for name, all in self.known.items() for i in range(len(all))}
        part = graph_pb2.GraphDef()
        for name, all in self.known.items():
            for i, value in enumerate(all):
                part.node.extend([constant_node("%s__%d" % (name, i), value)])
        for node in kept.values():
            node = node_def_pb2.NodeDef.FromString(node.SerializeToString())
            node.input[:] = [sources.get(i if ":" in i else i + ":0", i) for i in node.input if i.lstrip("^") in kept or i[0] != "^"]
            part.node.extend([node])
        into_frames(part)
        with tf.Graph().as_default(), tf.Session() as session:
            tf.import_graph_def(part, name="")
            session.run([name for name, node in kept.items() if node.op in ASSIGNS])  # what variables begin with
            wanted = [n if ":" in n else n + ":0" for n in names]
            wanted = [sources[n] + ":0" if n in sources else n for n in wanted]
            return session.run(wanted, {k: v for k, v in self.feeds.items() if k[:-2] in kept}) if wanted else []


ASSIGNS = ("Assign", "AssignVariableOp")


def into_frames(graph):
    """Constants that a loop reads belong into it by a control edge, which records do not have: a copy for each reader."""
    nodes = {node.name: node for node in graph.node}
    frames = {name: () for name in nodes}
    sources = {node.name: [i.partition(":")[0] for i in node.input if i[0] != "^"] for node in graph.node}
    around = {}
    changed = True
    while changed:
        changed = False
        for node in graph.node:
            frame = max([frames.get(i, ()) for i in sources[node.name]] + [()], key=len)
            if node.op == "Enter":
                entered = node.attr["frame_name"].s
                if frame:  # a loop in a loop, which constants enter as well
                    around[entered] = (frame, sources[node.name][0])
                frame = around.get(entered, (frame,))[0] + (entered,)
            elif node.op == "Exit":
                frame = frame[:-1]
            changed = changed or frame != frames[node.name]
            frames[node.name] = frame
    for node in list(graph.node):
        inside = [i for i in sources[node.name] if frames.get(i) == frames[node.name] != ()]
        if node.op == "Enter":
            inside = [around[node.attr["frame_name"].s][1]] if len(frames[node.name]) > 1 else []
        for k, i in enumerate(sources[node.name]):
            if inside and nodes[i].op == "Const" and not frames[i]:
                copy = node_def_pb2.NodeDef.FromString(nodes[i].SerializeToString())
                copy.name = "%s__in__%s" % (i, node.name.replace("/", "_"))
                copy.input[:] = ["^" + inside[0]]
                graph.node.extend([copy])
                node.input[k] = copy.name


def constant_node(name, value):
    value = np.asarray(value)
    node = node_def_pb2.NodeDef(name=name, op="Const")
    node.attr["value"].tensor.CopyFrom(tensor_util.make_tensor_proto(value))
    node.attr["dtype"].type = node.attr["value"].tensor.dtype
    return node


# --- what TensorFlow 1.12 cannot run on a processor --------------------------

def call(node, *inputs, **attrs):
    """One node by TensorFlow, other inputs and attributes in place of its own; None removes one."""
    changed = node_def_pb2.NodeDef(name="node", op=attrs.pop("op", node.op))
    for key, value in node.attr.items():
        if key not in attrs:
            changed.attr[key].CopyFrom(value)
    for key, value in attrs.items():
        if value is not None:
            changed.attr[key].CopyFrom(value_of(value))
    names = ["i%d" % i for i in range(len(inputs))]
    changed.input.extend(names)
    with tf.Graph().as_default() as graph, tf.Session() as session:
        fed = {tf.placeholder(x.dtype, x.shape, name): x for name, x in zip(names, inputs)}
        part = graph_pb2.GraphDef()
        part.node.extend(graph.as_graph_def().node)
        part.node.extend([changed])
        outputs = tf.import_graph_def(part, {n + ":0": t for n, t in zip(names, fed)}, ["node"])[0].outputs
        return session.run(outputs, fed)


def block_lstm(node, steps, *inputs):
    """Behind the last step TensorFlow clears states and outputs alone, and leaves in the rest what the memory held."""
    outputs = call(node, steps, *inputs)
    for output in outputs:
        output[int(steps):] = 0
    return outputs


def text_of_ints(values):
    return "[%s]" % ",".join(str(int(v)) for v in values)


def channels_last(node, *inputs):
    """Data with channels first: turned, computed with channels last, turned back."""
    def last(values):
        return [values[0]] + list(values[2:]) + [values[1]]
    data = {"Conv2DBackpropInput": 2, "Conv3DBackpropInputV2": 2}.get(node.op, 0)
    inputs = list(inputs)
    turned = last(range(inputs[data].ndim))
    inputs[data] = inputs[data].transpose(turned)
    if data == 2:
        inputs[0] = np.array(last(inputs[0]), np.int32)
    attrs = {k: text_of_ints(last(node.attr[k].list.i)) for k in ("strides", "ksize", "dilations") if k in node.attr}
    outputs = compute(node, *inputs, data_format="NHWC" if len(turned) == 4 else "NDHWC", **attrs)
    return [y.transpose(np.argsort(turned)) if y.ndim == len(turned) else y for y in outputs]


def compute(node, *inputs, **attrs):
    return {"Conv2D": conv2d, "DepthwiseConv2dNative": depthwise}.get(node.op, call)(node, *inputs, **attrs)


def conv2d(node, x, w, **attrs):
    """Explicit paddings and groups."""
    attrs = dict({"explicit_paddings": None}, **attrs)
    if attr_of(node, "padding").s == b"EXPLICIT":
        x = np.pad(x, np.array(attr_of(node, "explicit_paddings").list.i).reshape(4, 2), "constant")
        attrs["padding"] = "VALID"
    groups = x.shape[3] // w.shape[2]
    parts = [call(node, a, b, **attrs)[0] for a, b in zip(np.split(x, groups, 3), np.split(w, groups, 3))]
    return [np.concatenate(parts, 3)]


def depthwise(node, x, w, **attrs):
    """Dilations, which the kernel does not look at: holes in the filters."""
    dilations = list(attr_of(node, "dilations").list.i)[1:3] or [1, 1]
    wide = np.zeros([(k - 1) * d + 1 for k, d in zip(w.shape, dilations)] + list(w.shape[2:]), w.dtype)
    wide[::dilations[0], ::dilations[1]] = w
    return call(node, x, wide, **dict({"dilations": None}, **attrs))


def batch_gather(node, x, indices, axis):
    batch = attr_of(node, "batch_dims").i
    flat = indices.reshape((-1,) + indices.shape[batch:])
    rows = x.reshape((len(flat),) + x.shape[batch:])
    found = np.stack([np.take(r, i, axis=int(axis) - batch if axis >= 0 else int(axis)) for r, i in zip(rows, flat)])
    return found.reshape(indices.shape[:batch] + found.shape[1:])


def resize(node, x, size):
    """With half_pixel_centers."""
    bilinear = node.op == "ResizeBilinear"
    for axis in 1, 2:
        scale = np.float32(x.shape[axis]) / np.float32(size[axis - 1])
        at = (np.arange(size[axis - 1], dtype=np.float32) + np.float32(0.5)) * scale - np.float32(0.5 if bilinear else 0)
        low = np.floor(at)
        part = (at - low if bilinear else at * 0).reshape([-1 if i == axis else 1 for i in range(4)])
        last = x.shape[axis] - 1
        x = (np.take(x, np.clip(low, 0, last).astype(int), axis) * (1 - part) +
             np.take(x, np.clip(low + 1, 0, last).astype(int), axis) * part).astype(np.float32)
    return x


def tensor_scatter(join):
    """Updates to places of the data, one after the other."""
    def function(node, x, indices, updates):
        x = x.copy()
        places = indices.reshape(-1, indices.shape[-1])
        for place, update in zip(places, updates.reshape((len(places),) + x.shape[indices.shape[-1]:])):
            x[tuple(place)] = join(x[tuple(place)], update)
        return x
    return function


def set_diagonal(node, x, diagonal, k):
    return call(node, x, diagonal, op="MatrixSetDiag", T="f32", align=None)


def pool_with_places(node, x):
    """TensorFlow 1.12 counts through the batch, later versions when include_batch_in_index says so."""
    y, places = call(node, x, include_batch_in_index=None)
    in_batch = attr_of(node, "include_batch_in_index").b
    return [y, places if in_batch else places - np.arange(len(x)).reshape(-1, 1, 1, 1) * x[0].size]


def block_lstm(node, length, x, state, hidden, w, wci, wcf, wco, b):
    """BlockLSTMV2: gates stand in the order input, forget, new, output."""
    def gates(all):
        i, f, c, o = np.split(all, 4, -1)
        return np.concatenate([i, c, f, o], -1)
    return call(node, length, x, state, hidden, gates(w), wci, wcf, wco, gates(b), op="BlockLSTM", forget_bias="0.0",
                cell_clip="%.1f" % (attr_of(node, "cell_clip").f or -1))


NEWER = {
    "TensorScatterUpdate": tensor_scatter(lambda x, y: y),
    "TensorScatterAdd": tensor_scatter(np.add),
    "TensorScatterSub": tensor_scatter(np.subtract),
    "TensorScatterMin": tensor_scatter(np.minimum),
    "TensorScatterMax": tensor_scatter(np.maximum),
    "MatrixDiagV2": lambda node, x, *rest: call(node, x, op="MatrixDiag", T="f32", align=None),
    "MatrixDiagV3": lambda node, x, *rest: call(node, x, op="MatrixDiag", T="f32", align=None),
    "MatrixDiagPartV2": lambda node, x, *rest: call(node, x, op="MatrixDiagPart", T="f32", align=None),
    "MatrixDiagPartV3": lambda node, x, *rest: call(node, x, op="MatrixDiagPart", T="f32", align=None),
    "MatrixSetDiagV2": set_diagonal,
    "MatrixSetDiagV3": set_diagonal,
    "Einsum": lambda node, *inputs: np.einsum(node.attr["equation"].s.decode(), *inputs),
    "BlockLSTMV2": block_lstm,
    "MaxPoolWithArgmax": pool_with_places,
    "AddV2": lambda node, x, y: x + y,
    "BatchMatMulV2": lambda node, x, y: np.matmul(np.swapaxes(x, -1, -2) if attr_of(node, "adj_x").b else x,
                                                  np.swapaxes(y, -1, -2) if attr_of(node, "adj_y").b else y),
    "FusedBatchNormV3": lambda node, *inputs: call(node, *inputs, op="FusedBatchNormV2", T="f32", U="f32"),
    "EnsureShape": lambda node, x: x,
    "EuclideanNorm": lambda node, x, axes: np.sqrt(np.sum(x * x, tuple(np.atleast_1d(axes)),
                                                          keepdims=attr_of(node, "keep_dims").b)),
    "Mish": lambda node, x: x * np.tanh(np.log1p(np.exp(x))),
    "MulNoNan": lambda node, x, y: np.where(y == 0, 0, x * y),
    "Xlog1py": lambda node, x, y: np.where(x == 0, 0, x * np.log1p(y)),
    "LeakyRelu": lambda node, x: np.where(x > 0, x, x * (node.attr["alpha"].f if "alpha" in node.attr else 0.2)),
    "ResourceGather": lambda node, x, i: np.take(x, i, axis=0),
    "NonMaxSuppressionV5": lambda node, b, s, n, iou, least, sigma: call(node, b, s, n, iou, least,
                                                                         op="NonMaxSuppressionV3", T=None),
    "SelectV2": lambda node, c, x, y: np.where(c, x, y),
}


def definition_of(node):
    """None when TensorFlow computes the node."""
    if node.op in NEWER:
        return NEWER[node.op]
    if node.op == "BlockLSTM":
        return block_lstm
    if attr_of(node, "data_format").s.startswith(b"NC") and node.op != "BiasAdd":
        return channels_last
    if node.op in ("Conv2D", "DepthwiseConv2dNative"):
        return compute
    if attr_of(node, "half_pixel_centers").b:
        return resize
    return batch_gather if "batch_dims" in node.attr else None


# --- a graph as nodes --------------------------------------------------------

def text_of_shape(shape, separator):
    if shape.unknown_rank:
        return "*"
    return separator.join("?" if d.size < 0 else str(d.size) for d in shape.dim)


def text_of_value(value):
    kind = value.WhichOneof("value")
    if kind == "list":
        fields = value.list.ListFields()
        items = [(fields[0][0].name, v) for v in fields[0][1]] if fields else []
        return "[%s]" % ",".join(text_of_value(attr_value_pb2.AttrValue(**{k: v})) for k, v in items)
    if kind == "type":
        return WORDS[value.type]
    if kind == "shape":
        return "<%s>" % text_of_shape(value.shape, "x")
    if kind == "b":
        return "true" if value.b else "false"
    if kind == "f":
        text = "%.9g" % value.f
        return text if re.search(r"[.e]", text) else text + ".0"
    return value.s.decode() if kind == "s" else str(getattr(value, kind))


def print_nodes(path):
    graph = graph_pb2.GraphDef()
    with open(path, "rb") as f:
        graph.ParseFromString(f.read())
    for node in graph.node:
        if node.op == "Const":
            array = tensor_util.MakeNdarray(node.attr["value"].tensor)
            numbers = " ".join("%.9g" % v for v in array.reshape(-1)) if array.dtype != object else ""
            dims = ",".join(map(str, array.shape))
            waits = "".join(" " + i for i in node.input)
            print("%s = [%s] %s {%s}%s" % (node.name, dims, WORDS[node.attr["dtype"].type], numbers, waits))
            continue
        attrs = "".join(" %s=%s" % (k, text_of_value(node.attr[k])) for k in sorted(node.attr)
                        if not k.startswith("_") and k not in ("dtype", "shape") or node.op != "Placeholder")
        if node.op == "Placeholder":
            shape = node.attr["shape"].shape
            dims = "" if shape.unknown_rank else "[%s] " % text_of_shape(shape, ",")
            print("%s %s%s%s" % (node.name, dims, WORDS[node.attr["dtype"].type], attrs))
        else:
            print("%s = %s(%s)%s" % (node.name, node.op, ", ".join(node.input), attrs))


# --- records -----------------------------------------------------------------

def outputs_of(record, names):
    fills = {n: (float(o), float(s)) for n, o, s in re.findall(r"^fill (\S+) (\S+) (\S+)$", record, re.M)}
    options = re.search(r"^options (.*)$", record, re.M)
    inputs = dict(re.findall(r"^--- input (\S+)\n((?:(?!---)[^\n]*(?:\n|$))*)", record, re.M))
    net = Net(goldens.section(record, "nodes"), options.group(1) if options else "", fills, inputs)
    return dict(zip(names, net.run(names)))


if __name__ == "__main__":
    if "--nodes" in sys.argv:
        sys.exit(print_nodes(sys.argv[-1]))
    sys.exit(goldens.main(os.path.dirname(os.path.abspath(__file__)), outputs_of))
