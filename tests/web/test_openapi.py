"""Whatever is sent by the server's own description: no answer is an error of ours (500)."""

import contextlib

import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from paiaa_jax.web import security
from tests.web.conftest import TOKEN

ENDLESS = "/api/events"
EXAMPLES = 8


def test_nothing_that_is_sent_is_an_error_of_ours(client, photos, monkeypatch):
  monkeypatch.setattr(security, "A_SECOND", 1e6)  # posts a second
  headers = {"X-Paiaa-Token": TOKEN}
  before = {path: path.read_bytes() for path in photos.iterdir()}
  schema = schemathesis.openapi.from_url(f"{client.base}/api/openapi.json", headers=headers)
  told, tried = {}, set()
  for found in schema.get_all_operations():
    operation = found.ok()
    if operation.path == ENDLESS:
      continue
    tried.add(operation.path)
    for mode in GenerationMode:

      @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
      @given(case=operation.as_strategy(generation_mode=mode))
      def check(case):
        answer = case.call(headers=headers)
        told.setdefault(answer.status_code, []).append(case.path)
        assert answer.status_code < 500, (case, answer.text)

      with contextlib.suppress(Unsatisfiable):  # nothing can be wrong where nothing is asked
        check()
  assert {"/api/rate", "/api/undo", "/api/compare", "/api/next", "/api/thumb/{number}"} <= tried
  assert {200, 422} <= told.keys()
  assert {path: path.read_bytes() for path in before} == before  # photographs are only read
