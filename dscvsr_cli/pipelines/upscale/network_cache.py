"""NetworkCache: loads each network once for many jobs."""

from threading import Lock

import torch

from dscvsr_cli.weights.load import LoadedNetwork, load_network


class NetworkCache:
    """A caching ``load_network``; call it in its place, from any thread."""

    def __init__(self) -> None:
        self._loaded: dict[tuple[str | None, torch.device, torch.dtype], LoadedNetwork] = {}
        self._lock = Lock()

    def __call__(
        self, spec: str | None = None, *, device: torch.device, dtype: torch.dtype = torch.float32
    ) -> LoadedNetwork:
        """Return the network, from the cache if it was loaded before.

        Raises:
            WeightsError: The weights are missing or damaged.
        """
        key = (spec, device, dtype)
        with self._lock:
            if key not in self._loaded:
                self._loaded[key] = load_network(spec, device=device, dtype=dtype)
            return self._loaded[key]
