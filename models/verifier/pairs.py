"""Vectors and features of prompts, as the trainer and the simulator need them.

The vectors are those that the gateway computes: int8 MiniLM, one text a call,
128 tokens, mean pooling, unit norm. The features come from the gateway's own
Rust through the example `cache_features`.
"""
import hashlib
import json
import pathlib
import subprocess

import numpy
import onnxruntime
import tokenizers

HERE = pathlib.Path(__file__).resolve().parent
MODEL = HERE.parent / "all-minilm-l6-v2"
DIMENSIONS = 384


def load(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


class Embedder:
    """Embeds texts; remembers them in a file beside nothing else."""

    def __init__(self, memory):
        self.memory = pathlib.Path(memory)
        self.known = {}
        if self.memory.exists():
            stored = numpy.load(self.memory)
            self.known = dict(zip(stored["keys"].tolist(), stored["vectors"]))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(MODEL / "model.onnx"), options)
        self.tokenizer = tokenizers.Tokenizer.from_file(str(MODEL / "tokenizer.json"))
        self.tokenizer.enable_truncation(128)
        self.tokenizer.no_padding()

    def vectors(self, texts):
        keys = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
        fresh = {key: text for key, text in zip(keys, texts) if key not in self.known}
        for key, text in fresh.items():
            self.known[key] = self._embed(text)
        if fresh:
            vectors = numpy.array(list(self.known.values()), dtype=numpy.float32)
            numpy.savez(self.memory, keys=numpy.array(list(self.known)), vectors=vectors)
        return numpy.array([self.known[key] for key in keys], dtype=numpy.float32)

    def _embed(self, text):
        encoded = self.tokenizer.encode(text)
        ids = numpy.array([encoded.ids], dtype=numpy.int64)
        mask = numpy.array([encoded.attention_mask], dtype=numpy.int64)
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": numpy.zeros_like(ids)}
        names = {node.name for node in self.session.get_inputs()}
        hidden = self.session.run(None, {name: given[name] for name in names})[0][0]
        pooled = (hidden * mask[0][:, None]).sum(0) / mask.sum()
        return (pooled / numpy.linalg.norm(pooled)).astype(numpy.float32)


def ask(program, rows):
    """Runs the example over rows; returns one answer a row."""
    text = "".join(json.dumps(row) + "\n" for row in rows)
    done = subprocess.run([str(program)], input=text, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def names(program):
    return ask(program, [None])[0]


def describe(program, embedder, rows):
    """Features of rows with `a` and `b`, and their cosines."""
    a = embedder.vectors([row["a"] for row in rows])
    b = embedder.vectors([row["b"] for row in rows])
    cosines = (a * b).sum(1)
    asked = [{"a": r["a"], "b": r["b"], "cos": float(c)} for r, c in zip(rows, cosines)]
    return numpy.array(ask(program, asked), dtype=numpy.float32), cosines
