#!/bin/bash
# One run over many nodes: a process each, joined by jax.distributed.
#   sbatch --nodes=4 launch/slurm/many_nodes.sh --config=configs/ava.py --workdir=/shared/runs/ava
# The workdir and the data must be on storage that all nodes see.
# DRY_RUN=1 bash launch/slurm/many_nodes.sh ... prints the command instead.
#SBATCH --job-name=paiaa
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=8
#SBATCH --cpus-per-task=64
#SBATCH --time=24:00:00
#SBATCH --signal=TERM@180
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=slurm-%x-%j.log
set -euo pipefail

if [ -n "${DRY_RUN:-}" ]; then
  first=localhost
else
  first=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
fi
export COORDINATOR="$first:12345"
export NUM_PROCESSES="${SLURM_NTASKS:-2}"

# A process that stops with 75 must not have the others killed: they are saving the same step.
status=0
${DRY_RUN:+echo COORDINATOR="$COORDINATOR" NUM_PROCESSES="$NUM_PROCESSES"} srun --kill-on-bad-exit=0 python -m launch.train "$@" || status=$?
if [ "$status" -eq 75 ]; then # preempted, and saved: go on later
  scontrol requeue "$SLURM_JOB_ID"
fi
exit "$status"
