#!/usr/bin/env python3
"""Scores verifier.bin on the development data.

  evaluate.py --features PROGRAM --shared FOLDER --memory FILE [--predictions FOLDER] [--train own|natural]

Prints the trade-off curve of the stream: a line per threshold with true hits
of all requests, wrong of all hits and wrong of the semantic hits, each share
with its Wilson 95 % interval. `--predictions` writes what the default
threshold predicts, for score.py stream and score.py pairs. `--train` scores
a model that is trained here on our own pairs, or on the hand-written ones,
alone: it has seen no word list of the stream's perturbations.
"""
import argparse
import json
import pathlib

import numpy

import pairs
import stream
import table
import train

HERE = pathlib.Path(__file__).resolve().parent
THRESHOLDS = [.5, .6, .7, .75, .8, .82, .84, .86, .88, .9, .92, .94, .96]


def wilson(k, n, z=1.96):
    if n == 0:
        return 0.0, 1.0
    p, d = k / n, 1 + z * z / n
    half = z * (p * (1 - p) / n + z * z / (4 * n * n)) ** .5
    return max(0.0, (p + z * z / (2 * n) - half) / d), min(1.0, (p + z * z / (2 * n) + half) / d)


def share(k, n):
    low, high = wilson(k, n)
    return f"{100 * k / max(1, n):5.2f} % ({100 * low:.2f}–{100 * high:.2f})"


def line(t, rows, predictions):
    count = stream.tally(rows, predictions)
    true = count["exact"][0] + count["semantic"][0]
    wrong = count["exact"][1] + count["semantic"][1]
    semantic = sum(count["semantic"])
    return (f"| {t:.2f} | {share(true, len(rows))} | {semantic} | {share(wrong, true + wrong)} "
            f"| {share(count['semantic'][1], semantic)} |")


def main():
    parser = argparse.ArgumentParser()
    for name in ("features", "shared", "memory"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--predictions", type=pathlib.Path)
    parser.add_argument("--train", choices=("own", "natural"))
    args = parser.parse_args()
    weights = table.Table((HERE / "verifier.bin").read_bytes())
    embedder = pairs.Embedder(args.memory)
    names = pairs.names(args.features)
    assert names == weights.names, "verifier.bin belongs to other features"
    rows = pairs.load(args.shared / "dev_stream.jsonl")
    replayed = stream.Stream(args.features, embedder, rows)
    vetoed = table.vetoes(replayed.features, names)
    p = weights.probabilities(replayed.features)
    if args.train:
        p = train.probabilities(trained(args, embedder, names), replayed.features)
    print("| t | true hits of requests | semantic hits | wrong of hits | wrong of semantic hits |\n| --- | --- | --: | --- | --- |")
    for t in THRESHOLDS:
        print(line(t, rows, replayed.replay(p, vetoed, t)))
    print(f"default {weights.threshold}")
    print(line(weights.threshold, rows, replayed.replay(p, vetoed, weights.threshold)))
    kept_aside(args, weights, embedder, names)
    if args.predictions:
        write(args, weights, embedder, names, rows, replayed.replay(p, vetoed, weights.threshold))


def trained(args, embedder, names):
    sources = ("natural",) if args.train == "natural" else ("natural", "generated")
    rows = [row for row in train.training_rows(args.shared) if row["source"] in sources]
    features, cosines = pairs.describe(args.features, embedder, rows)
    near = cosines >= stream.FLOOR
    rows = [row for row, is_near in zip(rows, near) if is_near]
    labels = numpy.array([row["label"] for row in rows])
    return train.fit(features[near], labels, train.weigh(rows), names)


def kept_aside(args, weights, embedder, names):
    """Pairs that nothing was trained on or chosen by."""
    lines = (HERE / "data/kept-aside.txt").read_text().splitlines()
    marked = [(line[0], *line[2:].split(" | ")) for line in lines if line[:1] in "!="]
    rows = [{"a": a, "b": b} for _, a, b in marked]
    features, cosines = pairs.describe(args.features, embedder, rows)
    p = weights.probabilities(features)
    hit = (p >= weights.threshold) & ~table.vetoes(features, names) & (cosines >= stream.FLOOR)
    for mark, name in (("!", "other requests"), ("=", "same requests")):
        mine = [h for h, (m, *_) in zip(hit, marked) if m == mark]
        print(f"kept aside: {sum(mine)} hits of {len(mine)} {name}")


def write(args, weights, embedder, names, rows, predictions):
    with open(args.predictions / "stream.jsonl", "w") as out:
        for said in predictions:
            out.write(json.dumps({k: said[k] for k in ("id", "hit", "matched_id") if k in said}) + "\n")
    dev = pairs.load(args.shared / "dev.jsonl")
    features, cosines = pairs.describe(args.features, embedder, dev)
    p = weights.probabilities(features)
    p[table.vetoes(features, names) | (cosines < stream.FLOOR)] = 0
    keys = pairs.ask(args.features, [{"prompt": row[side]} for row in dev for side in "ab"])
    with open(args.predictions / "pairs.jsonl", "w") as out:
        for at, row in enumerate(dev):
            is_same = keys[2 * at]["key"] == keys[2 * at + 1]["key"]
            out.write(json.dumps({"id": row["id"], "score": 1.0 if is_same else float(p[at])}) + "\n")


if __name__ == "__main__":
    main()
