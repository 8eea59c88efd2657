#!/usr/bin/env bash
# A PostgreSQL 18 server with pgvector for tests, from a PyPI wheel, for this user alone. It
# listens on a socket in its own folder and on no port, and forgets everything when the machine
# stops: it never waits for the disk.
#
#   scripts/postgres.sh start FOLDER          makes FOLDER if need be, starts, prints the URL
#   scripts/postgres.sh stop FOLDER [MODE]    fast (the default), smart or immediate
#
# As root the server runs as `nobody`, for it refuses to run as root.
set -euo pipefail
case ${2:-} in
  /*) folder=$2 ;;
  *) sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
cd "$(dirname "$0")/.."
. scripts/common.sh

as_server() {
  if [ "$(id -u)" = 0 ]; then (cd / && runuser -u nobody -- "$@"); else "$@"; fi
}

# Two tests may come here at once.
install_postgres() {
  need_python "the tests with PostgreSQL"
  exec 9>.venv-postgres.lock
  flock 9
  python_environment .venv-postgres scripts/postgres.txt --no-deps --only-binary=:all: >&2
  exec 9>&-
  bin=$(pwd_of "$(dirname "$(find .venv-postgres -path '*/pginstall18/bin/initdb' | head -n 1)")")
}

start() {
  mkdir -p "$folder"
  chmod 0700 "$folder"
  if [ "$(id -u)" = 0 ]; then chown nobody "$folder"; fi
  [ -f "$folder/data/PG_VERSION" ] ||
    as_server "$bin/initdb" --pgdata="$folder/data" --username=postgres --auth=trust \
      --encoding=UTF8 --locale=C --no-sync --no-instructions >/dev/null
  as_server "$bin/pg_ctl" start --silent --wait --timeout=30 --pgdata="$folder/data" \
    --log="$folder/log" --options="-c listen_addresses='' -k $folder -c fsync=off \
-c deadlock_timeout=200ms -c max_connections=200 -c shared_buffers=64MB -c log_lock_waits=off" \
    </dev/null >/dev/null 2>&1 ||
    { as_server tail -n 20 "$folder/log" >&2 || true; fail "PostgreSQL did not start in $folder"; }
  printf 'postgres://postgres@localhost/postgres?host=%s\n' "$folder"
}

stop() {
  [ -f "$folder/data/postmaster.pid" ] || return 0
  as_server "$bin/pg_ctl" stop --silent --wait --timeout=30 --pgdata="$folder/data" --mode="${1:-fast}"
}

install_postgres
case $1 in
  start) start ;;
  stop) stop "${3:-fast}" ;;
  *) fail "unknown command $1" ;;
esac
