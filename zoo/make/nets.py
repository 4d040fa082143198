# SPDX-License-Identifier: Apache-2.0
"""The networks that ship, each in another style."""
from network import Network


def conv(net, name, bottom, out, kernel, pad=0, stride=1, group=1, bias=True):
    p = {"num_output": out, "kernel_size": kernel}
    for key, value, default in (("pad", pad, 0), ("stride", stride, 1), ("group", group, 1), ("bias_term", bias, True)):
        if value != default:
            p[key] = value
    return net.add(name, "Convolution", bottom, convolution_param=p)


def relu(net, bottom):
    return net.add(bottom + "/relu", "ReLU", bottom, top=bottom)


def dense(net, name, bottom, out):
    return net.add(name, "InnerProduct", bottom, inner_product_param={"num_output": out})


def normed(net, name, bottom, out, kernel, activate=True, **more):
    """Convolution without bias, BatchNorm, Scale, ReLU, all in place."""
    top = conv(net, name, bottom, out, kernel, bias=False, **more)
    net.add(name + "/bn", "BatchNorm", top, top=top, batch_norm_param={"eps": 1e-4})
    net.add(name + "/scale", "Scale", top, top=top, scale_param={"bias_term": True})
    return relu(net, top) if activate else top


def pool(net, name, bottom, kernel, stride, kind="MAX", pad=0):
    p = {"pool": kind, "kernel_size": kernel, "stride": stride}
    if pad:
        p["pad"] = pad
    return net.add(name, "Pooling", bottom, pooling_param=p)


def average(net, name, bottom):
    return net.add(name, "Pooling", bottom, pooling_param={"pool": "AVE", "global_pooling": True})


def lenet(seed):
    """Two convolutions, two pools that round up, two fully connected layers."""
    net = Network("digits_lenet", (1, 8, 8), seed)
    x = conv(net, "conv1", "data", 16, 3, pad=1)
    x = pool(net, "pool1", x, 3, 2)
    x = conv(net, "conv2", x, 32, 3, pad=1)
    x = pool(net, "pool2", x, 2, 2)
    x = relu(net, dense(net, "ip1", x, 64))
    net.add("prob", "Softmax", dense(net, "ip2", x, 10))
    return net


def resnet(seed):
    """Residual blocks with BatchNorm and Scale, one with a projection of stride 2."""
    net = Network("digits_resnet", (1, 8, 8), seed)
    x = normed(net, "conv1", "data", 16, 3, pad=1)
    for name, out, stride in (("res1", 16, 1), ("res2", 32, 2), ("res3", 32, 1)):
        side = x if stride == 1 else normed(net, name + "_proj", x, out, 1, activate=False, stride=stride)
        y = normed(net, name + "_a", x, out, 3, pad=1, stride=stride)
        y = normed(net, name + "_b", y, out, 3, activate=False, pad=1)
        x = relu(net, net.add(name, "Eltwise", [side, y], eltwise_param={}))
    net.add("prob", "Softmax", dense(net, "fc", average(net, "pool", x), 10))
    return net


def inception(seed):
    """Branches and Concat, LRN, pooling with padding, Dropout, a convolution as classifier."""
    net = Network("digits_inception", (1, 8, 8), seed)
    x = relu(net, conv(net, "conv1", "data", 16, 3, pad=1))
    x = net.add("norm1", "LRN", x, lrn_param={"local_size": 5, "alpha": 0.05, "beta": 0.75})
    for name, widths in (("mix1", (8, 8, 12, 4, 8, 8)), ("mix2", (12, 12, 16, 6, 12, 8))):
        a = relu(net, conv(net, name + "/1x1", x, widths[0], 1))
        b = relu(net, conv(net, name + "/3x3_reduce", x, widths[1], 1))
        b = relu(net, conv(net, name + "/3x3", b, widths[2], 3, pad=1))
        c = relu(net, conv(net, name + "/5x5_reduce", x, widths[3], 1))
        c = relu(net, conv(net, name + "/5x5", c, widths[4], 5, pad=2))
        d = pool(net, name + "/pool", x, 3, 1, pad=1)
        d = relu(net, conv(net, name + "/pool_proj", d, widths[5], 1))
        x = net.add(name + "/concat", "Concat", [a, b, c, d])
        if name == "mix1":
            x = pool(net, "pool1", x, 3, 2, kind="AVE", pad=1)
    x = average(net, "pool2", x)
    x = net.add("drop", "Dropout", x, top=x, dropout_param={"dropout_ratio": 0.2})
    net.add("prob", "Softmax", net.add("flat", "Flatten", conv(net, "classes", x, 10, 1)))
    return net


