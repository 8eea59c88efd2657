#!/usr/bin/env python3
"""Drives a running gateway with a stream of labelled questions and counts the cache's hits, true
and wrong, as a client of /mcp sees them. Standard library only.

  benches/cache_stream.py --binary PATH [--stream FILE] [--scope FILE] [--workload N] [--out FOLDER]

FILE of --stream: JSON lines {"seq", "id", "prompt", "cluster", "seen"}; questions of one cluster
have one answer. FILE of --scope: JSON lines {"id", "store", "lookup", "expect"}, each request with
user, model, system, history, tools, response_format, temperature, max_tokens, task_type, prompt.
--workload sends N common questions, drawn by Zipf's law (s = 1) from models/verifier/data/kept-aside.txt,
which the verifier never saw: pairs of wordings of one question among pairs that only look alike, a
fifth of them in other case or with a please.
--out gets stream.jsonl ({"id", "hit", "matched_id"}) and scope.jsonl ({"id", "hit"}).

The gateway runs with its defaults, `memory:` and a vendor of our own on loopback, which answers
every question with a number. The first line says how the embedder is: without it only exact hits
are there.
"""
import argparse
import collections
import contextlib
import hashlib
import http.client
import http.server
import json
import math
import os
import pathlib
import random
import re
import subprocess
import tempfile
import threading
import time

KEYS = {"u1": "aigw-" + "1" * 43, "u2": "aigw-" + "2" * 43}
ROOT = pathlib.Path(__file__).resolve().parents[1]
MODELS = {"first": "gpt-6-luna", "second": "gpt-6-sol"}


class Vendor(http.server.BaseHTTPRequestHandler):
    """Answers chat completions with the number of the call."""

    protocol_version = "HTTP/1.1"
    # Head and body go out together: apart, the second waits 40 ms for the first to be confirmed.
    wbufsize = 1 << 16
    calls = 0

    def do_POST(self):
        length = int(self.headers["content-length"])
        asked = json.loads(self.rfile.read(length))
        text = json.dumps({"answer_for": Vendor.calls})
        Vendor.calls += 1
        message = {"role": "assistant", "content": text}
        self.reply({
            "id": "c", "object": "chat.completion", "created": 0, "model": asked["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 20, "completion_tokens": 200, "total_tokens": 220},
        })

    def do_GET(self):
        self.reply({"object": "list", "data": []})

    def reply(self, body):
        body = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def vendor():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Vendor)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


class Gateway:
    """A gateway of its own, stopped at the end."""

    def __init__(self, binary, vendor_url, key=None, **more):
        self.key = key
        self.log = tempfile.NamedTemporaryFile("w+", suffix=".log")
        folder = tempfile.mkdtemp(prefix="gateway-")
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "ORT_DYLIB_PATH") if name in os.environ}
        environment |= {
            "PORT": "0", "DATABASE_URL": "memory:", "GATEWAY_CONFIG_DIR": folder,
            "OPENAI_API_KEY": "none", "OPENAI_BASE_URL": vendor_url + "/v1",
        } | more
        self.child = subprocess.Popen([binary], stdout=self.log, stderr=subprocess.STDOUT, env=environment)
        end = time.monotonic() + 30
        while time.monotonic() < end and self.child.poll() is None:
            found = re.search(r"address=127\.0\.0\.1:(\d+)", pathlib.Path(self.log.name).read_text())
            if found:
                self.connection = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=60)
                self.wait_for_embedder(end)
                return
            time.sleep(0.02)
        raise SystemExit(f"the gateway did not start:\n{pathlib.Path(self.log.name).read_text()}")

    def wait_for_embedder(self, end):
        while time.monotonic() < end:
            answer = self.tool("health_check", {}, self.key)
            said = answer.get("embedding", {})
            self.embedding = ": ".join(filter(None, [said.get("state"), said.get("reason")]))
            if self.embedding != "loading":
                return
            time.sleep(0.02)

    def post(self, path, body, key=None):
        headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
        if key:
            headers["authorization"] = f"Bearer {key}"
        self.connection.request("POST", path, json.dumps(body), headers)
        response = self.connection.getresponse()
        text = response.read().decode()
        if response.status != 200:
            raise SystemExit(f"{path} answered {response.status}: {text[:500]}")
        return json.loads(text)

    def tool(self, name, arguments, key=None):
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
        result = self.post("/mcp", call, key)["result"]
        if result.get("isError"):
            raise SystemExit(f"{name} failed: {result['structuredContent']}")
        return result["structuredContent"]

    def stop(self):
        self.child.terminate()
        self.child.wait(15)


