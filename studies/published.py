"""Figures printed in Li, Zhu et al., IEEE TIP 29, 2020. Shown beside ours, never as ours.

NaN marks what the paper does not give. SROCC unless a column says otherwise.
"""

from __future__ import annotations

from math import nan

LETTERS = ("O", "C", "E", "A", "N")  # heads of the traits' columns
DATABASES = {"ava": "AVA", "flickr_aes": "FLICKR-AES", "psychoflickr": "PsychoFlickr"}

# Table I, AVA: method -> accuracy in %, SROCC, EMD.
TABLE_1 = {
  "AVA handcrafted": (68.0, nan, nan),
  "RAPID": (74.5, nan, nan),
  "RAPID improved": (75.4, nan, nan),
  "DMA": (75.4, nan, nan),
  "Wang": (76.9, nan, nan),
  "Kao 2016": (76.2, nan, nan),
  "BDN": (78.1, nan, nan),
  "Kao 2017": (79.1, nan, nan),
  "Zhang": (78.8, nan, nan),
  "Schwarz": (75.8, nan, nan),
  "Kucer": (81.9, nan, nan),
  "ILGNet": (82.7, nan, nan),
  "AlexNet_FT_Conf": (71.5, 0.481, nan),
  "Reg+Rank+Att": (75.5, 0.545, nan),
  "Reg+Rank+Cont": (73.4, 0.541, nan),
  "Reg+Rank+Att+Cont": (77.3, 0.558, nan),
  "USAR_PPR": (72.4, 0.600, nan),
  "USAR_PAD": (77.7, 0.545, nan),
  "USAR_PPR&PAD": (78.1, 0.578, nan),
  "NIMA(VGG16)": (80.6, 0.592, 0.054),
  "NIMA(Inception-v2)": (81.5, 0.612, 0.050),
  "DenseNet121(aesthetics)": (80.5, 0.630, 0.051),
  "Inception-v3(aesthetics)": (80.9, 0.638, 0.050),
  "PA_IAA(DenseNet121)": (82.9, 0.666, 0.049),
  "PA_IAA(Inception-v3)": (83.7, 0.677, 0.047),
}

# Table II, PsychoFlickr: method -> SROCC of O, C, E, A, N over ten folds by user.
TABLE_2 = {
  "Segalin": (0.354, 0.535, 0.625, 0.476, 0.613),
  "Guntuku": (0.398, 0.552, 0.679, 0.525, 0.636),
  "DenseNet121(personality)": (0.548, 0.647, 0.711, 0.638, 0.698),
  "Inception-v3(personality)": (0.536, 0.654, 0.703, 0.651, 0.709),
  "PA_IAA(DenseNet121)": (0.567, 0.659, 0.722, 0.646, 0.708),
  "PA_IAA(Inception-v3)": (0.555, 0.668, 0.715, 0.662, 0.717),
}

# Table III: (trained on, tested on) -> SROCC.
TABLE_3 = {
  ("AVA", "AVA"): 0.677,
  ("AVA", "FLICKR-AES"): 0.528,
  ("FLICKR-AES", "AVA"): 0.234,
  ("FLICKR-AES", "FLICKR-AES"): 0.716,
}

# Table IV: database -> SROCC of the predicted generic score with the predicted O, C, E, A, N.
TABLE_4 = {
  "AVA": (-0.0753, 0.6752, -0.1034, 0.4633, -0.3864),
  "FLICKR-AES": (-0.1463, 0.8421, -0.2347, 0.6457, -0.6355),
}

# Table V, FLICKR-AES, 37 test workers: method -> (mean, std) at k = 10 and at k = 100.
TABLE_5 = {
  "FPMF attribute": ((0.511, 0.004), (0.516, 0.003)),
  "FPMF content": ((0.512, 0.002), (0.516, 0.010)),
  "FPMF both": ((0.513, 0.003), (0.524, 0.007)),
  "PAM attribute": ((0.518, 0.003), (0.539, 0.013)),
  "PAM content": ((0.515, 0.004), (0.535, 0.017)),
  "PAM both": ((0.520, 0.003), (0.553, 0.012)),
  "USAR_PPR": ((0.521, 0.002), (0.544, 0.007)),
  "USAR_PAD": ((0.520, 0.003), (0.537, 0.003)),
  "USAR_PPR&PAD": ((0.525, 0.004), (0.552, 0.015)),
  "MT_IAA": ((0.523, 0.004), (0.582, 0.014)),
  "PA_IAA": ((0.543, 0.003), (0.639, 0.011)),
}

# Fig. 6: mean over the 37 workers at k = 100.
FIGURE_6 = {"generic": 0.527, "personalized": 0.639}
