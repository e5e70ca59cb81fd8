"""`paiaa rate` with the tiny model, as a process that can be killed and started again."""

import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from paiaa_jax.web.session import Session
from tests.web.conftest import SEED

COMMAND = (sys.executable, "-m", "tests.photos.tiny_model")


class Server:
  """One library, one session, one port; `address` has the token of the present run."""

  def __init__(self, library: Path, model: Path, folder: Path, environment: dict[str, str]):
    self.library, self.model, self.folder = library, model, folder
    self.session, self.port = folder / "test.session", 0  # any that is free; then the same again
    folder.mkdir(parents=True, exist_ok=True)
    session = Session(self.session)  # whose orders and judges are not left to chance
    session._base.execute("update session set seed = ?", (SEED,))
    session.close()
    self.environment = {
      **environment,
      "PAIAA_CACHE": str(folder / "cache" / "scores.sqlite"),
      "XDG_DATA_HOME": str(folder / "data"),
    }

  def start(self) -> None:
    options = ["--no-browser", "--recursive", f"--port={self.port}", f"--session={self.session}"]
    with (self.folder / "errors.txt").open("ab") as errors:
      self.process = subprocess.Popen(
        [*COMMAND, "rate", self.library, f"--model={self.model}", *options],
        stdout=subprocess.PIPE,
        stderr=errors,
        env=self.environment,
        text=True,
      )
    self.address = self.process.stdout.readline().strip()
    assert self.address, (self.folder / "errors.txt").read_text()
    self.port = urlsplit(self.address).port

  def end(self, how: signal.Signals = signal.SIGTERM) -> None:
    self.process.send_signal(how)
    self.process.wait(30)
    self.process.stdout.close()

  def kill(self) -> None:
    self.end(signal.SIGKILL)

  def get(self, path: str):
    """What the server answers, as JSON; of an attachment as bytes."""
    address, _, token = self.address.partition("/?token=")
    asked = urllib.request.Request(address + path, headers={"X-Paiaa-Token": token})
    with urllib.request.urlopen(asked, timeout=30) as answer:
      data = answer.read()
    return data if path.startswith("/api/export") else json.loads(data)

  def run(self, *arguments: object) -> None:
    """Another verb of the command, on the same cache."""
    subprocess.run(
      [*COMMAND, *map(str, arguments)], env=self.environment, check=True, capture_output=True
    )
