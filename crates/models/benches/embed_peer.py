#!/usr/bin/env python3
"""The Python pipeline that `beside_python.rs` compares with: decode, resize, run the network.

Reads a list of image files (one path a line), decodes them ahead on a pool of threads, runs ONNX
Runtime on batches of 16, and prints images per second and per second of CPU time. Importing the
packages and loading the network are not counted.
"""

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime

SIDE = 224
BATCH = 16
OUTPUTS = ["stage4", "stage5", "stage6", "stage7", "head"]  # DEFAULT_OUTPUTS of the crate


def opencv_reader(threads):
    import cv2

    cv2.setNumThreads(1)  # the pool is the parallelism; OpenCV's own threads only get in its way

    def read(path):
        image = cv2.imread(path, cv2.IMREAD_COLOR)
        height, width = image.shape[:2]
        smaller = height > SIDE and width > SIDE
        method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        return cv2.cvtColor(cv2.resize(image, (SIDE, SIDE), interpolation=method), cv2.COLOR_BGR2RGB)

    return read


def pillow_reader(_threads):
    from PIL import Image

    def read(path):
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR))

    return read


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network")
    parser.add_argument("list", type=Path)
    parser.add_argument("--decoder", choices=["opencv", "pillow"], default="opencv")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--features", type=Path, help="file for the features as little-endian f32")
    arguments = parser.parse_args()

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = arguments.threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(
        arguments.network, options, providers=["CPUExecutionProvider"]
    )
    read = {"opencv": opencv_reader, "pillow": pillow_reader}[arguments.decoder](arguments.threads)
    files = arguments.list.read_text(encoding="utf-8").splitlines()

    def tensor(path):
        return ((read(path).astype(np.float32) - 127.0) / 128.0).transpose(2, 0, 1)

    start, start_cpu = time.perf_counter(), time.process_time()
    rows = []
    with ThreadPoolExecutor(arguments.threads) as pool:
        tensors = pool.map(tensor, files)
        for first in range(0, len(files), BATCH):
            count = min(BATCH, len(files) - first)
            batch = np.stack([next(tensors) for _ in range(count)])
            rows.append(np.concatenate(session.run(OUTPUTS, {"image": batch}), axis=1))
    elapsed, elapsed_cpu = time.perf_counter() - start, time.process_time() - start_cpu
    if arguments.features:
        np.concatenate(rows).astype("<f4").tofile(arguments.features)
    print(len(files) / elapsed, len(files) / elapsed_cpu)


if __name__ == "__main__":
    main()
