"""Makes a model that comes with the package, from the distributors' files of OASIS-beauty.

    python -m launch.default_model --source=DIR --out=paiaa_jax/default_model
    python -m launch.default_model --source=DIR --out=paiaa_jax/fast_model --fast

DIR holds OASIS.csv, corrData.mat and images/. Features are kept in --workdir; started again, it
goes on from those. A quarter of an hour on two cores, most of it for features; --fast, which looks
at 224 pixels alone, a third of that.
"""

from __future__ import annotations

import logging
from pathlib import Path

from absl import flags

from launch import cli_errors

SOURCE = flags.DEFINE_string("source", None, "Folder of the distributors' files.", required=True)
OUT = flags.DEFINE_string("out", None, "Model folder to write.", required=True)
PICTURE = flags.DEFINE_string("picture", None, "README's picture to draw, a .jpg.")
FAST = flags.DEFINE_bool("fast", False, "Look at 224 pixels alone.")
WORKDIR = flags.DEFINE_string("workdir", "runs/default_model", "Where features are kept.")


def main(_) -> None:
  from studies.default_model import inputs, make, measure, picture
  from studies.oasis import study

  logging.getLogger().setLevel(logging.INFO)
  data = study.read(SOURCE.value)
  look = inputs.FAST if FAST.value else inputs.WHOLE
  workdir = Path(WORKDIR.value) / ("fast" if FAST.value else "")
  found, damaged = make.read(data, look, workdir)
  make.write(data, look, found, measure.figures(found, damaged), Path(OUT.value))
  print(OUT.value)
  if PICTURE.value:
    print(picture.draw(data, found, Path(PICTURE.value)))


if __name__ == "__main__":
  cli_errors.run(main)
