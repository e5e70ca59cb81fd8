"""Batches are functions of seed, stream, step and process; evaluation counts each image once."""

import contextlib
import io
import itertools
import multiprocessing

import jax
import numpy as np
import pytest
from PIL import Image

from paiaa_jax.data import images, pipeline
from paiaa_jax.errors import UserError
from paiaa_jax.types import LABELS

DRAWS = pipeline.Draws(8, 10)


class Photos:
  """`rows` pictures of their own; every third has no aux, every fifth no distribution."""

  def __init__(self, rows):
    self.rows = [self._record(row) for row in range(rows)]

  def __len__(self):
    return len(self.rows)

  def __getitem__(self, row):
    return self.rows[row]

  @staticmethod
  def _record(row):
    pixels = np.random.default_rng(row).integers(0, 255, (12, 16, 3)).astype(np.uint8)
    encoded = io.BytesIO()
    Image.fromarray(pixels).save(encoded, "PNG")
    return dict(
      name=f"{row}.png",
      image=encoded.getvalue(),
      distribution=np.full(5, row % 5 > 0, np.float32) / 5,
      aux=np.full(2, row / 100 if row % 3 else 0, np.float32),
      has_distribution=float(row % 5 > 0),
      has_aux=float(row % 3 > 0),
    )


def take(batches, steps):
  return list(itertools.islice(batches, steps))


def assert_same(batches, others):
  jax.tree.map(np.testing.assert_array_equal, batches, others)


def train(rows=10, batch_size=4, seed=3, draws=DRAWS, stream="aesthetics", **options):
  streams = [pipeline.Stream(Photos(rows), draws, stream)]
  return pipeline.train_batches(streams, batch_size=batch_size, seed=seed, **options)


def test_each_epoch_draws_every_image_once_in_a_new_order():
  index = np.concatenate([batch.index for batch in take(train(rows=10, batch_size=4), 10)])
  epochs = index.reshape(4, 10)
  np.testing.assert_array_equal(np.sort(epochs, axis=1), np.tile(np.arange(10), (4, 1)))
  assert len({tuple(epoch) for epoch in epochs}) == 4


def test_a_source_smaller_than_the_batch_cycles():
  (batch,) = take(train(rows=3, batch_size=9), 1)
  np.testing.assert_array_equal(np.bincount(batch.index), [3, 3, 3])


@pytest.mark.parametrize("first_step", [1, 5, 10_000])
def test_starting_late_is_having_run_until_then(first_step):
  draws = DRAWS._replace(flip=True)
  if first_step < 100:
    whole = take(train(draws=draws), first_step + 2)[first_step:]
  else:
    whole = take(train(draws=draws, first_step=first_step - 3), 5)[3:]
  assert_same(take(train(draws=draws, first_step=first_step), 2), whole)


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_the_number_of_threads_changes_nothing(workers):
  few, three = (take(train(process=pipeline.Process(workers=n)), 6) for n in (workers, 3))
  assert_same(few, three)


@pytest.mark.parametrize("chunk", [1, 3, 5])
def test_the_images_that_a_thread_makes_at_a_time_change_nothing(chunk, monkeypatch):
  whole = take(train(batch_size=6), 4)
  monkeypatch.setattr(pipeline, "CHUNK", chunk)
  assert_same(take(train(batch_size=6), 4), whole)


def test_decoding_processes_change_nothing_and_end(monkeypatch):
  """Of the images, large enough to be handed over in shared memory, and of what fills no batch."""
  streams = [
    pipeline.Stream(Photos(rows), pipeline.Draws(90, 100, flip=True), name)
    for rows, name in ((4, "aesthetics"), (3, "auxiliary"))
  ]

  def batches(**process):
    process = pipeline.Process(workers=2, **process)
    options = dict(batch_size=3, padded_size=4, seed=3, first_step=2, process=process)
    return pipeline.train_batches(streams, **options)

  threads = take(batches(), 3)
  monkeypatch.setattr(pipeline, "CHUNK", 4)  # the two halves of a batch by one process each
  others = {*multiprocessing.active_children()}
  with contextlib.closing(batches(decoders=2)) as apart:
    assert_same(take(apart, 3), threads)
    decoders = {*multiprocessing.active_children()} - others
  assert len(decoders) == 2
  for decoder in decoders:
    decoder.join(60)  # one that is still starting up is killed, and not waited for
  assert not any(decoder.is_alive() for decoder in decoders)


def test_a_broken_record_is_named_by_a_decoding_process():
  source = Photos(1)
  source.rows[0]["image"] = source.rows[0]["image"][:40]
  streams = [pipeline.Stream(source, DRAWS)]
  process = pipeline.Process(workers=1, decoders=1)
  with pytest.raises(UserError, match=r"0\.png: "):
    next(pipeline.train_batches(streams, batch_size=1, seed=0, process=process))


@pytest.mark.parametrize("processes", [2, 4])
def test_processes_share_one_global_batch(processes):
  whole = take(train(batch_size=4), 5)
  shares = [take(train(process=pipeline.Process(i, processes)), 5) for i in range(processes)]
  steps = zip(*shares, strict=True)
  assert_same([jax.tree.map(lambda *rows: np.concatenate(rows), *step) for step in steps], whole)


