#!/bin/bash
# The runs of a sweep, a GPU each: task i of the array is run i that the sweep yields.
#   sbatch --array=0-9 launch/slurm/array.sh --config=configs/sweeps/folds.py --workdir=runs/folds
# DRY_RUN=1 SLURM_ARRAY_TASK_ID=3 bash launch/slurm/array.sh ... prints the command instead.
#SBATCH --job-name=paiaa-sweep
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --gpus=1
#SBATCH --cpus-per-task=8
#SBATCH --time=24:00:00
#SBATCH --signal=TERM@180
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=slurm-%x-%A-%a.log
set -euo pipefail

export NUM_DEVICES=1 # without a GPU it stops
export SRUN_CPUS_PER_TASK=${SLURM_CPUS_PER_TASK:-8} # srun does not take it over from sbatch
status=0
${DRY_RUN:+echo} srun python -m launch.sweep --run="$SLURM_ARRAY_TASK_ID" "$@" || status=$?
if [ "$status" -eq 75 ]; then # preempted, and saved: go on later
  scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"
fi
exit "$status"
