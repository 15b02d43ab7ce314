#!/usr/bin/env bash
# Runs a script of the packed project on a machine without Node and without a network:
#   bash run.sh [SCRIPT [ARGUMENT ...]]
# It is unpacked to COTANGENT_WORK, or a folder beside this file, once for each pack.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=${COTANGENT_WORK:-$here/work}
stamp=$(cksum "$here/project.tar.gz" "$here/node.tar.xz" | cut -d' ' -f1,2 | tr '\n' ' ')

if [ "$(cat "$work/stamp" 2>/dev/null || true)" != "$stamp" ]; then
  rm -rf "$work"
  mkdir -p "$work"
  # Where there is no xz, Python has it.
  tar -C "$work" -xJf "$here/node.tar.xz" 2>/dev/null || python3 -m tarfile -e "$here/node.tar.xz" "$work"
  tar -C "$work" -xzf "$here/project.tar.gz"
  chmod +x "$work/node/bin/node"
  echo "$stamp" >"$work/stamp"
fi
node=$work/node/bin/node
# Machines with an older C++ library take the one that was packed.
"$node" -e '' 2>/dev/null || export LD_LIBRARY_PATH="$work/node/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
if ! "$node" -e ''; then
  echo "the packed Node does not start here: $(ldd --version 2>&1 | head -n 1)" >&2
  exit 3
fi

cuda=$work/kernels/cuda
adapter=$cuda/build/cuffi.node
if ! "$node" -e 'require(process.argv[1])' "$adapter" 2>/dev/null; then
  echo "the packed adapter does not load here: building it" >&2
  "${CC:-gcc}" -std=c11 -O2 -shared -fPIC -I"$cuda/build/include" "$cuda/native/cuffi.c" -o "$adapter" -ldl
fi
export COTANGENT_CUDA_ADAPTER=$adapter

# Where Python's packages brought the libraries of CUDA, wherever that Python is.
if [ -z "${COTANGENT_CUDA_PATH:-}" ] && command -v python3 >/dev/null; then
  packages=$(python3 -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])' 2>/dev/null || true)
  for folder in "$packages"/nvidia/*/lib; do
    if [ -d "$folder" ]; then COTANGENT_CUDA_PATH=${COTANGENT_CUDA_PATH:+$COTANGENT_CUDA_PATH:}$folder; fi
  done
  export COTANGENT_CUDA_PATH=${COTANGENT_CUDA_PATH:-}
fi
echo "Node $("$node" -v), $(ldd --version 2>&1 | head -n 1 | grep -oE '[0-9.]+$' || true) of glibc, CUDA folders: ${COTANGENT_CUDA_PATH:-none}" >&2

script=${1:-$(cat "$here/script")}
if [ $# -gt 0 ]; then shift; fi
if [ -f "$work/$script" ]; then script=$work/$script; fi
exec "$node" "$script" "$@"
