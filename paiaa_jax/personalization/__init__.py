"""Personal scores of images from a few of a user's own ratings, for many users at once.

A model has given each image a generic score and k auxiliary outputs, such as five personality
traits. From a user's ratings of some images, the shots, a solver learns what to add to the generic
scores. `evaluate` then compares the sums with the user's ratings of the other images, those held
out: Spearman's rank correlation (SROCC) for every user, random split and number of shots.

    import numpy as np
    from paiaa_jax import personalization as pz

    rng = np.random.default_rng(0)
    generic, outputs = rng.normal(3, 0.5, 60), rng.uniform(-1, 1, (60, 5))  # [N], [N, k]
    taste = rng.normal(0.2, 0.4, (8, 5)) @ outputs.T                        # [u, n], of 8 users
    ratings = generic + taste + rng.normal(0, 0.3, taste.shape)             # [u, n], in points
    images = pz.make_images(generic, outputs)
    users = pz.make_users(images, np.tile(np.arange(60), (8, 1)), ratings)  # who rated what
    splits = pz.draw_splits(users, pz.Protocol(shots=(5, 20), num_splits=3))
    result = pz.evaluate("empirical_bayes", users, splits)                  # one compiled call
    result.srcc_personal                                                    # [shots, u, s]

images and users
  Images, make_images       generic scores [N], outputs [N, k], coordinates [N, m] of N images
  Users, make_users         ratings [u, n] by u users of up to n images each, checked and padded
splits
  Protocol                  numbers of shots, number of splits s, seed
  Splits, draw_splits       which images are shots and which are held out, [u, n, s]
solvers
  ridge, ols                linear regression, with and without a penalty (Eq. 6, 7)
  sgd                       the same by stochastic gradient descent, as the paper trains
  empirical_bayes           linear, with a prior from other users' ratings; gives intervals
  population_mean           the mean weights of other users: what is not personal
  conditional               weights that depend on the image, by a small network
  taste                     a Gaussian process on the images' coordinates; gives intervals
  SOLVERS                   all of these by name
  Solver, Shots, Prediction what a solver is, reads and returns; CONTRIBUTING.md adds one
results
  evaluate, Evaluation      a solver's, or anybody's scores [shots, u, n, s] -> SROCC, coverage
  predict                   a solver's scores themselves
  summarize                 means, deviations and a row for each user, ready for JSON
  compare_users, bootstrap  Wilcoxon's test and intervals over users
one user
  Photographs               what a model says of n photographs, without jax
  Given, Choice             ratings, rejections, and choices among several photographs
  learn_profile, Profile    linear fusion and Gaussian process in one posterior, in numpy

Nothing here opens an image or a table. help(pz.evaluate) and so on tell more.
"""

from paiaa_jax import lazy as _lazy

__getattr__, __dir__ = _lazy.attach(__name__, __file__)
