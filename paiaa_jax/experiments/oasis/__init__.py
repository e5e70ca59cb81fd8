"""The method on real people: OASIS-beauty, photographs and raters both held out. See docs/results.md."""
