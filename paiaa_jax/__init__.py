"""Personality-assisted image aesthetics: how beautiful a photograph is to people, and to one person."""

__version__ = "0.1.0"