def mobilenet(seed):
    """Depthwise convolutions (group = channels), inverted residuals, PReLU at the end."""
    net = Network("digits_mobilenet", (1, 8, 8), seed)
    x = normed(net, "conv1", "data", 16, 3, pad=1)
    for i, (out, stride) in enumerate(((16, 1), (24, 2), (24, 1), (32, 1))):
        name, inner = "block%d" % (i + 1), net.shapes[x][1] * 2
        y = normed(net, name + "/expand", x, inner, 1)
        y = normed(net, name + "/dwise", y, inner, 3, pad=1, stride=stride, group=inner)
        y = normed(net, name + "/linear", y, out, 1, activate=False)
        same = stride == 1 and net.shapes[x][1] == out
        x = net.add(name, "Eltwise", [x, y], eltwise_param={"operation": "SUM"}) if same else y
    x = conv(net, "last", x, 64, 1)
    x = net.add("last/prelu", "PReLU", x, top=x)
    net.add("prob", "Softmax", dense(net, "fc", average(net, "pool", x), 10))
    return net


def senet(seed):
    """Squeeze and excitation: two blocks end in Axpy, one in a Scale with two inputs."""
    net = Network("digits_senet", (1, 8, 8), seed)
    x = normed(net, "conv1", "data", 16, 3, pad=1)
    for name, out, stride in (("se1", 16, 1), ("se2", 32, 2), ("se3", 32, 1)):
        side = x if stride == 1 else normed(net, name + "_proj", x, out, 1, activate=False, stride=stride)
        y = normed(net, name + "_a", x, out, 3, pad=1, stride=stride)
        y = normed(net, name + "_b", y, out, 3, activate=False, pad=1)
        s = relu(net, conv(net, name + "_down", average(net, name + "_pool", y), out // 4, 1))
        s = net.add(name + "_gate", "Sigmoid", conv(net, name + "_up", s, out, 1))
        if name == "se3":
            flat = net.add(name + "_flat", "Flatten", s)
            y = net.add(name + "_scale", "Scale", [y, flat], scale_param={"axis": 0})
            x = net.add(name, "Eltwise", [y, side], eltwise_param={"operation": "SUM"})
        else:
            x = net.add(name, "Axpy", [s, y, side])
        x = relu(net, x)
    net.add("prob", "Softmax", dense(net, "fc", average(net, "pool", x), 10))
    return net


def mlp(seed):
    """Fully connected layers alone, in the form of Caffe's first files."""
    net = Network("digits_mlp", (1, 8, 8), seed)
    x = net.add("tanh1", "TanH", dense(net, "ip1", "data", 64))
    x = relu(net, dense(net, "ip2", x, 32))
    x = net.add("drop2", "Dropout", x, top=x, dropout_param={"dropout_ratio": 0.2})
    net.add("prob", "Softmax", dense(net, "ip3", x, 10))
    return net


def color(seed):
    """Three channels, mean and scale of each; trained on blue, green, red."""
    net = Network("digits_color", (3, 8, 8), seed)
    x = relu(net, conv(net, "conv1", "data", 24, 3, pad=1))
    x = pool(net, "pool1", x, 2, 2)
    x = relu(net, conv(net, "conv2", x, 48, 3, pad=1))
    x = pool(net, "pool2", x, 2, 2)
    net.add("prob", "Softmax", dense(net, "fc", x, 10))
    return net


def gluon(seed):
    """A residual network with PReLU and Concat, in MXNet's files."""
    net = Network("digits_mxnet", (1, 8, 8), seed)
    x = normed(net, "conv0", "data", 16, 3, pad=1)
    x = pool(net, "pool0", x, 3, 2)
    y = normed(net, "conv1", x, 16, 3, pad=1)
    y = normed(net, "conv2", y, 16, 3, activate=False, pad=1)
    x = net.add("add1", "Eltwise", [x, y], eltwise_param={"operation": "SUM"})
    x = net.add("act1", "PReLU", x)
    side = normed(net, "side", x, 8, 1)
    x = net.add("concat", "Concat", [x, side])
    net.add("prob", "Softmax", dense(net, "fc", average(net, "pool", x), 10))
    return net
