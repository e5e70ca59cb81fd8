"""launch.reproduce with the backbone "tiny".

python -m tests.studies.reproduce.tiny --config=tests/studies/reproduce/tiny_study.py ...
"""

from absl import flags

from launch import cli_errors, reproduce
from tests.training import tiny  # noqa: F401, registers the backbone

if __name__ == "__main__":
  flags.mark_flags_as_required(["config", "workdir"])
  cli_errors.run(reproduce.main)
