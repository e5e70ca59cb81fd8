"""Every field of a stage-1 and stage-2 run, with its default and unit. Run configs override a few.

The defaults are the `paper` preset: Li et al., IEEE TIP 2020, and where it is silent, the
settlement that docs/method.md writes down. Launched by no one: see the configs beside this one.
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
  """The `paper` preset on Inception-v3; a run names its data folders."""
  config = ConfigDict()
  config.seed = 0

  config.model = ConfigDict(
    dict(
      backbone="inception_v3",  # a key of models.network.BACKBONES
      pretrained="packaged",  # a weight file, "packaged" (inside an installed package) or "none"
      init_from="",  # a run's workdir, or its model folder, whose weights are the first ones
      init_parts="both",  # of init_from: "backbone", "heads" or "both"
      pooling="gap",  # "gap" (the paper's) or "multi_level"
      head_input="pooled",  # "pooled" or "logits" (the released scripts)
      head_widths=(1024, 512),  # units
      head_dropout=0.5,  # probability
      aux_activation="tanh",  # "tanh" (traits) or "softmax" (MT_IAA)
      head_init="torch",  # "torch", its defaults, or "flat", output layers from 0; see models.heads
      aux_final_norm=False,  # BN before the auxiliary activation (the released scripts)
      dtype="float32",  # of the computation: "float32" or "bfloat16"
      remat="none",  # what the backward pass computes again: "none", "blocks" or, of those, all but
      # what convolutions and matrix products give, "all_but_products"
    )
  )

  config.data = ConfigDict(
    dict(
      aesthetics="",  # prepared folder with score distributions
      auxiliary="",  # prepared folder with traits (or the other auxiliary targets)
      auxiliary_target="aux",  # what the auxiliary head learns: "aux" or "distribution" (MT_IAA)
      image_size=299,  # pixels, side of the network's input
      resize=350,  # pixels, side of the square a training crop is cut from
      sampling="uniform",  # each image once an epoch; "scores" or "classes" (high, low): each alike
      flip=False,  # random horizontal flips in training
      validation=False,  # whether the validation split is held out; False: it is trained on too
      left_out_fold=-1,  # of the aesthetics images for training, 0..folds - 1; -1: none
      folds=5,  # how many, see launch.evaluate --out_of_fold
      trained_on="",  # whose labels these are, in words that the model folder passes on
      workers=0,  # decoding threads beside the main one; 0: one per core
      decoders=0,  # processes that training's decoding threads are shared among; 0: the main one's
    )
  )

  config.optim = ConfigDict(
    dict(
      batch_size=50,  # images a stream and step, over all devices (K of the paper)
      epochs=50.0,  # passes over the aesthetics set
      steps=0,  # steps; above 0 it replaces epochs
      lr_backbone=1e-5,
      lr_heads=1e-4,
      first_layer_rate=1.0,  # the backbone's first layer's rate over lr_backbone; 1: one rate
      schedule="exponential",  # "exponential" (x decay an epoch), "cosine" or "constant"
      decay=0.9,  # factor an epoch
      warmup_steps=0,
      optimizer="sgd",  # "sgd", "adam" or "adamw"
      momentum=0.9,
      weight_decay=1e-5,  # L2, added to the gradient ("adamw": taken off the weights)
      clip_norm=0.0,  # global gradient norm; 0: off
      ema=0.0,  # decay of the weights' moving average a step; 0: off
    )
  )

  config.train = ConfigDict(
    dict(
      tasks="joint",  # "joint", "aesthetics" or "auxiliary"
      gamma=1.0,  # weight of the auxiliary loss (Eq. 8)
      distribution_loss="mse",  # "mse" (Eq. 2), "emd" (r = 2) or "emd_r1" (r = 1)
      freeze_backbone=False,  # evaluation mode, no gradient, no backward pass
      weigh_by="none",  # what an image's loss L_a is weighted by: "none" or "raters", their number
      patience=0,  # evaluations without a better checkpoint.best after which a run ends; 0: off
      batch_norm="concatenated",  # one forward pass over both streams, or "separate": one each
      norm_groups=1,  # groups of rows with BN statistics of their own; 1: those of all rows
      fsdp=1,  # devices over which parameters and optimiser state are sharded
      eval_every=0,  # steps between evaluations on the validation split; 0: each epoch
      eval_batch_size=100,  # images, over all devices
    )
  )

  config.checkpoint = ConfigDict(
    dict(
      every=0,  # steps; 0: each epoch
      keep=2,  # the last n
      best="srcc",  # metric on the validation split by which one more is kept
      export="last",  # the weights that model/ gets: "last" or "best"
    )
  )

  config.log = ConfigDict(
    dict(
      every=50,  # steps between lines of metrics
      profile_steps="",  # "10:20" writes a trace of those steps
    )
  )

  config.personalize = ConfigDict(
    dict(
      shots=(10, 100),  # ratings a user is fitted on (k of Table V)
      num_splits=50,  # random splits a user
      solvers=("ridge", "ols", "sgd"),  # own shots alone, as the paper; the first is the headline
      prior="training_users",  # whom solvers that learn from others ask: "training_users", by
      # predictions out of fold, or "test_shots": the other test users' shots of the same split
      seed=0,
      ratings="",  # folder with other ratings of the same images; "": those of data.aesthetics
      name="",  # of the outputs, personalize_NAME.json; "": personalize.json
      scores=False,  # whether every held-out score is written too, for launch.benchmark
    )
  )
  return config
