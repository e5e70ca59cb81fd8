"""launch.quickstart with the backbone "tiny".

python -m tests.e2e.tiny_quickstart --workdir=DIR --steps=2
"""

import runpy

from configs import quickstart
from studies.quickstart import plan
from tests.training import tiny


def get_config():
  """The run config: the quickstart's own, of a smaller network and smaller images."""
  config = quickstart.get_config()
  config.model.backbone, config.model.pretrained, config.model.pooling = "tiny", "none", "gap"
  config.data.image_size, config.data.resize = tiny.SIZE, tiny.SIZE + 2
  return config


if __name__ == "__main__":
  plan.CONFIG = __file__
  runpy.run_module("launch.quickstart", run_name="__main__", alter_sys=True)
