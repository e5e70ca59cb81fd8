"""Makes the model that comes with the package, from the distributors' files of OASIS-beauty.

    python -m launch.default_model --source=DIR --out=paiaa_jax/default_model

DIR holds OASIS.csv, corrData.mat and images/. Features are kept in --workdir; started again, it
goes on from those. A quarter of an hour on two cores, most of it for features.
"""

from __future__ import annotations

import logging
from pathlib import Path

from absl import flags

from launch import cli_errors

SOURCE = flags.DEFINE_string("source", None, "Folder of the distributors' files.", required=True)
OUT = flags.DEFINE_string("out", None, "Model folder to write.", required=True)
PICTURE = flags.DEFINE_string("picture", None, "README's picture to draw, a .jpg.")
WORKDIR = flags.DEFINE_string("workdir", "runs/default_model", "Where features are kept.")


def main(_) -> None:
  from studies.default_model import make, measure, picture
  from studies.oasis import study

  logging.getLogger().setLevel(logging.INFO)
  data = study.read(SOURCE.value)
  inputs, damaged = make.read(data, Path(WORKDIR.value))
  make.write(data, inputs, measure.figures(inputs, damaged), Path(OUT.value))
  print(OUT.value)
  if PICTURE.value:
    print(picture.draw(data, inputs, Path(PICTURE.value)))


if __name__ == "__main__":
  cli_errors.run(main)
