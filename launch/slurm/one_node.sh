#!/bin/bash
# One run on one node: one process drives all of its GPUs.
#   sbatch launch/slurm/one_node.sh --config=configs/ava.py --workdir=runs/ava
# DRY_RUN=1 bash launch/slurm/one_node.sh ... prints the command instead.
#SBATCH --job-name=paiaa
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --gpus-per-node=8
#SBATCH --cpus-per-task=64
#SBATCH --time=24:00:00
#SBATCH --signal=TERM@180
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=slurm-%x-%j.log
set -euo pipefail

status=0
${DRY_RUN:+echo} srun python -m launch.train "$@" || status=$?
if [ "$status" -eq 75 ]; then # preempted, and saved: go on later
  scontrol requeue "$SLURM_JOB_ID"
fi
exit "$status"
