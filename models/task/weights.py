"""Writes two fitted heads as `weights.bin`, and `golden.jsonl`."""
import json
import os
import random
import struct

import numpy as np

import features as F
import train as T
from language import rule

VERSION = 1


def quantise(matrix):
    """(classes, n) -> scale of each class and one signed byte a weight."""
    scale = np.maximum(np.abs(matrix).max(axis=1), 1e-12) / 127
    return scale.astype(np.float32), np.clip(np.rint(matrix / scale[:, None]), -127, 127).astype(np.int8)


class Head:
    def __init__(self, model, wide):
        order = [list(model.classes_).index(k) for k in range(T.L)]
        coef = model.coef_[order] * T.scales(wide)
        self.intercept = model.intercept_[order].astype(np.float32)
        self.shape = coef[:, wide:].astype(np.float32)
        self.scale, self.bytes = quantise(coef[:, :wide])

    def encode(self):
        return b"".join(x.astype("<f4").tobytes() for x in (self.scale, self.intercept, self.shape)) \
            + np.ascontiguousarray(self.bytes.T).tobytes()

    def scores(self, x, shape):
        base = self.intercept.astype(float) + shape @ self.shape.astype(float).T
        return base + np.asarray(x @ self.bytes.astype(float).T) * self.scale.astype(float)


def proba(scores):
    return T.softmax(scores)


def fnv(data):
    h = 0xCBF29CE484222325
    for b in data:
        h = ((h ^ b) * 0x100000001B3) & F.MASK
    return h


def synthetic():
    v = np.sin(0.37 * np.arange(1, T.DIMENSIONS + 1))
    return (v / np.linalg.norm(v)).astype(np.float32)


def write(data, models, calibration, here):
    linear, dense = Head(models[0], F.BUCKETS), Head(models[1], T.DIMENSIONS)
    body = b"TASK" + struct.pack("<7I", VERSION, F.WORD_BITS, F.LEAD_BITS, F.CHAR_BITS, T.L, F.SHAPES, T.DIMENSIONS) \
        + struct.pack("<4f", *calibration) + linear.encode() + dense.encode()
    with open(os.path.join(here, "weights.bin"), "wb") as file:
        file.write(body + struct.pack("<Q", fnv(body)))
    golden(linear, dense, calibration, here, [r["prompt"] for r in data.rows if r["slice"] == "own"])


def odd():
    return ["", " ", "?", "\n\n", "a", "💥" * 50, "İstanbul ĞÜŞ ẞß ǅ", "x" * 5000, "ab " * 4000, "é" * 1600 + " b?", "中文" * 1200,
            "{};" * 900, "1.5e10 = $x^2$ \\frac", "a) one b) two\nC. three (D) four", "α β γ", "\u202e\u200b\ufeff", "naïve café ?  ",
            "𝒳𝔸 𝟘", "translate", "in polish", "```\ncode\n```"]


def golden(linear, dense, calibration, here, prompts):
    prompts = odd() + random.Random(T.SEED).sample(prompts, 230)
    vector = synthetic().astype(float)
    with open(os.path.join(here, "golden.jsonl"), "w", encoding="utf-8") as out:
        for prompt in prompts:
            shape = np.array(F.shape(prompt))
            x = np.zeros(F.BUCKETS)
            for k, v in F.blocks(prompt).items():
                x[k] = v
            p1, p2 = proba(linear.scores(x[None], shape)), proba(dense.scores(vector[None], shape))
            found = rule(prompt)

            class One:
                rule = [found]
            a = T.combine(One, [0], p1, None, calibration[0], gap=calibration[3])[0]
            b = T.combine(One, [0], p1, p2, calibration[1], calibration[2], gap=calibration[3])[0]
            row = {"prompt": prompt, "rule": found, "shape": np.round(shape, 9).tolist(),
                   "alone": np.round(a, 9).tolist(), "both": np.round(b, 9).tolist()}
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
