#!/usr/bin/env python3
"""Writes pairs.jsonl: the hand-written pairs of data/ and the generated ones.

  make_pairs.py > pairs.jsonl

Standard library only; the same input gives the same bytes.
"""
import json
import pathlib

import generate
import natural

SEED = 1

for row in [*natural.rows(pathlib.Path(__file__).parent / "data"), *generate.make(SEED)]:
    print(json.dumps(row, ensure_ascii=False))
