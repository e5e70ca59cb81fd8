"""The commands of launch run in this process, so that many runs share what is compiled."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path

from paiaa_jax.apps import evaluate_model, personalize_users
from paiaa_jax.training import loop, preemption
from paiaa_jax.training.programs import Programs
from studies.baselines import workdir
from studies.steps import Command


def train(programs: Programs, command: Command) -> None:
  """Trains; a preempted run ends the process with the code that asks for another start."""
  try:
    loop.train(command.resolved(), command.flags["workdir"], programs)
  except preemption.Preempted as stop:
    print(stop, file=sys.stderr)
    sys.exit(preemption.EXIT_CODE)


def evaluate(command: Command) -> None:
  evaluate_model.evaluate(**command.flags)


def personalize(command: Command) -> None:
  config, folder = command.resolved(), Path(command.flags["workdir"])
  personalize_users.run(folder, Path(config.data.aesthetics), config.personalize)


def baselines(command: Command) -> None:
  config, folder = command.resolved(), Path(command.flags["workdir"])
  only = command.flags["only"].split(",")
  workdir.run(folder, Path(config.data.aesthetics), config.personalize, only)


def verbs() -> dict[str, Callable[[Command], None]]:
  """Verb -> what does its commands; the trainings share their programs."""
  return {
    "train": functools.partial(train, Programs()),
    "evaluate": evaluate,
    "personalize": personalize,
    "baselines": baselines,
  }
