r"""Adds rows to docs/leaderboard.md, which compares methods and encoders on the same users.

    python -m launch.leaderboard --protocol=oasis_by_theme --data=DIR --ratings=ratings.csv

writes a protocol's ratings; DIR holds oasis/ and vessel/. Then, with vectors of DIR's photographs,

    python -m launch.features --images=DIR --backbone=efficientnet_lite0 --out=x.parquet
    python -m launch.benchmark --ratings=ratings.csv --features=x.parquet --solver=taste \
      --k=10,30 --out=runs/row
    python -m launch.leaderboard --protocol=oasis_by_theme --add=runs/row --method=taste \
      --encoder="EfficientNet-Lite0" --weights=SHA256 --command="..."

adds the row and makes the page anew; without flags the page alone is made.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from launch import cli_errors
from paiaa_jax.errors import UserError

FLAGS = flags.FLAGS
ROOT = Path(__file__).parents[1] / "docs"


def main(_) -> None:
  from paiaa_jax import files
  from studies import leaderboard

  if FLAGS.ratings:
    table = leaderboard.ratings_of(FLAGS.protocol, Path(FLAGS.data))
    files.write_frame(FLAGS.ratings, table)
    print(f"{len(table):,} ratings written to {FLAGS.ratings}")
    return
  docs = Path(FLAGS.docs)
  if FLAGS.add:
    if missing := [n for n in ("method", "encoder", "weights", "command") if not FLAGS[n].value]:
      raise UserError(f"--add needs --{missing[0]} too.")
    row = leaderboard.entry(
      Path(FLAGS.add),
      FLAGS.protocol,
      method=FLAGS.method,
      encoder=FLAGS.encoder,
      weights=FLAGS.weights,
      command=FLAGS.command,
    )
    print(f"written: {leaderboard.add(row, docs / 'leaderboard')}")
  intro = files.read_bytes(docs / "leaderboard" / "intro.txt").decode("utf-8")
  files.write_text(docs / "leaderboard.md", leaderboard.page(docs / "leaderboard", intro))
  print(f"written: {docs / 'leaderboard.md'}")


if __name__ == "__main__":
  flags.DEFINE_string("protocol", "oasis_by_theme", "A key of studies.leaderboard.PROTOCOLS.")
  flags.DEFINE_string("data", "", "Folder with oasis/ and vessel/, for --ratings.")
  flags.DEFINE_string("ratings", "", "Write the protocol's ratings here, .csv or .parquet.")
  flags.DEFINE_string("add", "", "Folder that launch.benchmark wrote, to add as a row.")
  flags.DEFINE_string("method", "", "Of the row: what learns a user's scores.")
  flags.DEFINE_string("encoder", "", "Of the row: what its vectors come from.")
  flags.DEFINE_string("weights", "", "Of the row: sha256 of the encoder's weights.")
  flags.DEFINE_string("command", "", "Of the row: how it was run.")
  flags.DEFINE_string("docs", str(ROOT), "Folder of leaderboard.md and leaderboard/.")
  cli_errors.run(main)
