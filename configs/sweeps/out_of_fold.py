"""FLICKR-AES without one of five folds of its training images: for a prior of training users.

    python -m launch.sweep --config=configs/sweeps/out_of_fold.py --workdir=runs/folds

Then launch.evaluate --out_of_fold with the five workdirs writes what launch.personalize reads.
"""

from configs.flickr_aes import get_config as get_config


def sweep():
  for fold in range(5):
    yield {"data.left_out_fold": fold}
