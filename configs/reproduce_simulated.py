r"""Every table and figure of the paper on simulated raters, with the small backbone.

    python -m launch.reproduce --config=configs/reproduce_simulated.py \
        --workdir=runs/reproduce --all

Simulates and prepares the databases itself, then trains 39 small networks; meant for two cores and
less than 25 minutes. It shows that everything runs and fills every row. What is measured speaks of
simulated raters, and of trainings far too short to compare with the published figures beside them.
"""

from ml_collections import ConfigDict

from configs import reproduce


def get_config() -> ConfigDict:
  config = reproduce.get_config()
  config.simulated = True
  config.configs = ConfigDict({"efficientnet_lite0": "configs/quickstart.py"})
  config.headline = "efficientnet_lite0"
  config.overrides = ConfigDict(
    {
      "data": dict(image_size=96, resize=104),
      # In 20 steps Adam moves backbone and heads alike, whatever the scale of a task's loss.
      "optim": dict(batch_size=12, steps=20, optimizer="adam", lr_backbone=1e-4, lr_heads=1e-3),
      "train": dict(eval_every=20),
    }
  )
  config.traits = ("psychoflickr",)  # with "psychoflickr_self", twenty trainings more
  config.released.ava = config.released.flickr_aes = "configs/quickstart.py:released"
  return config
