"""Personality-assisted image aesthetics: how beautiful photographs are to people, and to one.

    model = paiaa_jax.load()
    model.score(["photo.jpg"]).score  # generic scores, [n]

load             a trained model: scores images, learns the taste of one user
losses           losses of one image each, and their masked mean
metrics          SROCC, PLCC, KRCC, RMSE, accuracy, EMD: masked, with ties, compiled
models           networks, backbones, their weights, frozen features, kernel ridge regression
personalization  personal scores from a few of a user's own ratings, for many users at once
errors           UserError, what the caller can mend

Each has its own page: help(paiaa_jax.personalization).
"""

from paiaa_jax import lazy as _lazy

__version__ = "0.1.0"
__getattr__, __dir__ = _lazy.attach(__name__, __file__)
