#!/usr/bin/env python3
"""Trains the cache's verifier.

  train.py --features PROGRAM --shared FOLDER --memory FILE          writes verifier.bin and golden.jsonl
  train.py --features PROGRAM --shared FOLDER --memory FILE --cross  prints cross validation, writes nothing

PROGRAM is the built example `cache_features`; FOLDER holds dev.jsonl, of which
only rows with `clean: true` are read; FILE remembers vectors between runs. One
thread and fixed seeds: on one kind of processor the same input gives the same
bytes. requirements.txt has the versions.
"""
import argparse
import hashlib
import json
import pathlib
import zlib

import lightgbm
import numpy

import pairs
import table

HERE = pathlib.Path(__file__).resolve().parent
FLOOR = .70  # nothing below reaches the verifier
# Served from here on; README.md says why.
THRESHOLD = .84
SEEDS = (1, 2, 3)
ROUNDS = 250
GENERATED_WEIGHT = .5

# Whatever else is known, more of these makes one answer likelier, or less
# likely, to serve both. Trees that may not say otherwise carry over better.
MORE = "cos jac_c bigram tri edges len_ratio exact".split()
LESS = """hard_min hard_max opposites rare_min rare_max num_mis numw_mis neg_mis neg_one name_one name_both
    frame_mis frame_hard strict role_mis way_mis swap crossed names_turned recount slot prep_mis modal_mis tense_mis third_mis joint_mis
    sign_mis sentences""".split()


def settings(names):
    return {
        "objective": "binary", "learning_rate": .06, "num_leaves": 12, "max_depth": 5, "min_data_in_leaf": 20,
        "lambda_l2": 2, "feature_fraction": .3, "bagging_fraction": .8, "bagging_freq": 1, "max_bin": 63,
        "monotone_constraints": [(name in MORE) - (name in LESS) for name in names],
        "monotone_constraints_method": "advanced", "num_threads": 1, "deterministic": True, "verbose": -1,
    }


def fit(features, labels, weights, names, seeds=SEEDS):
    data = lambda: lightgbm.Dataset(features, labels, weight=weights, free_raw_data=False)
    return [lightgbm.train({**settings(names), "seed": seed}, data(), ROUNDS) for seed in seeds]


def probabilities(models, features):
    raw = numpy.mean([model.predict(features, raw_score=True) for model in models], axis=0)
    return 1 / (1 + numpy.exp(-raw))


def training_rows(shared):
    rows = pairs.load(HERE / "pairs.jsonl")
    clean = [row for row in pairs.load(shared / "dev.jsonl") if row["clean"] is True]
    return rows + [{**row, "family": f"{row['source']}:{row['kind']}"} for row in clean]


def digest(rows):
    lines = sorted(json.dumps([row["a"], row["b"], row["label"]], ensure_ascii=False) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).digest()


def weigh(rows):
    return numpy.array([GENERATED_WEIGHT if row["source"] == "generated" else 1 for row in rows])


def fold_of(row, folds):
    """Whole kinds of template, whole topics and whole sources stay together."""
    family = row["family"]
    kind = family.rsplit("-", 1)[0] if row["source"] == "generated" else family
    return zlib.crc32(kind.encode()) % folds


def cross(rows, features, labels, names, folds=6):
    fold = numpy.array([fold_of(row, folds) for row in rows])
    weights, out = weigh(rows), numpy.zeros(len(rows))
    for held in range(folds):
        seen = fold != held
        models = fit(features[seen], labels[seen], weights[seen], names)
        out[~seen] = probabilities(models, features[~seen])
    vetoed = table.vetoes(features, names)
    source = numpy.array([row["source"] if row["source"] in ("natural", "generated") else "shared" for row in rows])
    for t in (.7, .8, .85, .88, .9, .95):
        hit = (out >= t) & ~vetoed
        for name in ("natural", "generated", "shared"):
            mine = source == name
            true, wrong = (hit & mine & (labels == 1)).sum(), (hit & mine & (labels == 0)).sum()
            print(f"t {t} {name:9} recall {true}/{(mine & (labels == 1)).sum()} wrong {wrong}/{(mine & (labels == 0)).sum()}")


def write(models, rows, features, cosines, names):
    data = table.pack(models, names, THRESHOLD, digest(rows))
    (HERE / "verifier.bin").write_bytes(data)
    got = table.Table(data).probabilities(features)
    assert numpy.abs(got - probabilities(models, features)).max() < 1e-5
    own = [at for at, row in enumerate(rows) if row["source"] in ("natural", "generated")]
    with open(HERE / "golden.jsonl", "w", encoding="utf-8") as out:
        for at in own[::len(own) // 300]:
            row = {"a": rows[at]["a"], "b": rows[at]["b"], "cos": float(cosines[at])}
            row |= {"features": [float(f"{x:.7g}") for x in features[at].tolist()], "p": float(got[at])}
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
    print(f"verifier.bin {len(data)} bytes, {len(rows)} rows, sha256 of rows {digest(rows).hex()}")


def main():
    parser = argparse.ArgumentParser()
    for name in ("features", "shared", "memory"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--cross", action="store_true")
    args = parser.parse_args()
    rows = training_rows(args.shared)
    names = pairs.names(args.features)
    features, cosines = pairs.describe(args.features, pairs.Embedder(args.memory), rows)
    near = cosines >= FLOOR
    rows = [row for row, is_near in zip(rows, near) if is_near]
    features, cosines = features[near], cosines[near]
    labels = numpy.array([row["label"] for row in rows])
    if args.cross:
        cross(rows, features, labels, names)
    else:
        write(fit(features, labels, weigh(rows), names), rows, features, cosines, names)


if __name__ == "__main__":
    main()
