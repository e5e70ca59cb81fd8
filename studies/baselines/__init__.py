"""Personal baselines of Table V, on the features, shots and splits that PA_IAA has itself.

One file a method; its docstring says what is the cited paper's and what is our reading.
"""
