#!/usr/bin/env python3
"""Trains the two heads of the task classifier.

    train.py --shared DIR --model MINILM_DIR --cache CACHE.npz [--cv | --write] [--without own|natural]

--cv     cross-validation on the rows that may be trained on, and figures on the rows that may not
--write  weights.bin and golden.jsonl

Rows: `task_dev.jsonl` of DIR (those with "clean": true train, the others are looked at alone) and `prompts.jsonl` here.
"""
import argparse
import json
import os

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression

import features as F
from embed import fill, key
from language import rule

HERE = os.path.dirname(os.path.abspath(__file__))
RULE_SHARE, EPS = 0.92, 1e-6
SEED, FOLDS, DIMENSIONS = 20261126, 3, 384
HYPER = {"C1": 5.0, "C2": 5.0, "own": 2.0, "natural": 3.0, "benchmark": 0.7, "alt": 0.25, "w2": 0.5,
         "balance": 0.3}
# The penalty of the fit holds back what is scaled down: shapes, which tell sources apart too, more than words.
WORD_SHARE, SHAPE_SHARE = 1.5, 0.25
L = len(F.LABELS)


def load(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def rows_of(args):
    shared = load(os.path.join(args.shared, "task_dev.jsonl"))
    own = load(os.path.join(HERE, "prompts.jsonl"))
    for i, row in enumerate(own):
        row.update(id=f"own-{i}", slice="own", clean=True, alt=row.get("alt", []))
    return shared + own


def sparse(rows):
    data, cols, ptr = [], [], [0]
    for row in rows:
        block = F.blocks(row["prompt"])
        cols += list(block)
        data += list(block.values())
        ptr.append(len(cols))
    return csr_matrix((np.array(data, dtype=np.float32), np.array(cols), np.array(ptr)), (len(rows), F.BUCKETS))


def scales(wide):
    """Scale of each of `wide` buckets or dimensions and of the shapes behind them; `weights.py` folds it into the weights."""
    out = np.ones(wide + F.SHAPES, dtype=np.float32)
    out[wide:] = SHAPE_SHARE
    if wide == F.BUCKETS:
        out[:1 << F.WORD_BITS] = WORD_SHARE
    return out


class Data:
    def __init__(self, rows, cache):
        self.rows = rows
        self.shape = np.array([F.shape(r["prompt"]) for r in rows], dtype=np.float32)
        self.words = hstack([sparse(rows), csr_matrix(self.shape)]).multiply(scales(F.BUCKETS)).tocsr()
        self.dense = np.hstack([np.stack([cache[key(r["prompt"])] for r in rows]), self.shape]) * scales(DIMENSIONS)
        self.rule = [rule(r["prompt"]) for r in rows]
        self.y = np.array([F.LABELS.index(r["label"]) for r in rows])
        self.slice = np.array([r["slice"] for r in rows])
        self.clean = np.array([bool(r["clean"]) for r in rows])

    def weights(self, h=HYPER):
        return np.array([h.get(s, h["benchmark"]) for s in self.slice])


def expand(data, index, h):
    """Rows, labels and weights; a runner-up counts as a lighter row of its own."""
    base = data.weights(h)[index]
    rows, labels, weights = [], [], []
    for i, w in zip(index, base):
        alts = [F.LABELS.index(a) for a in data.rows[i].get("alt", []) if a in F.LABELS]
        share = h["alt"] if alts and data.slice[i] in ("own", "natural") else 0.0
        rows.append(i), labels.append(data.y[i]), weights.append(w * (1 - share))
        for a in alts if share else []:
            rows.append(i), labels.append(a), weights.append(w * share / len(alts))
    rows, labels, weights = np.array(rows), np.array(labels), np.array(weights)
    per = np.bincount(labels, weights, minlength=L)
    weights = weights * (weights.sum() / (L * np.maximum(per, 1e-9)))[labels] ** h.get("balance", 1.0)
    return rows, labels, weights / weights.mean()


def fit(x, rows, labels, weights, c):
    model = LogisticRegression(C=c, max_iter=500, tol=1e-4, random_state=SEED)
    model.fit(x[rows], labels, sample_weight=weights)
    return model


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def combine(data, index, p1, p2=None, temperature=1.0, w2=None, gap=RULE_SHARE):
    w2 = HYPER["w2"] if w2 is None else w2
    z = np.log(p1 + EPS) if p2 is None else (1 - w2) * np.log(p1 + EPS) + w2 * np.log(p2 + EPS)
    p = softmax(z / temperature)
    m = F.LABELS.index("multilingual")
    for row, i in zip(p, index):
        if data.rule[i]:
            row[m] = 0
            row *= (1 - gap) / row.sum()
            row[m] = gap
    return p


def fold5(y):
    return np.where(y == F.LABELS.index("analysis"), F.LABELS.index("reasoning"), y)


def f1(y, g, labels):
    out = {}
    for k in labels:
        tp, fp, fn = ((y == k) & (g == k)).sum(), ((y != k) & (g == k)).sum(), ((y == k) & (g != k)).sum()
        if tp + fn:
            out[k] = 2 * tp / (2 * tp + fp + fn)
    return out


def figures(data, index, p, draws=0):
    y, g, conf = data.y[index], p.argmax(axis=1), p.max(axis=1)
    y5, g5 = fold5(y), fold5(g)
    six = f1(y, g, range(L))
    five = f1(y5, g5, [k for k in range(L) if F.LABELS[k] != "analysis"])
    ok, sure = y == g, conf >= 0.6
    ece = 0.0
    for b in range(10):
        at = (conf > b / 10) & (conf <= (b + 1) / 10)
        if at.any():
            ece += at.mean() * abs(conf[at].mean() - ok[at].mean())
    lenient = np.mean([F.LABELS[a] == data.rows[i]["label"] or F.LABELS[a] in data.rows[i].get("alt", []) for a, i in zip(g, index)])
    out = {"n": len(index), "acc5": np.mean(y5 == g5), "F5": np.mean(list(five.values())), "acc6": ok.mean(),
           "F6": np.mean(list(six.values())), "lenient": lenient, "ECE": ece, "cover.6": sure.mean(),
           "acc6@.6": ok[sure].mean() if sure.any() else float("nan")}
    out = {k: round(float(v), 3) for k, v in out.items()}
    out["F1"] = {F.LABELS[k]: round(float(v), 2) for k, v in six.items()}
    if draws:
        rng, both = np.random.default_rng(SEED), []
        for _ in range(draws):
            s = rng.integers(0, len(y), len(y))
            part = f1(y5[s], g5[s], [k for k in range(L) if F.LABELS[k] != "analysis"])
            both.append((np.mean(y5[s] == g5[s]), np.mean(list(part.values()))))
        low, high = np.percentile(both, [2.5, 97.5], axis=0)
        out["95%"] = [f"{low[0]:.3f}-{high[0]:.3f}", f"{low[1]:.3f}-{high[1]:.3f}"]
    return out


def folds(data, count=5):
    rng = np.random.default_rng(SEED)
    part = np.empty(len(data.rows), dtype=int)
    for s in sorted(set(data.slice)):
        for k in range(L):
            at = np.flatnonzero((data.slice == s) & (data.y == k))
            part[rng.permutation(at)] = np.arange(len(at)) % count
    return part


def cross(data, h, which=(True, True), count=FOLDS):
    """Out-of-fold chances of every trainable row; of the others by the fit on all of them, which is returned too."""
    part = folds(data, count)
    trainable = data.clean & ~np.isin(data.slice, list(h.get("without", [])))
    out = [np.full((len(data.rows), L), 1 / L) for _ in range(2)]
    jobs = [(np.flatnonzero(trainable & (part != f)), np.flatnonzero(data.clean & (part == f))) for f in range(count)]
    jobs.append((np.flatnonzero(trainable), np.flatnonzero(~data.clean)))
    for train, test in jobs if any(which) else []:
        models = heads(data, train, h, which)
        for k, (model, x) in enumerate(zip(models, (data.words, data.dense))):
            if model is not None:
                out[k][test] = model.predict_proba(x[test])
    return out, models


def heads(data, index, h, which=(True, True)):
    rows, labels, weights = expand(data, index, h)
    return [fit(x, rows, labels, weights, h[c]) if wanted else None
            for x, c, wanted in ((data.words, "C1", which[0]), (data.dense, "C2", which[1]))]


def losses(data, index, p1, p2, t, w2):
    y = data.y[index]
    return -np.log(combine(data, index, p1, p2, t, w2)[np.arange(len(y)), y] + 1e-9)


def temperatures(data, p, h):
    """Of words alone and of both heads: what suits own rows out of fold, natural rows out of fold, and natural rows by heads that saw
    no natural row. Each of the three has one vote, however many rows it has: own rows alone would make the heads too sure of
    themselves on sources that were never trained on."""
    own, natural = (np.flatnonzero(data.slice == s) for s in ("own", "natural"))
    models = heads(data, np.flatnonzero(data.clean & (data.slice != "natural")), h)
    q = [model.predict_proba(x[natural]) for model, x in zip(models, (data.words, data.dense))]
    votes = [(own, [x[own] for x in p]), (natural, [x[natural] for x in p]), (natural, q)]
    grid = np.arange(0.7, 2.51, 0.05)
    out = []
    for both in (False, True):
        loss = [sum(losses(data, at, a, b if both else None, t, h["w2"]).mean() for at, (a, b) in votes) for t in grid]
        out.append(float(grid[int(np.argmin(loss))]))
    return out


def report(data, p, t, h, draws=1000):
    print("trained on", int(data.clean.sum()), "rows; temperatures", [round(x, 2) for x in t])
    for name, second, at in (("words alone", False, t[0]), ("both heads", True, t[1])):
        for s in ("natural", "autoj", "natural autoj", "own"):
            index = np.flatnonzero(np.isin(data.slice, s.split()))
            found = combine(data, index, p[0][index], p[1][index] if second else None, at, h["w2"])
            print(name, s, json.dumps(figures(data, index, found, draws)), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("--shared", "--model", "--cache"):
        parser.add_argument(name, required=True)
    parser.add_argument("--cv", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--without", nargs="*", default=[])
    args = parser.parse_args()
    rows = rows_of(args)
    data = Data(rows, fill(args.model, args.cache, [r["prompt"] for r in rows]))
    h = {**HYPER, "without": args.without}
    p, models = cross(data, h)
    t = temperatures(data, p, h)
    if args.cv:
        report(data, p, t, h)
    if args.write:
        import weights
        weights.write(data, models, [*t, h["w2"], RULE_SHARE], HERE)
