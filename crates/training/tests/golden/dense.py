"""Writes dense.json: what PyTorch makes of the dense network, for `src/dense/parity.rs`.

    pip install torch numpy onnx
    python crates/training/tests/golden/dense.py

Weights of the decoder, maps and labels are made of whole numbers by a formula, so that both sides
compute the same network without a file of weights. Tensors are compared in the order of the Rust code:
a 1x1 convolution is [inputs, outputs], a 3x3 one [rows, columns, inputs, outputs], a depthwise one
[taps, channels].
"""

import json
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper

HERE = Path(__file__).parent
NETWORK = HERE.parents[3] / "weights/efficientnet_lite0_f16.onnx"
HEIGHT, WIDTH, IMAGES, CLASSES = 64, 96, 2, 3
WIDTHS, MAPS = [96, 64, 32], [(4, 24), (8, 40), (16, 80)]
# Kernel, stride and whether the input is added, of blocks 8 to 15.
BLOCKS = [(5, 1, 0), (5, 1, 1), (5, 1, 1), (5, 2, 0), (5, 1, 1), (5, 1, 1), (5, 1, 1), (3, 1, 0)]


def pattern(count, first=0):
    """Numbers from -1 to 1."""
    return ((np.arange(first, first + count, dtype=np.int64) * 7919) % 1009) / 504.5 - 1.0


class Numbers:
    """Named tensors in the order and the layout of the Rust code, with a view for PyTorch of each."""

    def __init__(self):
        self.parts = []

    def add(self, name, values):
        tensor = torch.tensor(np.ascontiguousarray(values, dtype=np.float32), requires_grad=True)
        self.parts.append((name, tensor))
        return tensor

    def pointwise(self, name, inputs, outputs):
        bound = 1 / np.sqrt(inputs)
        weight = self.add(f"{name}.weight", bound * pattern(inputs * outputs).reshape(inputs, outputs))
        bias = self.add(f"{name}.bias", bound * pattern(outputs, 3))
        return lambda x: F.conv2d(x, weight.T[:, :, None, None], bias)


def tail(numbers):
    stored = {t.name: numpy_helper.to_array(t).astype(np.float32) for t in onnx.load(NETWORK).graph.initializer}
    blocks = []
    for number, (kernel, stride, adds) in zip(range(8, 16), BLOCKS):
        weights = []
        for layer in ["expand", "depthwise", "project"]:
            name = f"block{number}.{layer}"
            weight = stored[f"{name}.weight"]
            weights.append(numbers.add(f"{name}.weight", weight.reshape(weight.shape[0], -1).T))
            weights.append(numbers.add(f"{name}.bias", stored[f"{name}.bias"]))

        def block(x, w=weights, kernel=kernel, stride=stride, adds=adds):
            y = F.relu6(F.conv2d(x, w[0].T[:, :, None, None], w[1]))
            total = (kernel - 1) if stride == 1 else (kernel - 2)
            before = total // 2
            y = F.pad(y, (before, total - before, before, total - before))
            depthwise = w[2].T.reshape(-1, 1, kernel, kernel)
            y = F.relu6(F.conv2d(y, depthwise, w[3], stride, groups=depthwise.shape[0]))
            y = F.conv2d(y, w[4].T[:, :, None, None], w[5])
            return x + y if adds else y

        blocks.append(block)
    return blocks


