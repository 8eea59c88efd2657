"""Writes and reads verifier.bin; src/cache/verifier/table.rs has the format."""
import math
import struct

import numpy

HEAD = "<4sHHIIdd32sH"
NODE = "<BfHHf"


def single_floor(value):
    """The largest f32 <= value: features are f32, so `x <= it` decides alike."""
    rounded = numpy.float32(value)
    if float(rounded) > value:
        rounded = numpy.nextafter(rounded, numpy.float32(-numpy.inf))
    return float(rounded)


def nodes_of(structure, scale):
    """Flattens one LightGBM tree, parents first."""
    nodes = []

    def walk(node):
        at = len(nodes)
        nodes.append(None)
        if "leaf_value" in node:
            nodes[at] = (0, 0.0, 0, 0, node["leaf_value"] * scale)
        else:
            assert node["decision_type"] == "<="
            left = walk(node["left_child"])
            right = walk(node["right_child"])
            nodes[at] = (node["split_feature"], single_floor(node["threshold"]), left, right, 0.0)
        return at

    walk(structure)
    return nodes


def pack(models, names, threshold, rows_sha256):
    trees = []
    for model in models:
        trees += [nodes_of(t["tree_structure"], 1 / len(models)) for t in model.dump_model()["tree_info"]]
    count = sum(map(len, trees))
    text = ",".join(names).encode()
    out = [struct.pack(HEAD, b"AGVT", 1, len(names), len(trees), count, 0.0, threshold, rows_sha256, len(text)), text]
    start = 0
    for tree in trees:
        out.append(struct.pack("<I", start))
        start += len(tree)
    for tree in trees:
        out += [struct.pack(NODE, *node) for node in tree]
    return b"".join(out)


class Table:
    """The shipped weights, evaluated as the gateway does."""

    def __init__(self, data):
        head = struct.unpack_from(HEAD, data)
        _, _, _, trees, count, self.base, self.threshold, self.rows_sha256, length = head
        at = struct.calcsize(HEAD)
        self.names = data[at:at + length].decode().split(",")
        at += length
        roots = struct.unpack_from(f"<{trees}I", data, at)
        at += 4 * trees
        kind = numpy.dtype([("feature", "u1"), ("threshold", "<f4"), ("left", "<u2"), ("right", "<u2"), ("value", "<f4")])
        self.nodes = numpy.frombuffer(data, kind, count, at)
        self.roots = roots

    def probabilities(self, features):
        total = numpy.full(len(features), self.base)
        rows = numpy.arange(len(features))
        for root in self.roots:
            at = numpy.zeros(len(features), dtype=numpy.int64)
            while True:
                node = self.nodes[root + at]
                inner = node["left"] > 0
                if not inner.any():
                    break
                goes_left = features[rows, node["feature"]] <= node["threshold"]
                at = numpy.where(inner, numpy.where(goes_left, node["left"], node["right"]), at)
            total += self.nodes[root + at]["value"].astype(numpy.float64)
        return 1 / (1 + numpy.exp(-total))


def vetoes(features, names):
    """Those of the gateway's vetoes that a row of features shows."""
    index = {name: at for at, name in enumerate(names)}
    flags = ["num_mis", "numw_mis", "neg_mis", "way_mis"]
    swapped = features[:, index["swap"]] > 1
    return numpy.any([features[:, index[flag]] > 0 for flag in flags], axis=0) | swapped
