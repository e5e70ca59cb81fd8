r"""Weights for everyone, from sharded tables larger than memory.

    python -m launch.personalize --config=configs/personalize_at_scale.py --workdir=runs/everyone \
        --config.shards.ratings='ratings/*.parquet' --config.shards.scores='scores/*.parquet'

Writes runs/everyone/weights/part-*.parquet: user, ratings, a weight for each auxiliary output,
intercept, noise (variance of a rating about its prediction), and why a user was refused. Start the
same command again after a stop: finished files are kept. On many hosts, start it on each.
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
  config = ConfigDict()
  config.shards = dict(
    ratings="ratings/*.parquet",  # columns user, path, score
    # Columns path, aesthetic_score, one an auxiliary output: launch.evaluate's predictions are
    # such; in rows of `paiaa score` or launch.score_parts, rename path to image.
    scores="scores/*.parquet",
    scale=(1.0, 5.0),  # lowest and highest rating possible
    groups=64,  # images are dealt into so many; one's scores and ratings are in memory at a time
    parts=64,  # people are dealt into so many; one is in memory at a time, on each host
    crowd=20_000,  # people, at most, from whom the prior is learnt
  )
  return config
