"""The distributors' label files, each read into one Database of polars tables."""

from paiaa_jax.data.databases.database import Database

__all__ = ["Database"]
