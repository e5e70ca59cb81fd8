#!/bin/bash
# One run on one node: a process a GPU, joined by jax.distributed.
#   sbatch launch/slurm/one_node.sh --config=configs/ava.py --workdir=runs/ava
# DRY_RUN=1 bash launch/slurm/one_node.sh ... prints the command instead.
#SBATCH --job-name=paiaa
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=8
#SBATCH --gpus-per-node=8
#SBATCH --cpus-per-task=8
#SBATCH --time=24:00:00
#SBATCH --signal=TERM@180
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=slurm-%x-%j.log
set -euo pipefail

export SLURM_NNODES="${SLURM_NNODES:-1}" # as in a dry run; Slurm runs a copy of this file elsewhere
exec bash launch/slurm/many_nodes.sh "$@"
