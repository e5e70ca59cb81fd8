"""The method on real people: OASIS-beauty, photographs and users held out; see docs/results.md."""