def network(numbers):
    blocks = tail(numbers)
    top = numbers.pointwise("decoder.top", 320, WIDTHS[0])
    levels, before = [], WIDTHS[0]
    for index, (channels, inputs) in enumerate(zip(WIDTHS, [112, 40, 24])):
        name = f"decoder.{index}"
        reduce = numbers.pointwise(f"{name}.reduce", before, channels) if before != channels else lambda x: x
        lateral = numbers.pointwise(f"{name}.lateral", inputs, channels)
        kernel = pattern(9 * channels * channels).reshape(3, 3, channels, channels) / np.sqrt(9 * channels)
        kernel = numbers.add(f"{name}.conv.weight", kernel)
        gamma = numbers.add(f"{name}.norm.weight", 1 + 0.2 * pattern(channels, 5))
        beta = numbers.add(f"{name}.norm.bias", 0.2 * pattern(channels, 7))

        def level(x, m, reduce=reduce, lateral=lateral, kernel=kernel, gamma=gamma, beta=beta, c=channels):
            x = lateral(m) + F.interpolate(reduce(x), scale_factor=2, mode="nearest")
            x = F.conv2d(x, kernel.permute(3, 2, 0, 1), None, padding=1)
            return F.relu(F.group_norm(x, c // 8, gamma, beta, 1e-5))

        levels.append(level)
        before = channels
    head = numbers.pointwise("head", before, CLASSES)

    def run(maps):
        x, stage_5 = maps[2], None
        for index, block in enumerate(blocks):
            x = block(x)
            if index == 2:
                stage_5 = x
        x = top(x)
        for level, m in zip(levels, [stage_5, maps[1], maps[0]]):
            x = level(x, m)
        return head(x)

    return run


def inputs():
    maps = []
    for stage, (stride, channels) in enumerate(MAPS):
        shape = (IMAGES, HEIGHT // stride, WIDTH // stride, channels)
        values = (2 * pattern(int(np.prod(shape)), 11 * stage)).astype(np.float16).astype(np.float32)
        maps.append(torch.tensor(values.reshape(shape)).permute(0, 3, 1, 2))
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    # The second image is labeled in part: its class 3 stands for no label.
    labels = [(3 * x + 5 * y) // 16 % CLASSES, (5 * x + 3 * y) // 24 % (CLASSES + 1)]
    shares = F.one_hot(torch.tensor(np.stack(labels)), CLASSES + 1).permute(0, 3, 1, 2).float()
    shares = F.avg_pool2d(shares, 4)[:, :CLASSES]
    weights = shares.sum(1)
    return maps, shares / weights.clamp_min(1e-9)[:, None], weights


def loss_of(logits, shares, weights):
    log_p = F.log_softmax(logits, 1)
    cells = weights[0].numel()
    labeled = weights.sum((1, 2)).clamp_min(cells / 16)
    entropy = -(weights * (shares * log_p).sum(1)).sum((1, 2)) / labeled
    p, q, w = log_p.exp()[:, 1:], shares[:, 1:], weights[:, None]
    both, claimed, there = ((w * value).sum((2, 3)) for value in (p * q, p, q))
    dice = (1 - (2 * both + 1) / (claimed + there + 1)).mean(1)
    return (entropy + dice).mean()


def adam():
    """Numbers after each of three steps of AdamW."""
    numbers = torch.tensor([1.0, -2.0, 0.5], requires_grad=True)
    optimiser = torch.optim.AdamW([numbers], lr=0.1, betas=(0.9, 0.99), weight_decay=0.01)
    found = []
    for gradient in [[0.3, -1.0, 0.02], [0.1, 2.0, -0.02], [-0.4, 0.5, 0.3]]:
        numbers.grad = torch.tensor(gradient)
        optimiser.step()
        found.append(numbers.tolist())
    return found


def main():
    torch.set_num_threads(1)
    numbers = Numbers()
    run = network(numbers)
    maps, shares, weights = inputs()
    logits = run(maps)
    loss = loss_of(logits, shares, weights)
    loss.backward()
    gradients = []
    for name, tensor in numbers.parts:
        gradient = tensor.grad.numpy().ravel().astype(np.float64)
        gradients.append(
            {
                "name": name,
                "length": float(np.sqrt((gradient**2).sum())),
                "projection": float((gradient * pattern(gradient.size)).sum()),
                "some": [float(v) for v in gradient[:: max(1, gradient.size // 5)][:5]],
            }
        )
    golden = {
        "loss": loss.item(),
        "logits": [round(v, 6) for v in logits.detach().permute(0, 2, 3, 1).ravel().tolist()],
        "gradients": gradients,
        "adam": adam(),
    }
    (HERE / "dense.json").write_text(json.dumps(golden, indent=0) + "\n")
    print(f"loss {loss.item():.6f}, {len(gradients)} tensors")


if __name__ == "__main__":
    main()
