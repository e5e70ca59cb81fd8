"""What commands of launch do, in this process: what many runs share is compiled once."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path

import launch.baselines
import launch.personalize
from paiaa_jax.apps import evaluate_model
from paiaa_jax.training import loop, preemption
from paiaa_jax.training.programs import Programs
from studies.steps import Command


def train(programs: Programs, command: Command) -> None:
  """Ends the process with the code that asks for another start where the run is preempted."""
  try:
    loop.train(command.resolved(), command.flags["workdir"], programs)
  except preemption.Preempted as stop:
    print(stop, file=sys.stderr)
    sys.exit(preemption.EXIT_CODE)


def evaluate(command: Command) -> None:
  evaluate_model.evaluate(**command.flags)


def personalize(command: Command) -> None:
  launch.personalize.evaluate(command.resolved(), Path(command.flags["workdir"]))


def baselines(command: Command) -> None:
  only = command.flags["only"].split(",")
  launch.baselines.evaluate(command.resolved(), Path(command.flags["workdir"]), only)


def verbs() -> dict[str, Callable[[Command], None]]:
  """Verb -> what does its commands; the trainings share their programs."""
  return {
    "train": functools.partial(train, Programs()),
    "evaluate": evaluate,
    "personalize": personalize,
    "baselines": baselines,
  }
