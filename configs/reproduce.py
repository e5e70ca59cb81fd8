"""Every table and figure of the paper on the real databases, with both backbones.

    python -m launch.reproduce --config=configs/reproduce.py --workdir=runs/paper --all

Expects what launch.prepare_data wrote under /data/prepared (psychoflickr_self: with
--option=traits=self --name=psychoflickr_self) and, by launch.convert_weights, weights/inception_v3,
weights/inception_v3_head (with --head) and weights/densenet121. 101 trainings, many of days on one
GPU: launch/slurm/reproduce.sh shares them out. The published figures stand beside ours in every
table.
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
  return ConfigDict(
    dict(
      databases=dict(
        ava="/data/prepared/ava",
        flickr_aes="/data/prepared/flickr_aes",
        psychoflickr="/data/prepared/psychoflickr",  # attributed traits
        psychoflickr_self="/data/prepared/psychoflickr_self",
      ),
      simulated=False,
      configs=dict(  # backbone -> config of launch.train
        inception_v3="configs/flickr_aes.py:inception_v3",
        densenet121="configs/flickr_aes.py:densenet121",
      ),
      headline="inception_v3",  # of Tables III to V and the figures
      overrides=ConfigDict(),  # field of the run config -> value, for every run
      released=dict(  # the headline's config by the `released` preset, by database
        ava="configs/ava.py:inception_v3,released",
        flickr_aes="configs/flickr_aes.py:inception_v3,released",
      ),
      folds=10,  # by person, of Table II
      traits=("psychoflickr", "psychoflickr_self"),  # of Table II; the first is the headline
      seeds=(0, 1, 2, 3, 4),  # of the ablation; the first is that of every other run
      shots=(10, 100),  # ratings a person is fitted on (Table V)
      curve=(10, 20, 30, 50, 70, 100),  # the same, of the learning curve
      num_splits=50,  # random splits a person
      solvers=(
        "empirical_bayes",
        "ridge",
        "population_mean",
        "ols",
        "sgd",
      ),  # of stage 2; the first is the headline
      baselines=(  # of Table V
        "residual_svr_traits",
        "residual_svr_features",
        "residual_svr_both",
        "fpmf_traits",
        "fpmf_features",
        "fpmf_both",
        "regression_ranking",
        "pair_ranking",
        "own_ridge",
        "own_svr",
      ),
    )
  )
