"""Speed and quality of learning to segment beside PyTorch: labels in, new network out, on the same processor.

    cargo xtask bench dense_round FOLDER

FOLDER is one that the example `segmentation` of the crate `workflow` reads. That example learns from some
labeled images of it; PyTorch then learns from the same ones with the same network, first weights, loss,
optimiser, rates, steps, batch and threads, in two ways, its answers measured in the same way:

- maps kept: the frozen stages run once on some augmented views of each image, as in ours;
- fresh views: every step draws new views and runs the frozen stages on them, the ordinary way.

Views and the decoder's first weights are drawn as in ours, but from other random numbers, so that Dice on the
test images is near and not the same. That the network is the same is held by giving PyTorch our trained weights
and comparing the logits of a test image. A round is views, frozen stages and steps; reading files, loading the
network and starting programs is timed on neither side. The defaults are those of a first training in the app.
PyTorch keeps channels last, faster here than its default order, and uses its fused AdamW. All run one after
another; nothing else should run at the same time.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper
from PIL import Image
from torch import nn

ROOT = Path(__file__).resolve().parent.parent
NETWORK = ROOT / "weights/efficientnet_lite0_f16.onnx"
FROZEN_BLOCKS, TRAINED_BLOCKS = range(8), range(8, 16)
# The last blocks of stages 2, 3 and 4, whose maps are kept, and of stage 5.
KEPT_BLOCKS, STAGE_5 = (2, 4, 7), 10
WIDTHS, LATERALS, TOP_CHANNELS = [96, 64, 32], [112, 40, 24], 320
TAIL_RATE, DECODER_RATE, WEIGHT_DECAY, BETAS = 3e-4, 2e-3, 1e-2, (0.9, 0.99)
LONGEST_GRADIENT, WARM_UP = 1.0, 0.05
# Pictures that go through the frozen stages together; more take longer each.
TOGETHER = 4
# Length of the difference of both logits over that of ours; the maps are rounded to 16 bits on both sides.
MOST_DIFFERENCE = 0.01


class Clock:
    """Seconds and processor seconds of each part, added up."""

    def __init__(self):
        self.parts = {"maps": np.zeros(2), "steps": np.zeros(2), "answers": np.zeros(2)}
        self.last = self.now()

    @staticmethod
    def now():
        return np.array([time.perf_counter(), time.process_time()])

    def lap(self, part: str) -> None:
        now = self.now()
        self.parts[part] += now - self.last
        self.last = now


# ---- The network ----


class UnevenlyPadded(nn.Conv2d):
    """TensorFlow's padding of a layer that halves its map: one more row below, one more column right."""

    def forward(self, x):
        return super().forward(F.pad(x, (0, 1, 0, 1)))


def pretrained_layers() -> dict:
    """The convolutions of our network file by name; batch normalisation is folded into their weights."""
    graph = onnx.load(NETWORK).graph
    stored = {t.name: numpy_helper.to_array(t).astype(np.float32) for t in graph.initializer}
    layers = {}
    for node in graph.node:
        if node.op_type == "Conv":
            of = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            weight = torch.tensor(stored[f"{node.name}.weight"])
            outputs, inputs, kernel, _ = weight.shape
            before, _, after, _ = of["pads"]
            kind = nn.Conv2d if before == after else UnevenlyPadded
            layer = kind(inputs * of["group"], outputs, kernel, of["strides"], before, groups=of["group"])
            layer.weight.data, layer.bias.data = weight, torch.tensor(stored[f"{node.name}.bias"])
            layers[node.name] = layer
    return layers


class Bottleneck(nn.Module):
    def __init__(self, layers: dict, number: int):
        super().__init__()
        # The first block of the network does not widen its map.
        self.expand = layers.get(f"block{number}.expand")
        self.depthwise = layers[f"block{number}.depthwise"]
        self.project = layers[f"block{number}.project"]
        inputs = (self.expand or self.depthwise).in_channels
        self.adds_input = self.depthwise.stride == (1, 1) and inputs == self.project.out_channels

    def forward(self, x):
        y = F.relu6(self.expand(x), inplace=True) if self.expand else x
        y = F.relu6(self.depthwise(y), inplace=True)
        y = self.project(y)
        return x + y if self.adds_input else y


