# SPDX-License-Identifier: Apache-2.0
"""A network as Caffe's files: prototxt as text, caffemodel in protobuf's wire format (field numbers as in Caffe)."""
import struct

import numpy as np

# --- text ---


class Word(str):
    """An enumerator: printed without quotes."""


ENUMERATORS = {"pool", "operation"}


def value_text(key, v):
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, str):
        return v if key in ENUMERATORS or isinstance(v, Word) else '"%s"' % v
    return "%.9g" % v if isinstance(v, float) else str(v)


def message(fields, indent=0):
    """Lines of a message given as (key, value) pairs; a dictionary is a message inside."""
    pad, out = "  " * indent, []
    for key, v in fields:
        if isinstance(v, (dict, list)):
            inner = message(v.items() if isinstance(v, dict) else v, indent + 1)
            out += ["%s%s {" % (pad, key)] + inner + ["%s}" % pad]
        else:
            out.append("%s%s: %s" % (pad, key, value_text(key, v)))
    return out


def layer_fields(layer):
    fields = [("name", layer.name), ("type", layer.kind)]
    fields += [("bottom", b) for b in layer.bottoms] + [("top", t) for t in layer.tops]
    return fields + list(layer.params.items())


V1_TYPES = {"InnerProduct": ("INNER_PRODUCT", 14), "ReLU": ("RELU", 18), "TanH": ("TANH", 23), "Sigmoid": ("SIGMOID", 19),
            "Softmax": ("SOFTMAX", 20), "Dropout": ("DROPOUT", 6), "Flatten": ("FLATTEN", 8)}


def v1_fields(layer):
    """The older form: `layers`, bottoms first, the type an enumerator."""
    fields = [("bottom", b) for b in layer.bottoms] + [("top", t) for t in layer.tops]
    return fields + [("name", layer.name), ("type", Word(V1_TYPES[layer.kind][0]))] + list(layer.params.items())


def prototxt(net, form="input_layer", v1=False):
    """`form` of the input: an Input layer, the fields input and input_shape, or input and input_dim."""
    shape = (1,) + tuple(net.input_shape)
    dims = [("dim", d) for d in shape]
    head = [("name", net.name)]
    if form == "input_layer":
        head.append(("layer", [("name", "data"), ("type", "Input"), ("top", "data"), ("input_param", [("shape", dims)])]))
    elif form == "input_shape":
        head += [("input", "data"), ("input_shape", dims)]
    else:
        head += [("input", "data")] + [("input_dim", d) for d in shape]
    for layer in net.layers:
        head.append(("layers", v1_fields(layer)) if v1 else ("layer", layer_fields(layer)))
    return "\n".join(message(head)) + "\n"


# --- wire ---


def varint(n):
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def field(number, data):
    """A length-delimited field, or a number."""
    if isinstance(data, int):
        return varint(number << 3) + varint(data)
    data = data.encode() if isinstance(data, str) else data
    return varint(number << 3 | 2) + varint(len(data)) + data


def blob(a, legacy, packed):
    data = a.astype("<f4").reshape(-1)
    if packed:
        values = field(5, data.tobytes())
    else:  # a tag before each number, as the oldest files have it
        values = b"".join(varint(5 << 3 | 5) + struct.pack("<f", v) for v in data)
    if legacy:  # num, channels, height, width
        dims = (1,) * (4 - a.ndim) + a.shape
        return b"".join(field(i + 1, int(d)) for i, d in enumerate(dims)) + values
    return values + field(7, field(1, b"".join(varint(d) for d in a.shape)))


def caffemodel(net, v1=False, legacy=False, packed=True):
    out = field(1, net.name)
    for layer in net.layers:
        names = [layer.bottoms, layer.tops]
        blobs = [blob(b, legacy, packed) for b in layer.blobs]
        if v1:
            body = b"".join(field(n, x) for n, xs in zip((2, 3), names) for x in xs)
            body += field(4, layer.name) + field(5, V1_TYPES[layer.kind][1])
            out += field(2, body + b"".join(field(6, b) for b in blobs))
        else:
            body = field(1, layer.name) + field(2, layer.kind)
            body += b"".join(field(n, x) for n, xs in zip((3, 4), names) for x in xs)
            out += field(100, body + b"".join(field(7, b) for b in blobs))
    return out


def files(net, form, v1=False, **more):
    """{file name: bytes}"""
    return {net.name + ".prototxt": prototxt(net, form, v1).encode(), net.name + ".caffemodel": caffemodel(net, v1, **more)}