@pytest.mark.parametrize("processes", [1, 2])
def test_padding_stands_behind_the_images_of_all_processes(processes):
  whole = take(train(batch_size=5), 3)
  shares = [
    take(train(batch_size=5, padded_size=8, process=pipeline.Process(i, processes)), 3)
    for i in range(processes)
  ]
  steps = [
    jax.tree.map(lambda *rows: np.concatenate(rows), *step) for step in zip(*shares, strict=True)
  ]
  assert_same([jax.tree.map(lambda rows: rows[:5], step) for step in steps], whole)
  for step in steps:
    np.testing.assert_array_equal(step.index[5:], [-1, -1, -1])
    assert not step.has_distribution[5:].any() and not step.has_aux[5:].any()


def test_seeds_and_streams_draw_on_their_own():
  orders = [
    np.concatenate([batch.index for batch in take(train(rows=40, **options), 10)])
    for options in (dict(seed=0), dict(seed=1), dict(seed=0, stream="auxiliary"))
  ]
  assert not any(np.array_equal(a, b) for a, b in itertools.combinations(orders, 2))


def test_two_streams_of_different_length_run_side_by_side():
  alone = take(train(rows=4, stream="auxiliary"), 6)
  both = zip(train(rows=10), train(rows=4, stream="auxiliary"), strict=True)
  assert_same([auxiliary for _, auxiliary in take(both, 6)], alone)


@pytest.mark.parametrize("processes", [1, 2])
def test_two_streams_alternate_row_by_row(processes):
  process = pipeline.Process(processes - 1, processes)
  options = dict(batch_size=4, padded_size=6, seed=3, process=process)
  pair = [pipeline.Stream(Photos(10), DRAWS), pipeline.Stream(Photos(4), DRAWS, "auxiliary")]
  joint = take(pipeline.train_batches(pair, **options), 5)
  alone = [take(pipeline.train_batches([stream], **options), 5) for stream in pair]
  assert_same([jax.tree.map(lambda rows: rows[0::2], batch) for batch in joint], alone[0])
  assert_same([jax.tree.map(lambda rows: rows[1::2], batch) for batch in joint], alone[1])


def test_crops_differ_between_epochs_but_not_between_runs():
  batches = train(rows=1, batch_size=1, seed=0, draws=pipeline.Draws(4, 12))
  crops = [batch.image for batch in take(batches, 8)]
  assert len({crop.tobytes() for crop in crops}) > 4


def test_a_batch_holds_the_labels_and_masks_of_its_rows():
  source = Photos(10)
  (batch,) = take(train(rows=10, batch_size=10), 1)
  assert [leaf.dtype for leaf in batch] == [np.uint8] + 4 * [np.float32] + [np.int32]
  assert batch.image.shape == (10, 8, 8, 3)
  for slot, row in enumerate(batch.index):
    for field in LABELS:
      np.testing.assert_array_equal(getattr(batch, field)[slot], source[row][field])


@pytest.mark.parametrize("processes", [1, 2, 4])
@pytest.mark.parametrize("rows", [1, 7, 8, 9])
def test_evaluation_counts_every_image_once_on_any_number_of_processes(rows, processes):
  source = Photos(rows)
  shares = [
    list(
      pipeline.eval_batches(
        source, batch_size=4, image_size=6, process=pipeline.Process(i, processes)
      )
    )
    for i in range(processes)
  ]
  assert {len(share) for share in shares} == {-(-rows // 4)}
  batches = [batch for share in shares for batch in share]
  assert {batch.image.shape for batch in batches} == {(4 // processes, 6, 6, 3)}
  index = np.concatenate([batch.index for batch in batches])
  assert sorted(index[index >= 0]) == list(range(rows))
  for field in LABELS:
    assert not np.concatenate([getattr(batch, field) for batch in batches])[index < 0].any()


def test_evaluation_sees_the_pixels_that_scoring_a_photograph_sees():
  source = Photos(3)
  (batch,) = pipeline.eval_batches(source, batch_size=3, image_size=6)
  for row in range(3):
    pixels = images.resize_square(images.decode(source[row]["image"], 6), 6)
    np.testing.assert_array_equal(batch.image[row], pixels)


def test_evaluating_nothing_yields_nothing():
  assert list(pipeline.eval_batches(Photos(0), batch_size=4, image_size=6)) == []


def test_what_cannot_work_is_said_before_the_first_batch():
  with pytest.raises(UserError, match="no images"):
    train(rows=0)
  with pytest.raises(UserError, match="shared evenly by 3"):
    train(process=pipeline.Process(count=3))
  with pytest.raises(UserError, match="raise resize"):
    train(draws=pipeline.Draws(9, 8))


def test_a_record_that_broke_on_disk_is_named():
  source = Photos(4)
  source.rows[2]["image"] = source.rows[2]["image"][:40]
  with pytest.raises(UserError, match=r"2\.png: "):
    list(pipeline.eval_batches(source, batch_size=2, image_size=6))
