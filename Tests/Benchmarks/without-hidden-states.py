#!/usr/bin/env python3
"""Copies a model folder and takes the hidden states out of its decoder's outputs, to measure what they cost where nobody fetches them:

    python3 Tests/Benchmarks/without-hidden-states.py MODEL COPY
    mobilevlm bench --model MODEL --only prefill,decode --json > with.json
    mobilevlm bench --model COPY --only prefill,decode --compare-to with.json

Large files are hard links, so both folders must be on one file system.
"""
import hashlib
import json
import os
import sys

GRAPHS = ("decoder.onnx", "prefill.onnx")
GRAPH_FIELD, OUTPUT_FIELD, NAME_FIELD = 7, 12, 1  # ModelProto.graph, GraphProto.output, ValueInfoProto.name


def is_hidden(name):
    return name == "last_hidden_state" or name.startswith("hidden_states.")


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def written(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


def fields(data):
    """Yields the number, the content (None where it has no length) and the whole bytes of each field."""
    at = 0
    while at < len(data):
        begin = at
        tag, at = varint(data, at)
        kind = tag & 7
        content = None
        if kind == 0:
            _, at = varint(data, at)
        elif kind == 2:
            size, at = varint(data, at)
            content = data[at:at + size]
            at += size
        else:
            at += {1: 8, 5: 4}[kind]
        yield tag >> 3, content, data[begin:at]


def name_of(value_info):
    return next(content.decode() for number, content, _ in fields(value_info) if number == NAME_FIELD)


def stripped(model):
    out = bytearray()
    for number, content, whole in fields(model):
        if number == GRAPH_FIELD:
            graph = b"".join(part for field, inner, part in fields(content) if not (field == OUTPUT_FIELD and is_hidden(name_of(inner))))
            whole = written(GRAPH_FIELD << 3 | 2) + written(len(graph)) + graph
        out += whole
    return bytes(out)


def main(source, target):
    os.mkdir(target)
    with open(os.path.join(source, "model.json"), encoding="utf-8") as file:
        manifest = json.load(file)
    for entry in manifest["files"]:
        path = entry["path"]
        if path not in GRAPHS:
            os.link(os.path.join(source, path), os.path.join(target, path))
            continue
        with open(os.path.join(source, path), "rb") as file:
            content = stripped(file.read())
        with open(os.path.join(target, path), "wb") as file:
            file.write(content)
        entry["size"], entry["sha256"] = len(content), hashlib.sha256(content).hexdigest()
        outputs = manifest["signatures"][path]["outputs"]
        manifest["signatures"][path]["outputs"] = [output for output in outputs if not is_hidden(output["name"])]
    with open(os.path.join(target, "model.json"), "w", encoding="utf-8") as file:
        json.dump(manifest, file)


if len(sys.argv) != 3:
    sys.exit(__doc__)
main(sys.argv[1], sys.argv[2])
