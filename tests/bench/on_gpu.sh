#!/usr/bin/env bash
# What a machine with an NVIDIA GPU is needed for, in under 8 minutes: the tests that need CUDA, and
# the benchmarks of losses, of a training step (GoogLeNet, bfloat16) and of evaluation.
#
#     tests/bench/on_gpu.sh [FOLDER]
#
# from the root of a checkout, with its dependencies installed or not: what is missing of torch,
# NumPy and the rest is said at the beginning, and a part that fails does not end the others.
# Reports and the log go to FOLDER, by default $OUT or ./on-gpu. Exit 1 if a part failed.
#
# DEVICE=cpu runs the same on a machine without a GPU, as small as it goes: to see that it runs.
set -uo pipefail

out=$(realpath -m "${1:-${OUT:-on-gpu}}")
device=${DEVICE:-cuda}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root" || exit 1
mkdir -p "$out" || exit 1
export PYTHONPATH="$root:$root/core:$root/resources${PYTHONPATH:+:$PYTHONPATH}"
failed=()

# The command line says its version, which a checkout that was not installed has none of.
if ! python -P -c 'import importlib.metadata as m; m.version("symmviz")' 2>/dev/null; then
    info="$out/metadata/symmviz-0.dist-info"
    mkdir -p "$info"
    printf 'Metadata-Version: 2.1\nName: symmviz\nVersion: 0\n' > "$info/METADATA"
    PYTHONPATH="$PYTHONPATH:$out/metadata"
fi

# part NAME SECONDS COMMAND...: runs it, at most so long, with its output in FOLDER/NAME.txt too.
part() {
    local name=$1 seconds=$2 began=$SECONDS
    shift 2
    echo "== $name: $*"
    if timeout "$seconds" "$@" 2>&1 | tee "$out/$name.txt"; then
        echo "== $name: done in $((SECONDS - began)) s"
    else
        failed+=("$name")
        echo "== $name: FAILED after $((SECONDS - began)) s (at most $seconds)"
    fi
}

bench() {
    local name=$1 seconds=$2 what=$3
    shift 3
    part "$name" "$seconds" python -P -m symmviz bench "$what" "$@" --json "$out/$name.json"
}

if [ "$device" = cuda ]; then
    tests=(-k "gpu or kernels or device")
    loss=(--groups 64 512 2048 --memory-groups 512 --rounds 3)
    train=(--network googlenet --rounds 5 --steps 20)
    evaluation=(--rounds 1 --threads "$(nproc)")
else
    tests=(-k "the_kernels_take")
    loss=(--groups 8 --other-groups 8 --memory-groups 8 --rounds 1)
    train=(--network conv3 --batch-size 8 --rounds 1 --steps 1)
    evaluation=(--images 200 --classes 20 --dim 8 --rounds 1)
fi

part machine 30 python -P - "$device" <<'PYTHON'
import importlib.metadata
import sys

import torch

for name in ("torch", "torchvision", "triton", "numpy", "numba", "scikit-learn", "pytest"):
    try:
        print(name, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        print(name, "is MISSING")
if sys.argv[1] == "cuda":
    if not torch.cuda.is_available():
        sys.exit("torch finds no CUDA device")
    print(torch.cuda.get_device_name(), torch.cuda.get_device_properties(0).total_memory, "bytes")
PYTHON

part tests 100 python -P -m pytest -q -p no:cacheprovider "${tests[@]}" \
    tests/core/test_losses_triton.py tests/core/test_data_feed.py tests/core/test_data_transforms.py
bench loss 130 loss "${loss[@]}"
bench train 60 train "${train[@]}" --device "$device"
bench train-bf16 50 train "${train[@]}" --device "$device" --bf16
bench evaluation 100 evaluation "${evaluation[@]}"

if [ ${#failed[@]} -gt 0 ]; then
    echo "== FAILED: ${failed[*]}"
    exit 1
fi
echo "== all parts done, reports in $out"
