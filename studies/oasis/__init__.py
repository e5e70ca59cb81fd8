"""The method on real people: OASIS-beauty, photographs and raters held out; see docs/results.md."""
