#!/usr/bin/env python3
"""Build lexicon.txt, the words that the pair features know.

  lexicon.py --tokenizer FILE --wordnet FOLDER --synonyms FILE > lexicon.txt

One word a line, sorted by bytes: WORD RARITY [ITEM…]. RARITY is a letter, from
`a` (the most frequent) on, by the word's place in the embedder's vocabulary,
which is ordered by frequency; `k` is a word of WordNet alone. Items:

  =base   an irregular form of `base`
  sN      in group N of synonyms.txt
  wN      in synset N of WordNet, among its first three senses
  +N -N   the two sides of antonym pair N of WordNet

Standard library only; the same input gives the same bytes.
"""
import argparse
import json
import pathlib
import re

WORD = re.compile(r"[a-z]{2,20}$")
SENSES = 3
PARTS = [("noun", "n"), ("verb", "v"), ("adj", "a"), ("adv", "r")]


def rarities(tokenizer):
    vocabulary = json.loads(tokenizer.read_text(encoding="utf-8"))["model"]["vocab"]
    words = [word for word, _ in sorted(vocabulary.items(), key=lambda item: item[1])]
    words = [word for word in words if WORD.match(word)]
    ranks = {}
    for place, word in enumerate(words):
        ranks[word] = "abcdefghij"[min(9, max(0, (place // 64 + 1).bit_length()))]
    return ranks


def rows(path):
    with open(path, encoding="utf-8") as lines:
        return [line.split() for line in lines if not line.startswith("  ")]


def wordnet(folder):
    known, senses, synsets, antonyms, irregular = set(), {}, {}, set(), {}
    for part, _ in PARTS:
        for fields in rows(folder / f"index.{part}"):
            lemma = fields[0]
            pointers = int(fields[3])
            offsets = fields[6 + pointers:]
            if WORD.match(lemma):
                known.add(lemma)
                for offset in offsets[:SENSES]:
                    senses.setdefault((part, offset), []).append(lemma)
        for fields in rows(folder / f"data.{part}"):
            count = int(fields[3], 16)
            words = [re.sub(r"\(.*\)", "", fields[4 + 2 * i]).lower() for i in range(count)]
            synsets[part, fields[0]] = words
            at = 4 + 2 * count
            for i in range(int(fields[at])):
                kind, offset, _, ends = fields[at + 1 + 4 * i: at + 5 + 4 * i]
                if kind == "!":
                    antonyms.add((part, fields[0], int(ends[:2], 16), offset, int(ends[2:], 16)))
        for fields in rows(folder / f"{part}.exc") if part in ("noun", "verb") else []:
            if WORD.match(fields[0]) and WORD.match(fields[1]) and fields[0] != fields[1]:
                irregular.setdefault(fields[0], fields[1])
    pairs = set()
    for part, here, i, there, j in antonyms:
        a, b = synsets[part, here][i - 1], synsets[part, there][j - 1]
        if WORD.match(a) and WORD.match(b):
            pairs.add(tuple(sorted((a, b))))
    return known, senses, sorted(pairs), irregular


def main():
    parser = argparse.ArgumentParser()
    for name in ("tokenizer", "wordnet", "synonyms"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    args = parser.parse_args()
    ranks = rarities(args.tokenizer)
    known, senses, antonyms, irregular = wordnet(args.wordnet)
    items = {}

    groups = [line.split() for line in args.synonyms.read_text().splitlines() if line and line[0] != "#"]
    for number, group in enumerate(groups):
        for word in group:
            items.setdefault(word, []).append(f"s{number}")
    shared = sorted({tuple(sorted(words)) for words in senses.values() if len(words) > 1})
    frequent = lambda word: ranks.get(word, "k") < "k"
    number = 0
    for words in shared:
        words = [word for word in words if frequent(word)]
        if len(words) > 1:
            for word in words:
                items.setdefault(word, []).append(f"w{number}")
            number += 1
    for number, (a, b) in enumerate(antonyms):
        if frequent(a) or frequent(b):
            items.setdefault(a, []).append(f"+{number}")
            items.setdefault(b, []).append(f"-{number}")
    for form, base in irregular.items():
        if frequent(form) and frequent(base):
            items.setdefault(form, []).insert(0, f"={base}")
    for word in sorted(known | set(ranks) | set(items)):
        print(" ".join([word, ranks.get(word, "k"), *items.get(word, [])]))


main()
