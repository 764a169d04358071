#!/usr/bin/env python3
"""Writes a checkpoint in float32 again with its matrices rounded to a block type of ggml, as its reference quantizer rounds them
(blocks of 32 along the inputs, a scale in float16). A tied head and the embeddings have Q8_0.
usage: ggml-rounding.py CHECKPOINT OUT q4_0|q4_1|q5_0|q8_0      needs numpy"""
import json
import os
import shutil
import struct
import sys

import numpy as np

source, out, kind = sys.argv[1:4]


def symmetric(blocks, bits):
    """The value of the largest magnitude becomes the lowest code."""
    at = np.abs(blocks).argmax(axis=1)
    half = 1 << (bits - 1)
    scale = np.take_along_axis(blocks, at[:, None], 1) / -half
    inverse = np.divide(1, scale, out=np.zeros_like(scale), where=scale != 0)
    codes = np.clip(np.floor(blocks * inverse + half + 0.5), 0, 2 * half - 1)
    return (codes - half) * scale.astype(np.float16).astype(np.float32)


def q4_1(blocks):
    low, high = blocks.min(axis=1, keepdims=True), blocks.max(axis=1, keepdims=True)
    scale = (high - low) / 15
    inverse = np.divide(1, scale, out=np.zeros_like(scale), where=scale != 0)
    codes = np.clip(np.floor((blocks - low) * inverse + 0.5), 0, 15)
    return codes * scale.astype(np.float16).astype(np.float32) + low.astype(np.float16).astype(np.float32)


def q8_0(blocks):
    scale = np.abs(blocks).max(axis=1, keepdims=True) / 127
    inverse = np.divide(1, scale, out=np.zeros_like(scale), where=scale != 0)
    return np.rint(blocks * inverse) * scale.astype(np.float16).astype(np.float32)


ROUND = {"q4_0": lambda b: symmetric(b, 4), "q5_0": lambda b: symmetric(b, 5), "q4_1": q4_1, "q8_0": q8_0}
os.makedirs(out, exist_ok=True)
for name in os.listdir(source):
    shutil.copy(os.path.join(source, name), out)
path = os.path.join(out, "model.safetensors")
with open(path, "r+b") as file:
    length = struct.unpack("<Q", file.read(8))[0]
    header = json.loads(file.read(length))
data = np.memmap(path, np.uint8, "r+", offset=8 + length)
for name, tensor in header.items():
    if name == "__metadata__" or len(tensor["shape"]) != 2:
        continue
    begin, end = tensor["data_offsets"]
    values = np.frombuffer(data[begin:end].tobytes(), np.float32)
    rounded = ROUND[kind if name.startswith("model.layers.") else "q8_0"](values.reshape(-1, 32))
    data[begin:end] = np.frombuffer(rounded.astype(np.float32).tobytes(), np.uint8)
data.flush()
