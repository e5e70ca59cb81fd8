"""Networks that score images, their backbones and weights, and what a frozen backbone can do.

    from paiaa_jax import models

    network = models.Network("efficientnet_lite0", num_buckets=10)
    variables = models.pretrained.load("efficientnet_lite0", "weights.pth")
    features = models.features.extract("efficientnet_lite0", "weights.pth", images)  # [n, d]

Network       a backbone and two heads: images -> score distribution, auxiliary outputs, features
BACKBONES     the classes of backbones by name
Backbone      what a backbone is: the base class of one of your own
Predictor     a trained model folder, compiled: uint8 images -> numpy arrays
pretrained    reads ImageNet weights without torch; reads and writes model folders
features      features of images by a frozen backbone
kernel_ridge  heads of a frozen backbone in closed form, for a few hundred labelled images
"""

from paiaa_jax import lazy as _lazy

__getattr__, __dir__ = _lazy.attach(__name__, __file__)
