"""torchvision beside a CPU-only torch."""

import pytest


@pytest.fixture(scope="session")
def torchvision():
  """It asks for two operators that only its binary, which is not installed, would define."""
  torch = pytest.importorskip("torch", reason="torch is the oracle; install torch==2.13.0+cpu")
  library = torch.library.Library("torchvision", "DEF")
  library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
  library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
  yield pytest.importorskip("torchvision", reason="pip install --no-deps torchvision==0.28.0")
  library._destroy()
