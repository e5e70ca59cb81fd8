#!/bin/bash
# The chains of launch.reproduce, a GPU each: task i of the array is chain i of `--list`.
#   FLAGS="--config=configs/reproduce.py --workdir=runs/paper --all"
#   python -m launch.reproduce $FLAGS --chain=-1      # the folds, before all else
#   N=$(python -m launch.reproduce $FLAGS --list | wc -l)
#   sbatch --array=0-$((N - 1)) launch/slurm/reproduce.sh $FLAGS
#   python -m launch.reproduce $FLAGS                 # the report, when all chains have ended
# DRY_RUN=1 SLURM_ARRAY_TASK_ID=3 bash launch/slurm/reproduce.sh ... prints the command instead.
#SBATCH --job-name=paiaa-reproduce
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --gpus=1
#SBATCH --cpus-per-task=8
#SBATCH --time=72:00:00
#SBATCH --signal=TERM@180
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=slurm-%x-%A-%a.log
set -euo pipefail

export NUM_DEVICES=1 # without a GPU it stops
export SRUN_CPUS_PER_TASK=${SLURM_CPUS_PER_TASK:-8} # srun does not take it over from sbatch
status=0
${DRY_RUN:+echo} srun python -m launch.reproduce --chain="$SLURM_ARRAY_TASK_ID" "$@" || status=$?
if [ "$status" -eq 75 ]; then # preempted, and saved: go on later
  scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"
fi
exit "$status"