def wilson(hits, n, z=1.96):
    if n == 0:
        return "0 of 0"
    p, d = hits / n, 1 + z * z / n
    centre, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return f"{100 * p:.2f} % ({100 * max(0, centre - half) / d:.2f}–{100 * min(1, (centre + half) / d):.2f}), {hits} of {n}"


def stream(gateway, rows, out):
    """Sends the requests in order, one at a time."""
    asker = {}
    counts, wrong, seconds = collections.Counter(), collections.Counter(), collections.defaultdict(list)
    saved = paid = 0.0
    predictions = []
    for row in sorted(rows, key=lambda row: row["seq"]):
        calls, began = Vendor.calls, time.perf_counter()
        answer = gateway.tool("unified_completion", {
            "prompt": row["prompt"], "model": MODELS["first"], "temperature": 0, "max_tokens": 500,
        })
        status = answer["cache"]["status"]
        seconds[status].append(time.perf_counter() - began)
        number = json.loads(answer["text"])["answer_for"]
        is_hit = Vendor.calls == calls
        if is_hit != answer["cached"]:
            raise SystemExit(f"{row['id']}: cached is {answer['cached']}, the vendor was asked {Vendor.calls - calls} times")
        counts[status] += 1
        if is_hit:
            matched = asker[number]
            wrong[status] += matched["cluster"] != row["cluster"]
            saved += answer["cache"]["saved_usd"]
            predictions.append({"id": row["id"], "hit": True, "matched_id": matched["id"]})
        else:
            asker[number] = row
            paid += answer["cost"]
            predictions.append({"id": row["id"], "hit": False})
    write(out, "stream.jsonl", predictions)
    hits, bad = counts["exact"] + counts["semantic"], wrong["exact"] + wrong["semantic"]
    ideal = sum(row["seen"] for row in rows)
    print(f"requests            {len(rows)}, of which a perfect cache hits {100 * ideal / len(rows):.2f} %")
    print(f"statuses            {dict(counts)}")
    print(f"true hits           {wilson(hits - bad, len(rows))}")
    print(f"wrong of all hits   {wilson(bad, hits)}")
    print(f"wrong of semantic   {wilson(wrong['semantic'], counts['semantic'])}")
    print(f"wrong of exact      {wilson(wrong['exact'], counts['exact'])}")
    print(f"saved               {100 * saved / (saved + paid):.2f} % of the money")
    for status, times in sorted(seconds.items()):
        times.sort()
        print(f"latency {status:11} p50 {1000 * times[len(times) // 2]:.2f} ms, p95 {1000 * times[len(times) * 95 // 100]:.2f} ms")


