# Training, and the command `paiaa`, on CPUs or, with EXTRA=cuda13, on NVIDIA's GPUs.
#   docker build --tag paiaa-jax .
#   docker build --tag paiaa-jax:cuda13 --build-arg EXTRA=cuda13 .
#   docker run --rm --volume "$PWD/photos:/photos" paiaa-jax paiaa score /photos
#   docker run --rm --gpus=all --shm-size=8g --volume /data:/data paiaa-jax:cuda13 \
#     python -m launch.train --config=configs/ava.py --workdir=/data/runs/ava
# CUDA's libraries come in jax's wheels; the host has the driver and nvidia-container-toolkit.
FROM python:3.11-slim-bookworm AS build
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH
WORKDIR /paiaa
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes --requirement requirements.lock
ARG EXTRA=""
COPY . .
RUN pip install --no-cache-dir --constraint constraints.txt ".${EXTRA:+[$EXTRA]}"

FROM python:3.11-slim-bookworm
RUN useradd --create-home --uid 1000 paiaa && install --directory --owner=paiaa /home/paiaa/.cache
COPY --from=build /venv /venv
COPY launch /paiaa/launch
COPY configs /paiaa/configs
COPY studies /paiaa/studies
ENV PATH=/venv/bin:$PATH
# XLA's CPU backend takes fresh memory at every step; huge pages save a third of a step's time.
ENV GLIBC_TUNABLES=glibc.malloc.hugetlb=1
WORKDIR /paiaa
USER 1000
CMD ["paiaa", "--help"]
