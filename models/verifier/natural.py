"""Reads the hand-written blocks: pairs of one line are one request, pairs of
two lines of a block are two."""
import itertools
import pathlib


def blocks(folder):
    for path in sorted(pathlib.Path(folder).glob("natural-*.txt")):
        text = "\n".join(line for line in path.read_text().splitlines() if not line.startswith("#"))
        for number, block in enumerate(filter(str.strip, text.split("\n\n"))):
            lines = [[part.strip() for part in line.split(" | ")] for line in block.strip().splitlines()]
            yield f"{path.stem}-{number}", lines


def rows(folder):
    for family, lines in blocks(folder):
        for line in lines:
            for a, b in itertools.combinations(line, 2):
                yield {"a": a, "b": b, "label": 1, "source": "natural", "family": family}
        for one, two in itertools.combinations(lines, 2):
            for a, b in itertools.product(one, two):
                yield {"a": a, "b": b, "label": 0, "source": "natural", "family": family}