def workload(count, seed=7):
    """Makes requests as --stream has them."""
    lines = (ROOT / "models/verifier/data/kept-aside.txt").read_text(encoding="utf-8").splitlines()
    # A question may stand in several lines; what is joined once is one cluster.
    cluster_of = {}
    for line in lines:
        if not line.startswith(("= ", "! ")):
            continue
        texts = [text.strip() for text in line[2:].split("|")]
        joined = [texts] if line.startswith("= ") else [[text] for text in texts]
        for group in joined:
            together = {text for text in group}
            for text in group:
                together |= cluster_of.get(text, set())
            for text in together:
                cluster_of[text] = together
    clusters = sorted({tuple(sorted(cluster)) for cluster in cluster_of.values()})
    dice = random.Random(seed)
    dice.shuffle(clusters)
    weights = [1 / (rank + 1) for rank in range(len(clusters))]
    rows, seen = [], set()
    for seq in range(count):
        cluster = dice.choices(range(len(clusters)), weights)[0]
        prompt = dice.choice(clusters[cluster])
        if dice.random() < 0.2:
            prompt = dice.choice([prompt.lower(), "Please: " + prompt, prompt.rstrip("?.!"), prompt + " Thanks!"])
        rows.append({"seq": seq, "id": f"w{seq}", "prompt": prompt, "cluster": cluster, "seen": cluster in seen})
        seen.add(cluster)
    return rows


def arguments(case):
    models = {"gpt-5-mini": MODELS["first"]}
    messages = [{"role": "system", "content": case["system"]}] if case["system"] else []
    messages += case["history"] + [{"role": "user", "content": case["prompt"]}]
    return models.get(case["model"], MODELS["second"]), messages


def ask(gateway, case):
    """Asks as a case says; returns the number of the answer."""
    model, messages = arguments(case)
    key = KEYS[case["user"]]
    if case["tools"] or case["response_format"]:
        body = {"model": model, "messages": messages, "temperature": case["temperature"], "max_tokens": case["max_tokens"]}
        if case["tools"]:
            body["tools"] = [{"type": "function", "function": {"name": name, "parameters": {"type": "object"}}} for name in case["tools"]]
        if case["response_format"]:
            body["response_format"] = {"type": "json_object"}
        answer = gateway.post("/v1/chat/completions", body, key)
        return json.loads(answer["choices"][0]["message"]["content"])["answer_for"]
    answer = gateway.tool("unified_completion", {
        "messages": messages, "model": model, "temperature": case["temperature"],
        "max_tokens": case["max_tokens"], "requirements": {"task_type": case["task_type"]},
    }, key)
    return json.loads(answer["text"])["answer_for"]


def scope(binary, url, cases, out):
    """Runs each case with a gateway of its own."""
    digests = ",".join(f"{name}:{hashlib.sha256(key.encode()).hexdigest()}" for name, key in KEYS.items())
    predictions, wrong, missed = [], [], []
    for case in cases:
        gateway = Gateway(binary, url, KEYS["u1"], AUTH_MODE="api-key", GATEWAY_API_KEYS=digests)
        try:
            is_hit = ask(gateway, case["store"]) == ask(gateway, case["lookup"])
        finally:
            gateway.stop()
        predictions.append({"id": case["id"], "hit": is_hit})
        if is_hit and case["expect"] == "miss":
            wrong.append(f"{case['id']} {case['kind']}")
        if not is_hit and case["expect"] == "hit":
            missed.append(f"{case['id']} {case['kind']}")
    write(out, "scope.jsonl", predictions)
    print(f"scope cases         {len(cases)}: {len(wrong)} wrong {wrong}, {len(missed)} missed {missed}")


def write(out, name, rows):
    if out:
        out.mkdir(parents=True, exist_ok=True)
        (out / name).write_text("".join(json.dumps(row) + "\n" for row in rows))


def load(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=pathlib.Path, required=True)
    parser.add_argument("--stream", type=pathlib.Path)
    parser.add_argument("--scope", type=pathlib.Path)
    parser.add_argument("--workload", type=int)
    parser.add_argument("--out", type=pathlib.Path)
    options = parser.parse_args()
    with vendor() as url:
        streams = [load(options.stream)] if options.stream else []
        streams += [workload(options.workload)] if options.workload else []
        for rows in streams:
            gateway = Gateway(options.binary.resolve(), url)
            try:
                print(f"embedder            {gateway.embedding}")
                stream(gateway, rows, options.out)
            finally:
                gateway.stop()
        if options.scope:
            scope(options.binary.resolve(), url, load(options.scope), options.out)


if __name__ == "__main__":
    main()
