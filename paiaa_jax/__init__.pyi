from paiaa_jax import errors as errors
from paiaa_jax import losses as losses
from paiaa_jax import metrics as metrics
from paiaa_jax import models as models
from paiaa_jax import personalization as personalization
from paiaa_jax.photos.api import load as load

__version__: str
