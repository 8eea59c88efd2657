"""Embeds prompts with the int8 MiniLM as the gateway does: one text a call, 1,500 characters, 128 tokens, mean, unit norm.

    embed.py MODEL_DIR CACHE.npz FILE.jsonl...
"""
import hashlib
import json
import os
import sys

import numpy as np

HEAD, TOKENS = 1500, 128


def key(prompt):
    return hashlib.sha256(prompt[:HEAD].encode()).hexdigest()[:24]


class Embedder:
    def __init__(self, folder):
        import onnxruntime
        from tokenizers import Tokenizer
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(os.path.join(folder, "model.onnx"), options, ["CPUExecutionProvider"])
        self.tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
        self.tokenizer.enable_truncation(TOKENS)
        self.tokenizer.no_padding()
        self.inputs = {i.name for i in self.session.get_inputs()}

    def embed(self, prompt):
        text = self.tokenizer.encode(prompt[:HEAD])
        ids = np.array([text.ids], dtype=np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        hidden = self.session.run(None, {k: v for k, v in feed.items() if k in self.inputs})[0][0]
        mean = hidden.mean(axis=0)
        return (mean / max(np.linalg.norm(mean), 1e-12)).astype(np.float32)


def load_cache(path):
    if not os.path.exists(path):
        return {}
    with np.load(path) as file:
        return dict(zip(file["keys"].tolist(), file["vectors"]))


def fill(folder, path, prompts):
    cache = load_cache(path)
    todo = [p for p in prompts if key(p) not in cache]
    if todo:
        embedder = Embedder(folder)
        for prompt in todo:
            cache[key(prompt)] = embedder.embed(prompt)
        np.savez(path, keys=np.array(list(cache)), vectors=np.stack(list(cache.values())))
    return cache


if __name__ == "__main__":
    rows = [json.loads(line)["prompt"] for name in sys.argv[3:] for line in open(name, encoding="utf-8")]
    print(len(fill(sys.argv[1], sys.argv[2], rows)), "vectors", file=sys.stderr)
