"""Lists prompts of ours that are too like a row of the shared data.

    overlap.py --shared DIR

Likeness: shared share of the different words in the first 600 characters. What reaches .62 and is not a plain short question is to
be written anew: a row of a public set is neither copied nor paraphrased.
"""
import argparse
import os
import re

from train import HERE, load


def words(prompt):
    return frozenset(re.findall(r"\w+", prompt.lower()[:600]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--shared", required=True)
    theirs = [(words(row["prompt"]), row) for row in load(os.path.join(parser.parse_args().shared, "task_dev.jsonl"))]
    found = 0
    for row in load(os.path.join(HERE, "prompts.jsonl")):
        ours = words(row["prompt"])
        for other, source in theirs:
            if len(ours) >= 4 and len(ours & other) >= .62 * len(ours | other):
                found += 1
                print(source["source"], "|", row["prompt"][:80], "|", source["prompt"][:80])
    print(found, "too like a row of the shared data")
