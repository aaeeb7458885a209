"""Download one file from the Hub into huggingface_hub's cache, with errors a person can act on.

Imported only when something has to come from the Hub: bundled weights never load huggingface_hub.
"""

import socket
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

from huggingface_hub import constants, errors, hf_hub_download, try_to_load_from_cache

from dscvsr_cli.errors import WeightsError
from dscvsr_cli.version import __version__
from dscvsr_cli.weights.hub.hub_errors import (
    HTTP_ERROR,
    endpoint,
    first_line,
    is_offline,
    progress_bars,
)
from dscvsr_cli.weights.hub_address import HubFile

_CONNECT_SECONDS = 4.0

_LOGIN = "for a private one run: hf auth login (or set HF_TOKEN)"

# The first class that fits explains the error, so subclasses stand before their bases.
_REASONS: tuple[tuple[type[Exception], str, str], ...] = (
    (
        errors.GatedRepoError,
        "the Hub repository {repo} wants its terms accepted first",
        "accept them at https://huggingface.co/{repo}, then run: hf auth login",
    ),
    (
        errors.RepositoryNotFoundError,
        "there is no file {repo}/{file} here, and no repository {repo} on the Hub",
        f"check the name; {_LOGIN}",
    ),
    (
        errors.RevisionNotFoundError,
        "the Hub repository {repo} has no revision {revision}",
        "see https://huggingface.co/{repo}/commits/main",
    ),
    (
        errors.OfflineModeIsEnabled,
        "{repo}/{file} is not in the cache, and HF_HUB_OFFLINE forbids fetching it",
        "unset HF_HUB_OFFLINE once, or use the weights that come with dscvsr",
    ),
    (
        errors.LocalEntryNotFoundError,
        "cannot reach the Hub for {repo}/{file}",
        "check the network, a proxy or HF_ENDPOINT, and try again; "
        "the weights that come with dscvsr need no network",
    ),
    (
        errors.EntryNotFoundError,
        "the Hub repository {repo} has no file {file} at revision {revision}",
        "see https://huggingface.co/{repo}/tree/{revision}",
    ),
    (
        errors.HFValidationError,
        "{repo} cannot be the name of a Hub repository",
        "write OWNER/REPO/FILE[@REVISION], or the path of a file",
    ),
    (
        errors.HfHubHTTPError,
        "the Hub refused {repo}/{file} ({error})",
        f"try again later; {_LOGIN}",
    ),
    (
        HTTP_ERROR,
        "fetching {repo}/{file} broke off ({error})",
        "check the network and try again",
    ),
    (
        OSError,
        "fetching {repo}/{file} failed ({error})",
        "check the network, the free space and the permissions of the cache, and try again",
    ),
)


def fetch_hub_file(
    address: HubFile,
    *,
    force: bool = False,
    show_progress: bool = False,
    cache_dir: Path | None = None,
) -> Path:
    """Return the local path of a Hub file, downloading it where the cache does not hold it.

    ``HF_ENDPOINT``, ``HF_HUB_OFFLINE``, ``HF_TOKEN`` and ``HF_HOME`` mean what they mean to
    huggingface_hub. A file of a commit that the cache holds needs no network at all.

    Args:
        address: What to fetch.
        force: Fetch again even where the cache holds the file.
        show_progress: Let huggingface_hub draw its bar on stderr.
        cache_dir: Another cache folder than the usual one.

    Raises:
        WeightsError: Nothing could be fetched, with the reason and the next step.
    """
    offline = is_offline()
    if offline and force:
        raise WeightsError(
            f"cannot fetch {address} again while HF_HUB_OFFLINE is set", hint="unset HF_HUB_OFFLINE"
        )
    try:
        if not offline and (force or cached_hub_file(address, cache_dir=cache_dir) is None):
            _check_reachable(address)
        with progress_bars(shown=show_progress):
            path = hf_hub_download(
                address.repo,
                address.file,
                revision=address.revision,
                endpoint=endpoint(),
                local_files_only=offline,
                force_download=force,
                cache_dir=cache_dir,
                library_name="dscvsr",
                library_version=__version__,
            )
    except (HTTP_ERROR, OSError, ValueError) as error:
        explained = _explain(_reason(error, offline=offline), address)
        if explained is None:
            raise
        raise explained from error
    return Path(path)


def _check_reachable(address: HubFile) -> None:
    """Connect to the Hub once, for huggingface_hub tries for half a minute.

    Raises:
        WeightsError: Nothing answers within a few seconds.
    """
    if getproxies():
        # The proxy connects, and only it knows whether it can.
        return
    place = urlsplit(endpoint() or constants.ENDPOINT)
    port = place.port or (80 if place.scheme == "http" else 443)
    try:
        socket.create_connection((place.hostname or "", port), timeout=_CONNECT_SECONDS).close()
    except OSError as error:
        unreachable = errors.LocalEntryNotFoundError(str(error))
        raise (_explain(unreachable, address) or unreachable) from error


def cached_hub_file(address: HubFile, *, cache_dir: Path | None = None) -> Path | None:
    """Return where the cache holds a Hub file, or None. Never uses the network."""
    path = try_to_load_from_cache(
        address.repo, address.file, revision=address.revision, cache_dir=cache_dir
    )
    return Path(path) if isinstance(path, str) else None


def _reason(error: Exception, *, offline: bool) -> Exception:
    """Return the error that says why nothing came, if ``error`` hides it."""
    if offline and isinstance(error, errors.LocalEntryNotFoundError):
        return errors.OfflineModeIsEnabled()
    if type(error) is ValueError and isinstance(error.__cause__, Exception):
        # A forced download wraps what happened, and has no class for a server out of reach.
        refused = isinstance(error.__cause__, errors.HfHubHTTPError)
        return error.__cause__ if refused else errors.LocalEntryNotFoundError(str(error.__cause__))
    return error


def _explain(reason: Exception, address: HubFile) -> WeightsError | None:
    """Put an error of huggingface_hub into our words, or return None where it is a bug of ours."""
    words = {
        "repo": address.repo,
        "file": address.file,
        "revision": address.revision,
        "error": first_line(reason),
    }
    for kind, message, hint in _REASONS:
        if isinstance(reason, kind):
            return WeightsError(message.format(**words), hint=hint.format(**words))
    return None
