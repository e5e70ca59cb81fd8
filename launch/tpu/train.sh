#!/bin/bash
# One run on a TPU VM slice, started on all of its hosts; jax finds the others by itself.
#   TPU=paiaa ZONE=us-central2-b launch/tpu/train.sh --config=configs/ava.py --workdir=/storage/ava
# /storage is a folder that all hosts see (Filestore, or a bucket by gcsfuse), with data and runs.
# The slice exists, and has this repository installed in ~/paiaa_jax with `pip install '.[tpu]'`:
#   gcloud compute tpus tpu-vm create paiaa --zone=us-central2-b \
#     --accelerator-type=v4-32 --version=tpu-ubuntu2204-base
# --num_devices=16, a v4-32's chips, has it stop where fewer are seen.
# Run the same line again after a preemption: it goes on. DRY_RUN=1 prints the command instead.
set -euo pipefail

: "${TPU:?name of the TPU VM}" "${ZONE:?its zone}"
printf -v arguments ' %q' "$@"
${DRY_RUN:+echo} gcloud compute tpus tpu-vm ssh "$TPU" --zone="$ZONE" --worker=all \
  --command="cd ~/paiaa_jax && JAX_COMPILATION_CACHE_DIR=.jax_cache python -m launch.train --tpu_slice$arguments"
