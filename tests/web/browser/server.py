"""`paiaa rate` with the tiny model, as a process that can be killed and started again."""

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

COMMAND = (sys.executable, "-m", "tests.photos.tiny_model")


def free_port() -> int:
  with socket.socket() as held:
    held.bind(("127.0.0.1", 0))
    return held.getsockname()[1]


class Server:
  """One library, one session, one port; `address` has the token of the present run."""

  def __init__(self, library: Path, model: Path, folder: Path, environment: dict[str, str]):
    self.library, self.model, self.folder = library, model, folder
    self.session, self.port = folder / "test.session", free_port()
    folder.mkdir(parents=True, exist_ok=True)
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
