#!/usr/bin/env bash
# Puts ONNX Runtime's library into lib/, out of its wheel on PyPI, whose hash is in
# onnxruntime.txt. Does nothing if it is there already. For Linux (glibc 2.28 or later; x86-64,
# aarch64) and macOS 14 or later (arm64).
#
#   scripts/onnxruntime.sh
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

case $(uname -s)-$(uname -m) in
  Linux-x86_64) platform=manylinux_2_28_x86_64 name=libonnxruntime.so ;;
  Linux-aarch64) platform=manylinux_2_28_aarch64 name=libonnxruntime.so ;;
  Darwin-arm64) platform=macosx_14_0_arm64 name=libonnxruntime.dylib ;;
  *) fail "there is no wheel of ONNX Runtime for $(uname -s) on $(uname -m); ORT_DYLIB_PATH can name a library of your own" ;;
esac

if [ -f "lib/$name" ] && cmp -s scripts/onnxruntime.txt lib/installed.txt; then exit 0; fi
python3 -m pip --version >/dev/null 2>&1 || fail "Python 3 with pip is needed to fetch ONNX Runtime"
say "fetching ONNX Runtime from PyPI into lib/"
mkdir -p lib
work=$(mktemp -d lib/fetched.XXXXXX)
trap 'rm -rf "$work"; stop_children' EXIT
# The C library is the same for every version of Python, so this one's does not matter.
python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
  --only-binary=:all: --python-version 3.11 --implementation cp --abi cp311 \
  --platform "$platform" -r scripts/onnxruntime.txt -d "$work" ||
  fail "ONNX Runtime could not be fetched; is PyPI reachable?"
python3 -m zipfile -e "$work"/*.whl "$work"
# libonnxruntime.so.1.31.1 or libonnxruntime.1.31.1.dylib, and nothing else of the wheel.
library=$(find "$work/onnxruntime/capi" -name 'libonnxruntime.*' ! -name '*providers*' | head -n 1)
[ -n "$library" ] || fail "the wheel has no library of ONNX Runtime"
# Two may come here at once: what others load is whole at every moment.
mv -f "$library" "lib/$name"
cp scripts/onnxruntime.txt "$work/installed.txt"
mv -f "$work/installed.txt" lib/installed.txt
