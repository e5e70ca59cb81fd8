#!/bin/bash
# One run over many nodes: a process a GPU, joined by jax.distributed.
#   sbatch --nodes=4 launch/slurm/many_nodes.sh --config=configs/ava.py --workdir=/shared/runs/ava
# The workdir and the data must be on storage that all nodes see. Other nodes than of eight GPUs:
# change --ntasks-per-node and --gpus-per-node together. `--ntasks-per-node=1` has one process drive
# all GPUs of a node; raise --cpus-per-task with it.
# DRY_RUN=1 bash launch/slurm/many_nodes.sh ... prints the command instead.
#SBATCH --job-name=paiaa
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=8
#SBATCH --gpus-per-node=8
#SBATCH --cpus-per-task=8
#SBATCH --time=24:00:00
#SBATCH --signal=TERM@180
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=slurm-%x-%j.log
set -euo pipefail

nodes=${SLURM_NNODES:-2}
export NUM_PROCESSES=${SLURM_NTASKS:-$((8 * nodes))}
export NUM_DEVICES=$((nodes * ${SLURM_GPUS_ON_NODE:-NUM_PROCESSES / nodes})) # with fewer it stops
export SRUN_CPUS_PER_TASK=${SLURM_CPUS_PER_TASK:-8} # srun does not take it over from sbatch
# A requeued run compiles nothing; gradients are summed over the GPUs while others are computed.
export JAX_COMPILATION_CACHE_DIR=${JAX_COMPILATION_CACHE_DIR:-$PWD/.jax_cache}
export XLA_FLAGS=${XLA_FLAGS---xla_gpu_enable_latency_hiding_scheduler=true}
hosts=localhost
if [ -n "${SLURM_JOB_NODELIST:-}" ]; then
  hosts=$(scontrol show hostnames "$SLURM_JOB_NODELIST")
fi
# A free port of this node, the first: two jobs on one node do not meet.
port=$(python -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])')
export COORDINATOR="${hosts%%$'\n'*}:$port"

# A process that stops with 75 must not have the others killed: they are saving the same step.
status=0
${DRY_RUN:+echo COORDINATOR="$COORDINATOR" NUM_PROCESSES="$NUM_PROCESSES" NUM_DEVICES="$NUM_DEVICES"} \
  srun --kill-on-bad-exit=0 python -m launch.train "$@" || status=$?
if [ "$status" -eq 75 ]; then # preempted, and saved: go on later
  scontrol requeue "$SLURM_JOB_ID"
fi
exit "$status"
