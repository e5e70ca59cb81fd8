"""The public protocol of protocol.md beside this file, for anybody's predictions.

read_people.py finds whose ratings are held out, read_scores.py reads what somebody predicts of
them, run.py scores that, and show.py says it as tables, pictures and one page.
"""

PROTOCOL = 2  # the version of protocol.md that this is
SPLITS, SEED = 50, 0
SHOTS = (10, 100)
