#!/usr/bin/env bash
# Runs every test: real MCP and OpenAI clients against the built gateway, a tiny real language
# model included, vendors' own clients against the simulator, then the Rust tests. Needs Rust,
# Python 3 with pip, and package registries. The tests of stores use the PostgreSQL server that
# TEST_DATABASE_URL names, as a user who may make databases, or start one of their own.
#
#   ./test_local.sh          everything
#   ./test_local.sh --rust   the Rust tests alone
set -euo pipefail
cd "$(dirname "$0")"
. scripts/common.sh

case ${1:-} in
  '') ;;
  --rust) rust_only=yes ;;
  -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
  *) fail "unknown option $1; see ./test_local.sh --help" ;;
esac
need_rust
# No test may see this machine's keys or settings.
unset_settings

# The embedder is tested on the real library: ORT_DYLIB_PATH's, else PyPI's.
if [ -z "${ORT_DYLIB_PATH:-}" ]; then scripts/onnxruntime.sh; fi
export REQUIRE_ONNXRUNTIME=1

say "building"
cargo build --locked --workspace --all-targets

if [ -z "${rust_only:-}" ]; then
  need_python "the tests with real clients"
  AI_GATEWAY_BIN=$(pwd_of "$(target_folder dev)")
  export AI_GATEWAY_BIN
  # One environment a client: they disagree about each other's versions.
  for client in mcp fastmcp openai anthropic js openai_sdk anthropic_sdk google_sdk mistral_sdk groq_sdk referee; do
    client_environment "$client"
    say "clients: $client"
    ".venv-client-$client/bin/python" -m pytest -q -p no:cacheprovider "tests/clients/test_$client.py"
  done
  # The tiny model's own environment; the test drives run_local.sh itself.
  install_tiny_model
  say "clients: a real model behind ./run_local.sh --local-llm"
  .venv-client-mcp/bin/python -m pytest -q -p no:cacheprovider tests/clients/test_local_llm.py
fi

# Starts a PostgreSQL server for the tests, unless there is one.
start_postgres() {
  [ -z "${TEST_DATABASE_URL:-}" ] || return 0
  # A socket's path has at most 107 bytes, so the folder is not below TMPDIR.
  postgres_folder=$(mktemp -d /tmp/pg.XXXXXX)
  trap 'stop_postgres; stop_children' EXIT
  TEST_DATABASE_URL=$(scripts/postgres.sh start "$postgres_folder") ||
    fail "the tests have no PostgreSQL; set TEST_DATABASE_URL to use another one"
  export TEST_DATABASE_URL
}

stop_postgres() {
  scripts/postgres.sh stop "$postgres_folder" immediate || true
  rm -rf "$postgres_folder"
}

start_postgres

say "Rust tests"
if cargo nextest --version >/dev/null 2>&1; then
  cargo test --locked --workspace --doc --quiet
  cargo nextest run --locked --workspace --no-fail-fast
else
  cargo test --locked --workspace --no-fail-fast
fi
