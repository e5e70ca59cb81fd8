"""Draws depend on ids and seed alone."""

import numpy as np

from paiaa_jax import personalization as pz
from paiaa_jax.personalization.splits import hash_ids

USERS = np.array(["ann", "bob", "cem"])
IMAGES = np.array([[f"{i}.jpg" for i in row] for row in (range(20), range(10, 30), range(20))])


def draws(valid=None, users=USERS, images=IMAGES, num_splits=4, seed=0):
  zeros = np.zeros(images.size)
  made = pz.make_users(
    pz.make_images(zeros, zeros[:, None]),
    np.arange(images.size).reshape(images.shape),
    np.zeros(images.shape),
    valid,
    user_ids=users,
    image_ids=images.ravel(),
  )
  return pz.draw_splits(made, pz.Protocol((1,), num_splits, seed))


def drawn_names(result, images=IMAGES):
  """[u, n, s]: image names in the order drawn."""
  return np.take_along_axis(np.asarray(images)[..., None], result.image, axis=1)


def test_the_hash_is_fnv_1a():
  published = {"": 0xCBF29CE484222325, "a": 0xAF63DC4C8601EC8C, "foobar": 0x85944171F73967E8}
  np.testing.assert_array_equal(
    hash_ids(list(published)), np.array(list(published.values()), np.uint64)
  )


def test_each_split_is_a_permutation_and_position_its_inverse():
  result = draws()
  np.testing.assert_array_equal(np.sort(result.image, axis=1), np.sort(result.position, axis=1))
  restored = np.take_along_axis(result.position, result.image, axis=1)
  np.testing.assert_array_equal(restored, np.broadcast_to(np.arange(20)[:, None], restored.shape))


def test_draws_follow_ids_through_any_order_of_users_and_images():
  shuffle = np.random.default_rng(0).permutation
  people, columns = shuffle(3), shuffle(20)
  images = IMAGES[people][:, columns]
  moved = draws(users=USERS[people], images=images)
  np.testing.assert_array_equal(drawn_names(moved, images), drawn_names(draws())[people])


def test_padding_comes_last_and_changes_nothing():
  wider = np.pad(IMAGES, ((0, 0), (0, 7)), constant_values="a much longer name than any other")
  valid = np.pad(np.ones(IMAGES.shape, bool), ((0, 0), (0, 7)))
  names = drawn_names(draws(valid, images=wider), wider)
  np.testing.assert_array_equal(names[:, :20], drawn_names(draws()))


def test_a_user_draws_alike_alone_and_in_company():
  alone = draws(users=USERS[1:2], images=IMAGES[1:2])
  np.testing.assert_array_equal(alone.image, draws().image[1:2])


def test_numbers_and_their_text_are_the_same_ids():
  numbers = np.arange(40).reshape(2, 20)
  as_text = draws(users=np.array(["7", "8"]), images=numbers.astype(str))
  np.testing.assert_array_equal(draws(users=np.array([7, 8]), images=numbers).image, as_text.image)


def test_seeds_users_and_splits_draw_differently_and_evenly():
  same_images = np.broadcast_to(np.arange(50), (40, 50))
  result = draws(users=np.arange(40), images=same_images, num_splits=100)
  rows = result.image.transpose(0, 2, 1).reshape(-1, 50)
  assert len(np.unique(rows, axis=0)) == len(rows)
  other = draws(users=np.arange(40), images=same_images, num_splits=100, seed=1)
  assert np.mean(other.image == result.image) < 0.03  # 1 in 50 by chance
  first = np.bincount(result.image[:, 0].ravel(), minlength=50)  # 4000 draws, 80 expected
  assert first.min() > 40 and first.max() < 130


def test_users_take_turns_by_hash_whatever_their_order():
  people = np.random.default_rng(0).permutation(3)
  turn = draws().turn
  assert sorted(turn) == [0, 1, 2]
  np.testing.assert_array_equal(
    draws(users=USERS[people], images=IMAGES[people]).turn, turn[people]
  )