class FrozenStages(nn.Module):
    def __init__(self, layers: dict):
        super().__init__()
        self.stem = layers["stem"]
        self.blocks = nn.ModuleList(Bottleneck(layers, number) for number in FROZEN_BLOCKS)

    @torch.no_grad()
    def forward(self, pictures):
        """The maps of stages 2, 3 and 4 of pictures with values from 0 to 255."""
        x = F.relu6(self.stem((pictures - 127) / 128), inplace=True)
        maps = []
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in KEPT_BLOCKS:
                maps.append(x)
        return maps


class Level(nn.Module):
    """One step of the decoder."""

    def __init__(self, before: int, lateral: int, channels: int):
        super().__init__()
        self.reduce = nn.Conv2d(before, channels, 1) if before != channels else None
        self.lateral = nn.Conv2d(lateral, channels, 1)
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.GroupNorm(channels // 8, channels)

    def forward(self, before, lateral):
        before = self.reduce(before) if self.reduce else before
        x = self.lateral(lateral) + F.interpolate(before, scale_factor=2, mode="nearest")
        return F.relu(self.norm(self.conv(x)), inplace=True)


class DenseNetwork(nn.Module):
    """All that is trained. The parameters are named as in the files of the app."""

    def __init__(self, layers: dict, classes: int):
        super().__init__()
        for number in TRAINED_BLOCKS:
            self.add_module(f"block{number}", Bottleneck(layers, number))
        # PyTorch's first weights of a convolution are drawn as ours are.
        self.decoder = nn.ModuleDict({"top": nn.Conv2d(TOP_CHANNELS, WIDTHS[0], 1)})
        for index, sizes in enumerate(zip([WIDTHS[0], *WIDTHS], LATERALS, WIDTHS)):
            self.decoder[str(index)] = Level(*sizes)
        self.head = nn.Conv2d(WIDTHS[-1], classes, 1)

    def forward(self, maps):
        stage_2, stage_3, x = maps
        for number in TRAINED_BLOCKS:
            x = self.get_submodule(f"block{number}")(x)
            if number == STAGE_5:
                stage_5 = x
        x = self.decoder["top"](x)
        for index, lateral in enumerate([stage_5, stage_3, stage_2]):
            x = self.decoder[str(index)](x, lateral)
        return self.head(x)

    def load(self, file: Path) -> None:
        """Takes the weights of a file of the app, whose layers keep their channels last."""
        content = file.read_bytes()
        start = 8 + int.from_bytes(content[:8], "little")
        header = json.loads(content[8:start])
        names = {name for name, _ in self.named_parameters()}
        assert names == set(header) - {"__metadata__"}, names ^ set(header)
        for name, parameter in self.named_parameters():
            first, last = (start + offset for offset in header[name]["data_offsets"])
            values = np.frombuffer(content[first:last], "<f4").reshape(header[name]["shape"])
            values = values.transpose(3, 2, 0, 1) if values.ndim == 4 else values.T
            parameter.data.copy_(torch.tensor(values.copy()).reshape(parameter.shape))


def channels_last(module: nn.Module) -> nn.Module:
    return module.to(memory_format=torch.channels_last)


# ---- Images ----


def read(folder: Path) -> dict:
    """Each image, `[3, rows, columns]`, and its classes, `[rows, columns]`, by split and file."""
    header, *lines = (line.split(",") for line in (folder / "index.csv").read_text().splitlines())
    images = {}
    for line in lines:
        of = dict(zip(header, line))
        picture = np.array(Image.open(folder / of["file"]).convert("RGB"))
        labels = np.array(Image.open(folder / of["mask"]).convert("L"))
        if labels.max() > 2:
            labels = (labels > 127).astype(np.uint8)
        pair = torch.tensor(picture).permute(2, 0, 1), torch.tensor(labels)
        images.setdefault(of["split"], {})[of["file"]] = pair
    return images


def augmented(image, side: int, classes: int, luck):
    """A view of an image as `AugmentRange::default` draws them, and the share of each class in its cells."""
    picture, labels = image[0][None].float(), image[1][None, None].float()
    rows, columns = labels.shape[2:]
    scale = min(side / rows, side / columns) * np.exp(luck.uniform(np.log(0.75), np.log(1.33)))
    stretch = np.exp(luck.uniform(-0.5, 0.5) * np.log(1.1))
    angle = np.radians(luck.uniform(-15, 15)) + luck.integers(4) * np.pi / 2
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    view_from_source = turn @ np.diag([scale * stretch * luck.choice([-1, 1]), scale / stretch])
    shift = luck.uniform(-0.1, 0.1, 2) * side
    # Both in units of half their sides, counted from the middle, as `affine_grid` wants them.
    source_from_view = np.linalg.inv(view_from_source) @ np.column_stack([np.eye(2) * side / 2, -shift])
    theta = torch.tensor(np.diag([2 / columns, 2 / rows]) @ source_from_view, dtype=torch.float32)
    grid = F.affine_grid(theta[None], (1, 3, side, side), align_corners=False)
    if scale < 2 / 3:
        size = [round(rows * scale * 1.5), round(columns * scale * 1.5)]
        picture = F.interpolate(picture, size, mode="bilinear", antialias=True)
    x = F.grid_sample(picture, grid, padding_mode="reflection", align_corners=False)[0]
    labels = F.grid_sample(labels, grid, "nearest", "reflection", align_corners=False)[0, 0]
    return recoloured(x, luck), cell_shares(labels.long(), classes)


def recoloured(x, luck):
    saturation, contrast, brightness = 1 + luck.uniform(-1, 1, 3) * [0.3, 0.25, 0.2]
    gains = torch.tensor(brightness * (1 + luck.uniform(-0.08, 0.08, 3)), dtype=torch.float32)[:, None, None]
    grey = x.mean(0, keepdim=True)
    x = grey + saturation * (x - grey)
    mean = x.mean((1, 2), keepdim=True)
    x = gains * (mean + contrast * (x - mean))
    return 255 * (x / 255).clamp(0, 1) ** float(np.exp(luck.uniform(-0.25, 0.25)))


def cell_shares(labels, classes: int):
    return F.avg_pool2d(F.one_hot(labels, classes).permute(2, 0, 1).float(), 4)


def views_of(images: list, arguments, luck):
    views = [augmented(image, arguments.side, arguments.classes, luck) for image in images]
    pictures, shares = (torch.stack(values) for values in zip(*views))
    return pictures.contiguous(memory_format=torch.channels_last), shares


# ---- Learning ----


def draws(luck, images: int, batch: int, steps: int):
    """The images of each step; none comes again before all have come."""
    passes = [luck.permutation(images) for _ in range(steps * batch // images + 1)]
    return np.concatenate(passes)[: steps * batch].reshape(steps, batch)


def maps_kept(frozen, images: list, arguments, luck, clock):
    """The batches of all steps, from maps and targets of some views of each image."""
    repeated = [image for image in images for _ in range(arguments.views)]
    maps_of, shares_of = [], []
    for first in range(0, len(repeated), TOGETHER):
        some = repeated[first : first + TOGETHER]
        pictures, shares = views_of(some, arguments, luck)
        # The channels run fastest in what is kept, 16 bits each, as in ours.
        maps_of.append([stage.permute(0, 2, 3, 1).half() for stage in frozen(pictures)])
        shares_of.append(shares)
    maps, shares = [torch.cat(stage) for stage in zip(*maps_of)], torch.cat(shares_of)
    clock.lap("maps")
    for chosen in draws(luck, len(images), arguments.batch, arguments.steps):
        chosen = torch.tensor(chosen * arguments.views + luck.integers(arguments.views, size=len(chosen)))
        yield [stage[chosen].permute(0, 3, 1, 2).float() for stage in maps], shares[chosen]


def fresh_views(frozen, images: list, arguments, luck, clock):
    """The batches of all steps, each of new views."""
    for chosen in draws(luck, len(images), arguments.batch, arguments.steps):
        pictures, shares = views_of([images[index] for index in chosen], arguments, luck)
        maps = frozen(pictures)
        clock.lap("maps")
        yield maps, shares


def loss_of(logits, shares):
    """Cross-entropy, and one minus the soft Dice of all classes but the first."""
    log_p = F.log_softmax(logits, 1)
    p, q = log_p.exp()[:, 1:], shares[:, 1:]
    both, claimed, there = (values.sum((2, 3)) for values in (p * q, p, q))
    dice = (2 * both + 1) / (claimed + there + 1)
    return -(shares * log_p).sum(1).mean() + (1 - dice).mean()


def train(network, batches, steps: int, clock) -> None:
    tail, decoder = [], []
    for name, parameter in network.named_parameters():
        (tail if name.startswith("block") else decoder).append(parameter)
    groups = [{"params": tail, "rate": TAIL_RATE}, {"params": decoder, "rate": DECODER_RATE}]
    optimiser = torch.optim.AdamW(groups, betas=BETAS, weight_decay=WEIGHT_DECAY, fused=True)
    for step, (maps, shares) in enumerate(batches):
        rise = min((step + 1) / max(WARM_UP * steps, 1), 1)
        for group in optimiser.param_groups:
            group["lr"] = group["rate"] * rise * 0.5 * (1 + np.cos(np.pi * step / steps))
        optimiser.zero_grad()
        loss_of(network(maps), shares).backward()
        nn.utils.clip_grad_norm_(tail + decoder, LONGEST_GRADIENT)
        optimiser.step()
        clock.lap("steps")


@torch.no_grad()
def logits_of(frozen, network, pictures):
    maps = frozen(pictures.contiguous(memory_format=torch.channels_last))
    return network([stage.half().float() for stage in maps])


def test_dice(frozen, network, images: list, side: int, classes: int) -> float:
    """Dice of each class but the first, averaged over the images that have it or claim it, then over classes."""
    found = []
    for first in range(0, len(images), TOGETHER):
        some = images[first : first + TOGETHER]
        pictures = [Image.fromarray(picture.permute(1, 2, 0).numpy()) for picture, _ in some]
        pictures = [np.array(p.resize((side, side), Image.Resampling.BILINEAR)) for p in pictures]
        pictures = torch.tensor(np.stack(pictures)).permute(0, 3, 1, 2).float()
        for logits, (_, labels) in zip(logits_of(frozen, network, pictures), some):
            claimed = F.interpolate(logits[None], labels.shape, mode="bilinear", align_corners=False)[0].argmax(0)
            for_class = []
            for value in range(1, classes):
                c, t = claimed == value, labels == value
                total = (c.sum() + t.sum()).item()
                for_class.append(2 * (c & t).sum().item() / total if total else np.nan)
            found.append(for_class)
    return float(np.nanmean(found, axis=0).mean())


# ---- Both sides ----


def ours(arguments, seed: int, out: Path) -> dict:
    """The report of the example `segmentation`."""
    build = ["cargo", "build", "--release", "--locked", "--quiet", "--package", "autolabel-workflow"]
    subprocess.run([*build, "--example", "segmentation"], cwd=ROOT, check=True)
    program = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "release/examples/segmentation"
    values = {"n": arguments.labels, "seed": seed, "out": out}
    values |= {name: getattr(arguments, name) for name in ["side", "steps", "batch", "views", "threads"]}
    words = [program, arguments.folder, *(f"{name}={value}" for name, value in values.items())]
    subprocess.run(words, stdout=sys.stderr, check=True)
    report = json.loads((out / "report.json").read_text())
    parts = {part: np.array(report[f"{part}_secs"]) for part in ["maps", "steps", "answers"]}
    return {**report, "parts": parts}


def difference_of_logits(out: Path, side: int, classes: int) -> float:
    """Of PyTorch with our trained weights to ours: the length of the difference over that of ours."""
    layers = pretrained_layers()
    network = DenseNetwork(layers, classes)
    network.load(out / "network.safetensors")
    picture = torch.tensor(np.fromfile(out / "picture.f32", "<f4")).reshape(1, 3, side, side)
    theirs = logits_of(FrozenStages(layers), network, picture).permute(0, 2, 3, 1).ravel()
    own = torch.tensor(np.fromfile(out / "logits.f32", "<f4"))
    return float((theirs - own).norm() / own.norm())


def peer(batches, images: dict, files: list, arguments, seed: int) -> dict:
    """PyTorch learning from batches that `maps_kept` or `fresh_views` gives."""
    torch.manual_seed(seed)
    layers = pretrained_layers()
    frozen = channels_last(FrozenStages(layers))
    network = channels_last(DenseNetwork(layers, arguments.classes))
    learnt = [images["pool"][file] for file in files]
    clock = Clock()
    batches = batches(frozen, learnt, arguments, np.random.default_rng(seed), clock)
    train(network, batches, arguments.steps, clock)
    dice = test_dice(frozen, network, list(images["test"].values()), arguments.side, arguments.classes)
    clock.lap("answers")
    return {"parts": clock.parts, "dice": dice}


def table(reports: dict) -> None:
    """Means over the seeds; ratios are of seconds on the clock to those of ours."""
    print("| | views, frozen stages | steps | round: both | answers for the test images | Dice |")
    print("|---|---|---|---|---|---|")
    means = {}
    for name, of_seeds in reports.items():
        mean = {part: np.mean([r["parts"][part] for r in of_seeds], axis=0) for part in of_seeds[0]["parts"]}
        means[name] = [mean["maps"], mean["steps"], mean["maps"] + mean["steps"], mean["answers"]]
    for name, parts in means.items():
        pairs = zip(parts, means["ours"])
        cells = [f"{secs:.1f} s ({cpu:.1f} s), x {secs / own:.2f}" for (secs, cpu), (own, _) in pairs]
        dice = [report["dice"] for report in reports[name]]
        spread = f" ({min(dice):.4f} to {max(dice):.4f})" if len(dice) > 1 else ""
        print(f"| {name} | {' | '.join(cells)} | {np.mean(dice):.4f}{spread} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path, help="images, masks and index.csv with the columns file, mask, split")
    parser.add_argument("--labels", type=int, default=60, help="labeled images to learn from")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--side", type=int, default=256, help="pixels of what the network sees")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--views", type=int, default=6, help="kept of each image")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    images = read(arguments.folder)
    arguments.classes = max(int(labels.max()) for split in images.values() for _, labels in split.values()) + 1
    ways = {"PyTorch, maps kept": maps_kept, "PyTorch, fresh views": fresh_views}
    reports = {name: [] for name in ["ours", *ways]}
    for seed in arguments.seeds:
        with tempfile.TemporaryDirectory() as folder:
            mine = ours(arguments, seed, Path(folder))
            difference = difference_of_logits(Path(folder), arguments.side, arguments.classes)
        told(f"seed {seed}: our weights in PyTorch give our logits but for {difference:.1e} of their length")
        assert difference < MOST_DIFFERENCE, "the networks differ"
        reports["ours"].append(mine)
        for name, batches in ways.items():
            found = peer(batches, images, mine["files"], arguments, seed)
            told(f"seed {seed}: {name}: Dice {found['dice']:.4f}, seconds and processor seconds {found['parts']}")
            reports[name].append(found)
    print(f"\n### {arguments.folder.name}: {arguments.labels} labels, {arguments.steps} steps of {arguments.batch}\n")
    table(reports)
    print(f"\nSeconds on the clock (of processors), x those of ours; means of {len(arguments.seeds)} seeds, "
          f"{len(images['test'])} test images, {arguments.threads} threads, PyTorch {torch.__version__}, "
          f"our frozen stages by {reports['ours'][0]['engine']}.")


def told(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
