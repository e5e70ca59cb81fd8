"""The prior that comes with the default model, against the posterior that uses it."""

import numpy as np

from paiaa_jax.personalization import posterior
from paiaa_jax.personalization.posterior import Photographs
from studies.default_model import taste


def test_a_step_finds_the_weights_that_each_users_posterior_has():
  rng = np.random.default_rng(0)
  photographs = Photographs(
    rng.normal(4, 1, 60), rng.uniform(-1, 1, (60, 2)), rng.normal(size=(60, 5))
  )
  prior = posterior.broad_prior([1.0, 7.0], 2)._replace(width=5.0)
  ratings = np.clip(rng.normal(4, 1.5, (2, 60)), 1, 7)
  ratings[0, :10] = np.nan
  part = np.repeat([0, 1], 30)
  found = taste.step(prior, taste.cases(prior, ratings, photographs, part))
  expected = [
    posterior.fit(prior, photographs.take(rows), own[rows]).weights
    for own in ratings
    for name in (0, 1)
    for rows in [np.flatnonzero((part == name) & ~np.isnan(own))]
  ]
  assert len(expected) == 4
  np.testing.assert_allclose(found.mean, np.mean(expected, axis=0), rtol=1e-9)
