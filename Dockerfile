# dscvsr in a container; docs/install.md says how to run it.
#
#   docker build -t dscvsr .
#   docker build --build-arg TORCH_INDEX=https://pypi.org/simple --build-arg EXTRA= -t dscvsr:cuda .

FROM python:3.13-slim AS build
COPY . /src
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /dist /src

FROM python:3.13-slim
# The torch of PyPI comes with CUDA, which takes several GB; this one is for processors.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
# What runs the network on processors.
ARG EXTRA=openvino

# In a layer of its own: it is the largest by far, and does not change with the program.
RUN pip install --no-cache-dir --index-url "$TORCH_INDEX" torch
COPY --from=build /dist /dist
RUN pip install --no-cache-dir "$(echo /dist/*.whl)${EXTRA:+[$EXTRA]}" && rm -r /dist

# Any user may write here, so that --user can be whoever owns the videos.
RUN useradd --uid 1000 --no-create-home dscvsr \
    && mkdir --mode=1777 /videos /cache
# Users without a name or a home get both from here; the NVIDIA runtime reads the last line.
ENV HOME=/cache \
    USER=dscvsr \
    XDG_CACHE_HOME=/cache \
    XDG_CONFIG_HOME=/cache/config \
    XDG_STATE_HOME=/cache/state \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility,video
VOLUME ["/videos", "/cache"]
WORKDIR /videos
USER dscvsr

# As Ctrl-C: finished frames are kept for --resume.
STOPSIGNAL SIGINT
ENTRYPOINT ["dscvsr"]
CMD ["--help"]
