"""A row of outputs comes apart as it was put together, and its columns are named in that order."""

from types import SimpleNamespace

import numpy as np

from paiaa_jax.models import vector

MODEL = SimpleNamespace(score_values=(1.0, 2.5, 4.0), aux_names=("warm", "calm"))
DISTRIBUTION = np.random.default_rng(0).dirichlet(np.ones(3), 4).astype(np.float32)
OUTPUTS = np.random.default_rng(1).uniform(-1, 1, (4, 2)).astype(np.float32)


def test_what_is_packed_is_what_is_sliced_one_row_or_many():
  rows = vector.pack(DISTRIBUTION, OUTPUTS)
  for some in (slice(None), 2):
    np.testing.assert_array_equal(vector.distribution_of(rows[some], MODEL), DISTRIBUTION[some])
    np.testing.assert_array_equal(vector.outputs_of(rows[some], MODEL), OUTPUTS[some])


def test_a_column_holds_what_its_name_says():
  assert vector.columns(MODEL) == ["p1", "p2", "p3", "warm", "calm"]
  named = dict(zip(vector.columns(MODEL), vector.pack(DISTRIBUTION, OUTPUTS).T, strict=True))
  np.testing.assert_array_equal(named["p2"], DISTRIBUTION[:, 1])
  np.testing.assert_array_equal(named["calm"], OUTPUTS[:, 1])
