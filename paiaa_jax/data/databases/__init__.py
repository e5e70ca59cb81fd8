"""The distributors' label files, each read into one Database of polars tables.

Every loader takes the distributor's folder and options that are numbers or words, so that a
command line can give them.
"""

from paiaa_jax.data.databases import ava, flickr_aes, oasis, para, psychoflickr, table, vessel
from paiaa_jax.data.databases.database import Database

__all__ = ["DATABASES", "Database"]

DATABASES = {
  "ava": ava.load,
  "flickr_aes": flickr_aes.load,
  "psychoflickr": psychoflickr.load,
  "para": para.load,
  "oasis": oasis.load,
  "vessel": vessel.load,
  "table": table.load,
}
