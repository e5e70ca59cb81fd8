"""Personal baselines of Table V, on the features, shots and splits of PA_IAA.

A file a method; its docstring says what the cited paper does and what is done here.
"""
