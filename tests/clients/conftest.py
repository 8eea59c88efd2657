"""Starts a real gateway, and the simulator behind it, for clients that others wrote."""

import os
import pathlib
import re
import subprocess
import tempfile
import time

import pytest

BIN = pathlib.Path(os.environ.get("AI_GATEWAY_BIN", "target/debug"))
ROOT = pathlib.Path(__file__).resolve().parents[2]


class Process:
    """A child whose output is read until it says that it listens."""

    def __init__(self, command, says, env=None, seconds=30):
        self.log = tempfile.NamedTemporaryFile("w+", suffix=".log")
        self.child = subprocess.Popen(
            command, stdout=self.log, stderr=subprocess.STDOUT, env=env, cwd=ROOT
        )
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = re.search(says, self.output())
            if found:
                self.address = found.group(1)
                return
            if self.child.poll() is not None:
                break
            time.sleep(0.02)
        self.stop()
        raise AssertionError(f"{command} did not start:\n{self.output()}")

    def output(self):
        return pathlib.Path(self.log.name).read_text(errors="replace")

    def stop(self, seconds=12):
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
                raise AssertionError("the process outlived SIGTERM by 12 s")
        return self.child.returncode


def clean_environment(**extra):
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | extra


@pytest.fixture(scope="session")
def simulator():
    process = Process([BIN / "vendor_sim", "--port", "0"], r"ready on (http://[\d.]+:\d+)")
    yield process.address
    process.stop()


def every_vendor(simulator, on_vertex=False):
    """The variables of all vendors; Google and Anthropic by their keys, or on Vertex AI."""
    variables = {
        "OPENAI_API_KEY": "sk-canary-0123456789",
        "OPENAI_BASE_URL": f"{simulator}/openai/v1",
        "MISTRAL_API_KEY": "mistral-canary-0123456789",
        "MISTRAL_BASE_URL": f"{simulator}/mistral",
        "GROQ_API_KEY": "gsk_canary_0123456789",
        "GROQ_BASE_URL": f"{simulator}/groq",
    }
    if on_vertex:
        return variables | {
            "GOOGLE_GENAI_USE_VERTEXAI": "true",
            "GOOGLE_CLOUD_PROJECT": "sim-project",
            "GOOGLE_VERTEX_BASE_URL": f"{simulator}/vertex",
            "GCE_METADATA_HOST": simulator.removeprefix("http://"),
            # No credentials of whoever runs the tests.
            "HOME": "/nonexistent",
        }
    return variables | {
        "ANTHROPIC_API_KEY": "sk-ant-canary-0123456789",
        "ANTHROPIC_BASE_URL": f"{simulator}/anthropic",
        "GEMINI_API_KEY": "AIza-canary-0123456789",
        "GOOGLE_GEMINI_BASE_URL": f"{simulator}/google",
    }


def start_gateway(variables):
    # Tests ask the same in several ways, and each time a vendor is to answer.
    defaults = {"PORT": "0", "DATABASE_URL": "memory:", "GATEWAY__CACHE__ENABLED": "false"}
    env = clean_environment() | defaults | variables
    return Process([BIN / "ai-gateway-mcp"], r"listening address=([\d.]+:\d+)", env=env)


@pytest.fixture(scope="session")
def gateway(simulator):
    process = start_gateway(every_vendor(simulator))
    yield f"http://{process.address}"
    assert process.stop() == 0, process.output()
    assert "canary" not in process.output()
