"""Upload a weights file and its card to the Hub, with errors a person can act on."""

from dataclasses import dataclass

from huggingface_hub import CommitOperationAdd, HfApi, errors, get_token

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
from dscvsr_cli.weights.model_card import Card

_LOGIN = "run: hf auth login, with a token that may write (or set HF_TOKEN)"

# The first class that fits explains the error, so subclasses stand before their bases.
_REASONS: tuple[tuple[type[Exception], str, str], ...] = (
    (
        errors.RepositoryNotFoundError,
        "the Hub does not let you write to {repo}",
        f"check the owner's name; {_LOGIN}",
    ),
    (
        errors.HFValidationError,
        "{repo} cannot be the name of a Hub repository",
        "write OWNER/NAME with letters, digits, dots and dashes",
    ),
    (errors.HfHubHTTPError, "the Hub refused {repo} ({error})", _LOGIN),
    (
        HTTP_ERROR,
        "the upload to {repo} broke off ({error})",
        "check the network, a proxy or HF_ENDPOINT, and try again; what is there stays whole",
    ),
    (RuntimeError, "the upload to {repo} failed ({error})", "try again; what is there stays whole"),
    (ValueError, "the Hub does not accept what goes to {repo} ({error})", "update huggingface-hub"),
    (OSError, "the upload to {repo} failed ({error})", "check the network and the file"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PushReport:
    """What was uploaded."""

    address: HubFile
    """The weights, at the commit that was made."""
    url: str
    """Where to look at it."""


def push_weights(
    card: Card, repo: str, *, private: bool = False, show_progress: bool = False
) -> PushReport:
    """Upload weights and card in one commit, making the repository where there is none.

    The token is huggingface_hub's own: from ``hf auth login`` or ``HF_TOKEN``. Files that are there
    already and have not changed are not sent again.

    Args:
        card: The card, and the file that it describes.
        repo: OWNER/NAME.
        private: Make a new repository private; one that exists stays as it is.
        show_progress: Let huggingface_hub draw its bars on stderr.

    Raises:
        WeightsError: Nothing was uploaded, with the reason and the next step.
    """
    if is_offline():
        raise WeightsError("cannot push while HF_HUB_OFFLINE is set", hint="unset HF_HUB_OFFLINE")
    if get_token() is None:
        raise WeightsError("you are not logged in to the Hub", hint=_LOGIN)
    api = HfApi(endpoint=endpoint(), library_name="dscvsr", library_version=__version__)
    try:
        with progress_bars(shown=show_progress):
            api.create_repo(repo, private=private or None, exist_ok=True)
            commit = api.create_commit(
                repo,
                [
                    CommitOperationAdd(card.file.name, str(card.file)),
                    CommitOperationAdd("README.md", card.text.encode()),
                ],
                commit_message=f"Upload {card.file.name} with dscvsr {__version__}",
            )
    except (HTTP_ERROR, OSError, ValueError, RuntimeError) as error:
        raise _explain(error, repo) from error
    address = HubFile(repo=repo, file=card.file.name, revision=commit.oid)
    return PushReport(address=address, url=f"{api.endpoint}/{repo}")


def _explain(error: Exception, repo: str) -> WeightsError:
    """Put an error of huggingface_hub into our words."""
    shown = error
    if isinstance(error, RuntimeError) and isinstance(error.__cause__, HTTP_ERROR | OSError):
        # The error that stopped the upload of a large file is wrapped in one that hides it.
        shown = error.__cause__
    message, hint = next(
        (message, hint) for kind, message, hint in _REASONS if isinstance(shown, kind)
    )
    return WeightsError(message.format(repo=repo, error=first_line(shown)), hint=hint)
