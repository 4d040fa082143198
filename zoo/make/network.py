# SPDX-License-Identifier: Apache-2.0
"""A network as a list of Caffe layers: built, run, trained."""
import numpy as np

import layers


class Layer:
    def __init__(self, name, kind, bottoms, tops, params, blobs):
        self.name, self.kind, self.bottoms, self.tops = name, kind, bottoms, tops
        self.params, self.blobs = params, blobs


class Network:
    """Layers are added in order; a layer whose top is its bottom works in place, as in Caffe."""

    def __init__(self, name, input_shape, seed):
        self.name, self.input_shape, self.layers = name, input_shape, []
        self.shapes = {"data": (2,) + tuple(input_shape)}
        self.random = np.random.RandomState(seed)

    def add(self, name, kind, bottoms, top=None, **params):
        bottoms = [bottoms] if isinstance(bottoms, str) else bottoms
        top = top or name
        layer = Layer(name, kind, bottoms, [top], params, self.new_blobs(kind, bottoms, params))
        inputs = [np.zeros(self.shapes[b], np.float32) for b in bottoms]
        (y,), _ = layers.FUNCTIONS[kind](params, layer.blobs, inputs, False)
        self.shapes[top] = y.shape
        self.layers.append(layer)
        return top

    def new_blobs(self, kind, bottoms, params):
        shape = self.shapes[bottoms[0]]
        channels = shape[1]

        def he(*dims):
            return (self.random.randn(*dims) * np.sqrt(2 / np.prod(dims[1:]))).astype(np.float32)

        def filled(value, n=channels):
            return np.full(n, value, np.float32)

        if kind == "Convolution":
            p = params["convolution_param"]
            out, group = p["num_output"], p.get("group", 1)
            w = he(out, channels // group, p["kernel_size"], p["kernel_size"])
            return [w] + ([filled(0, out)] if p.get("bias_term", True) else [])
        if kind == "InnerProduct":
            p = params["inner_product_param"]
            w = he(p["num_output"], int(np.prod(shape[1:])))
            return [w] + ([filled(0, p["num_output"])] if p.get("bias_term", True) else [])
        if kind == "BatchNorm":  # sums of 999.98 batches, as Caffe leaves them
            factor = np.array([999.9824], np.float32)
            return [filled(0), filled(1) * factor, factor]
        if kind == "Scale" and len(bottoms) == 1:
            return [filled(1)] + ([filled(0)] if params.get("scale_param", {}).get("bias_term") else [])
        return [filled(0.25)] if kind == "PReLU" else []

    def run(self, x, train=False, double=False):
        """Output of the last layer, and what the way back needs."""
        kind = np.float64 if double else np.float32
        values, tape = {"data": x.astype(kind)}, []
        for layer in self.layers:
            inputs = [values[b] for b in layer.bottoms]
            blobs = [b.astype(kind) for b in layer.blobs] if double else layer.blobs
            outputs, back = layers.FUNCTIONS[layer.kind](layer.params, blobs, inputs, train)
            tape.append((layer, [id(v) for v in inputs], [id(v) for v in outputs], back, outputs))
            values.update(zip(layer.tops, outputs))
        return values[self.layers[-1].tops[0]], tape

    def gradients(self, x, labels):
        """Loss, and the gradient of every blob in the order of `parameters`."""
        y, tape = self.run(x, train=True)
        flat = y.reshape(len(labels), -1)
        grad = flat.copy()
        grad[np.arange(len(labels)), labels] -= 1
        waiting, found = {tape[-1][2][0]: grad.reshape(y.shape) / len(labels)}, {}
        for layer, inputs, outputs, back, _ in reversed(tape):
            g = [waiting.pop(o) for o in outputs]
            g_inputs, g_blobs = back(g)
            found[layer.name] = g_blobs
            for i, gi in zip(inputs, g_inputs):
                waiting[i] = waiting[i] + gi if i in waiting else gi
        loss = -np.log(flat[np.arange(len(labels)), labels] + 1e-12).mean()
        return loss, found

    def train(self, x, labels, epochs, moved=True, rate=0.003, batch=48, decay=1e-4, log=print):
        """Adam with the rate falling to nothing along half a cosine; `moved` pictures shift by a pixel."""
        state = {(l.name, i): (np.zeros_like(b), np.zeros_like(b))
                 for l in self.layers for i, b in enumerate(l.blobs)}
        steps, t = epochs * (len(x) // batch), 0
        for epoch in range(epochs):
            order, total = self.random.permutation(len(x)), 0.0
            for at in range(0, len(x) - batch + 1, batch):
                pick = order[at : at + batch]
                loss, found = self.gradients(self.augment(x[pick]) if moved else x[pick], labels[pick])
                total, t = total + loss, t + 1
                step = rate * 0.5 * (1 + np.cos(np.pi * t / steps))
                for layer in self.layers:
                    for i, g in enumerate(found[layer.name]):
                        if g is not None:
                            self.update(layer.blobs[i], g + decay * layer.blobs[i], state[layer.name, i], t, step)
            if (epoch + 1) % 10 == 0:
                log("  epoch %d, loss %.4f" % (epoch + 1, total / (len(x) // batch)))

    @staticmethod
    def update(blob, g, moments, t, step):
        m, v = moments
        m += 0.1 * (g - m)
        v += 0.001 * (g * g - v)
        blob -= (step * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)).astype(np.float32)

    def augment(self, x):
        """Each batch moved by up to one pixel."""
        dy, dx = self.random.randint(-1, 2, 2)
        return np.roll(np.roll(x, dy, 2), dx, 3)

    def accuracy(self, x, labels):
        y, _ = self.run(x)
        return float((y.reshape(len(x), -1).argmax(1) == labels).mean())
