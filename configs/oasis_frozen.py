"""OASIS-beauty, real users: a frozen backbone, photographs and users both held out.

    python -m launch.oasis --source=DIR --workdir=runs/oasis

DIR holds the distributors' files (see paiaa_jax/data/databases/oasis.py). docs/results.md has the
figures to expect. Takes less than 40 minutes on two cores; started again, it goes on.
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
  return ConfigDict(
    dict(
      backbone="efficientnet_lite0",  # a key of models.network.BACKBONES
      pretrained="packaged",  # a weight file, or "packaged": inside an installed package
      sizes=(224, 448),  # pixels; the features of all sizes stand side by side
      seeds=(0, 1, 2, 3, 4),  # each draws folds of photographs and blocks of users
      folds=5,  # of photographs
      people=37,  # in a block; the first block of the first seed is the headline
      blocks=0,  # of the first seed, how many are evaluated; 0: all full ones
      shots=(10, 30, 100),  # ratings of a user that a fit sees
      headline_splits=50,  # random splits of a user of the headline
      splits=10,  # of each other user
      tune=ConfigDict(
        dict(
          seeds=(0, 1, 2, 3, 4),  # seed i holds out fold i of its own folds; () leaves tuning out
          size=96,  # pixels
          resize=108,  # pixels, side of the square that a training crop is cut from
          batch_size=32,
          epochs=2.0,
          lr_backbone=0.01,
          lr_heads=0.1,
          weight_decay=1e-5,  # L2, added to the gradient
          clip_norm=0.0,  # global gradient norm; 0: off
          ema=0.0,  # decay of the weights' moving average a step; 0: off
          pooling="multi_level",  # "gap" or "multi_level"
          head_widths=(256,),
          head_dropout=0.2,
          distribution_loss="emd",  # "mse" (Eq. 2) or "emd"
        )
      ),
    )
  )
