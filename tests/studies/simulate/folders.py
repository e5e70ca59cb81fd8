"""Where the simulated databases lie in what `write` makes."""

FOLDERS = {"ava": "AVA", "flickr_aes": "FLICKR-AES", "psychoflickr": "PsychoFlickr"}
CSV = "FLICKR-AES/FLICKR-AES_image_labeled_by_each_worker.csv"
