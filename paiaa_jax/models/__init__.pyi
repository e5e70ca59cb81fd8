from paiaa_jax.models import features as features
from paiaa_jax.models import kernel_ridge as kernel_ridge
from paiaa_jax.models.backbones.base import Backbone as Backbone
from paiaa_jax.models.network import BACKBONES as BACKBONES
from paiaa_jax.models.network import Network as Network
from paiaa_jax.models.predictor import Predictor as Predictor
from paiaa_jax.models.weights import pretrained as pretrained
