"""Simulates raters over real photographs, in the formats of AVA, FLICKR-AES and PsychoFlickr.

    python -m launch.simulate_data --out=runs/quickstart/data/raw [--photos=DIR] [--seed=0]

With these files all verbs can be tried without a database. What is measured on them holds for
simulated raters only.
"""

from __future__ import annotations

from absl import flags

from launch import cli_errors

FLAGS = flags.FLAGS


def main(_) -> None:
  from studies import simulate

  simulate.write(
    FLAGS.out,
    photos=FLAGS.photos or None,
    seed=FLAGS.seed,
    null=FLAGS.null,
    heavy_tails=FLAGS.heavy_tails,
  )


if __name__ == "__main__":
  flags.DEFINE_string("out", None, "A new folder.", required=True)
  flags.DEFINE_string(
    "photos", "", "Your own photographs, six or more; default: some in installed packages."
  )
  flags.DEFINE_integer("seed", 0, "Of the edits and the raters.")
  flags.DEFINE_bool("null", False, "Every personal weight is zero: nothing to personalise.")
  flags.DEFINE_bool("heavy_tails", False, "Personal weights from Student's t.")
  cli_errors.run(main)
