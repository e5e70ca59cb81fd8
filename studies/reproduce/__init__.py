"""The paper's tables and figures from prepared databases: which runs they need, and how they read.

study.py says what is measured on which databases; runs.py names the networks; table1..table5,
ablation and figures each say what they need and make it from what is there.
"""
