"""Ridge penalties to choose from, shared by the compiled solver and the baselines."""

GRID = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, float("inf"))
