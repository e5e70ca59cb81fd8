"""A tiny, sound folder of each distributor's make."""

import hashlib
from pathlib import Path

import numpy as np
import scipy.io

# What the tiny folders need beside the defaults.
OPTIONS = {"para": {"fold": 1}, "oasis": {"people": 3}, "lapis": {"fold": 1}}


def ava(folder: Path) -> None:
  rows = [f"{i} {100 + i} {i} 1 2 3 4 5 4 3 2 1 0 0 7" for i in range(1, 41)]
  (folder / "AVA.txt").write_text("\n".join(rows) + "\n")


def flickr_aes(folder: Path) -> None:
  rows = [f"w{w}, farm1_{i}_b.jpg, {1 + (w + i) % 5}" for w in range(6) for i in range(w, 30, 3)]
  path = folder / "FLICKR-AES_image_labeled_by_each_worker.csv"
  path.write_text("worker, imagePair, score\n" + "\n".join(rows))
  (folder / "test_workers.sha256").write_text(hashlib.sha256(b"flickr-aes:w2").hexdigest() + "\n")


def psychoflickr(folder: Path) -> None:
  rows = [f"u{u}/{i}.jpg {u % 5 - 2} -4 4 0 1.5" for u in range(12) for i in range(3)]
  (folder / "attributed.txt").write_text("image O C E A N\n" + "\n".join(rows))


def para(folder: Path) -> None:
  (folder / "annotation").mkdir()
  rows = [f"s{i % 2},p{i}.jpg,A{u},{1 + (u * i) % 9 / 2},3" for u in range(8) for i in range(20)]
  write(folder / "annotation/PARA-Images.csv", "sessionId,imageName,userId,aestheticScore,x", rows)
  header = "userId,age,personality-E,personality-A,personality-N,personality-O,personality-C"
  rows = [f"A{u},30,{1 + u},10,1,5,6" for u in range(8)]
  write(folder / "annotation/PARA-UserInfo.csv", header, rows)
  rows = [f"s{i % 2},p{i}.jpg" for i in range(4)]
  write(folder / "annotation/PARA-GiaaTest.csv", "sessionId,imageName", rows)
  (folder / "userset").mkdir()
  (folder / "userset/TestUserIDs_Fold1.txt").write_text("A0\nA7\n")


def oasis(folder: Path) -> None:
  categories = ("Animal", "Object", "Person", "Scenery")
  rows = [f"I{i + 1},Dog {i},{categories[i % 4]},X,{1 + i / 5},1,9,4.0,1,9" for i in range(20)]
  norms = "Valence_mean,Valence_SD,Valence_N,Arousal_mean,Arousal_SD,Arousal_N"
  header = f",Theme,Category,Source,{norms}"
  (folder / "OASIS.csv").write_text("\r".join([header, *rows]), newline="")
  scores = 1.0 + np.arange(12 * 20).reshape(12, 20) % 7
  scores[::2, ::3] = np.nan
  scipy.io.savemat(folder / "corrData.mat", {"corrData": scores})


def vessel(folder: Path) -> None:
  rows = [
    f"{u},{block},{9 * i + block},{kind},{name}_{i}.jpg,{1 + (u * i + block) % 7},0.8"
    for kind, name, blocks in (("lsc", "eqlsc", 2), ("ari", "aip", 3))
    for i in range(10)
    for u in range(1, 5)
    for block in range(1, blocks + 1)
  ]
  write(folder / "ratings.csv", "Subj,Block,Trial,ImageType,Image,Rating,RT", rows)


def lapis(folder: Path) -> None:
  (folder / "annotation").mkdir()
  rows = [f"{u}.0,Baroque/p_{i}.jpg,{(7 * u * i) % 101},30" for u in range(1, 9) for i in range(20)]
  path = folder / "annotation/LAPIS_PIAA.csv"
  write(path, "participant_id,image_filename,rating,age", [*rows, ",Baroque/p_1.jpg,,30"])
  (folder / "imageset").mkdir()
  (folder / "imageset/TestImageSet.txt").write_text("p_0.jpg\np_7.jpg\n")
  (folder / "userset").mkdir()
  (folder / "userset/TestUserIDs_Fold1.txt").write_text("3.0\n8.0\n")


def xpass_vis(folder: Path) -> None:
  rows = [
    f"{u},{i},s_{i}.{'mp4' if i % 2 else 'jpg'},{1 + (u + i) % 7},3"
    for u in range(10)
    for i in range(20)
  ]
  write(folder / "ratings.csv", "user_id,sample_id,sample_file,Aesthetic,Sad", rows)


def real_cur(folder: Path) -> None:
  rows = [f"w{i % 3},w{i % 3}/{i}.jpg,{1 + i % 5}" for i in range(20)]
  write(folder / "real_cur.csv", "worker,image,score", rows)


def table(folder: Path) -> None:
  write(folder / "mine.csv", "image,p1,p2,p3", [f"{i}.jpg,{i},2,3" for i in range(20)])


MAKERS = {
  "ava": ava,
  "flickr_aes": flickr_aes,
  "psychoflickr": psychoflickr,
  "para": para,
  "oasis": oasis,
  "vessel": vessel,
  "lapis": lapis,
  "xpass_vis": xpass_vis,
  "real_cur": real_cur,
  "table": table,
}


def write(path: Path, header: str, rows: list[str]) -> None:
  path.write_text("\n".join([header, *rows]) + "\n")
