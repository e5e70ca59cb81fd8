"""The method on OASIS-beauty, real photographs and users, both held out; see docs/results.md."""
