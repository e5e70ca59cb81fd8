"""A ranker learned from the pairs of a user's shots, on top of the generic score.

The paper's (Lv et al., "USAR: an interactive user-specific aesthetic ranking framework for images",
ACM Multimedia 2018; arXiv 1805.01091), by its abstract: from photographs that a user prefers, and
those most like them, retrieved, a set of the user's own is built interactively. A primary
personalised ranking (PPR) ranks by it; a user-specific aesthetic distribution (PAD) is learned from
it together with designed aesthetic attributes.

Here: PPR's principle alone. Weights of the principal components of our pooled features are fitted
to the order of every pair of shots with different ratings, by the logistic loss; the strength of
their penalty is chosen as in `regression_ranking`. No photograph is retrieved, no further rating
asked for, nothing fine-tuned, so the row does not have the paper's name. PAD needs attributes and
retrieved photographs that the abstract does not define; its rows are the published ones.
"""

from __future__ import annotations

from studies.baselines.regression_ranking import fit_everybody

pair_ranking = fit_everybody(regression=0.0, pairs=1.0)
