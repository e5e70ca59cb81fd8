"""Known vulnerabilities of what requirements.lock installs: python -m tests.audit PIP_AUDIT

Where the service does not know the packages (it is not reached, or is a mirror without it), that is
said, and is no failure.
"""

import json
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).parents[1] / "requirements.lock"


def main(program):
  command = [program, "--requirement", str(LOCK), "--no-deps", "--disable-pip", "--format=json"]
  done = subprocess.run(command, capture_output=True, text=True, check=False)
  try:
    found = json.loads(done.stdout)["dependencies"]
  except (ValueError, KeyError):
    print(f"pip-audit: its service does not answer ({done.stderr.strip()[-200:]})")
    return 0
  asked = [one for one in found if "skip_reason" not in one]
  bad = [one for one in asked if one["vulns"]]
  for one in bad:
    print(f"{one['name']} {one['version']}: {', '.join(vuln['id'] for vuln in one['vulns'])}")
  unknown = f"; {len(found) - len(asked)} that its service does not know here" if found else ""
  print(f"pip-audit: {len(asked)} packages asked about, {len(bad)} with known faults{unknown}")
  return int(bool(bad))


if __name__ == "__main__":
  sys.exit(main(sys.argv[1]))
