"""The model card of a weights file: what people on the Hub read before they use it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from torch import Tensor

from dscvsr_cli.errors import UsageError
from dscvsr_cli.models.network_config import NetworkConfig
from dscvsr_cli.weights.checksum import file_sha256
from dscvsr_cli.weights.network_file import read_network

# Licences by the identifiers under which the Hub files them; all others are "other" to it.
_HUB_LICENCES = frozenset(
    {
        "agpl-3.0",
        "apache-2.0",
        "bsd-2-clause",
        "bsd-3-clause",
        "cc-by-4.0",
        "cc-by-nc-4.0",
        "cc-by-nc-sa-4.0",
        "cc-by-sa-4.0",
        "cc0-1.0",
        "gpl-3.0",
        "lgpl-3.0",
        "mit",
        "mpl-2.0",
        "unlicense",
    }
)

_OWN_PLACE = ("recipe", "footage", "validation")
"""Keys of the record that have their own place in the card."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A card and the file that it describes."""

    text: str
    """Markdown with the Hub's header."""
    file: Path
    """The weights."""


def model_card(file: Path, *, repo: str, licence: str) -> Card:
    """Write the card of a weights file from what the file itself knows.

    Args:
        file: A safetensors file of ours.
        repo: OWNER/NAME of its place on the Hub.
        licence: SPDX identifier of the licence the weights are given under.

    Raises:
        UsageError: The licence cannot be an identifier.
        WeightsError: The file is missing, damaged, or holds no network of ours.
    """
    if not licence or not all(sign.isalnum() or sign in ".-+" for sign in licence):
        raise UsageError(
            f"{licence!r} is not a licence identifier",
            hint="use SPDX's: Apache-2.0, MIT, CC-BY-4.0",
        )
    state, config, record = read_network(file)
    sections = [
        _header(licence),
        f"# {repo.partition('/')[2]}",
        "Weights for dscvsr, which enlarges any video by any factor with a recurrent network that "
        "looks at neighbouring frames, and returns the whole file: every frame, timestamp and "
        "audio track.",
        "## Use",
        f"```sh\ndscvsr upscale clip.mp4 -s 2.7 -o out.mp4 -w {repo}/{file.name}\n```",
        "Append `@` and a commit to the name to pin what is fetched.",
        "## Figures",
        _figures(record),
        "## Training",
        *_training(record),
        "## Network",
        _table(_facts(file, state)),
        f"```json\n{_json(config)}\n```",
        "## Limits",
        "- It restores what a smaller picture of this kind usually lost; it cannot know what was "
        "there. Not for evidence, diagnosis or measurement.\n"
        "- It learned from clean pictures made smaller by bicubic interpolation, unless the recipe "
        "says otherwise: noise and compression artefacts are enlarged too.\n"
        "- Factors above 4 are outside what it was trained for.",
        "## Licence",
        f"{licence}. The footage it learned from has licences of its own.",
    ]
    return Card(text="\n\n".join(sections) + "\n", file=file)


def _header(licence: str) -> str:
    known = licence.lower()
    lines = ["---", "library_name: dscvsr"]
    if known in _HUB_LICENCES:
        lines.append(f"license: {known}")
    else:
        lines += ["license: other", f"license_name: {known}"]
    lines += ["tags:", "- video", "- super-resolution", "- video-super-resolution", "---"]
    return "\n".join(lines)


def _training(record: Mapping[str, str]) -> Iterator[str]:
    """Yield what the record knows about the training."""
    yield f"Learned from {record.get('footage', 'footage that the file does not name')}."
    rest = {key: value for key, value in record.items() if key not in _OWN_PLACE}
    if rest:
        yield _table(rest)
    if "recipe" in record:
        yield f"```\n{record['recipe']}\n```"


def _facts(file: Path, state: Mapping[str, Tensor]) -> dict[str, str]:
    """Return what can be counted in a weights file."""
    dtypes = {str(tensor.dtype).removeprefix("torch.") for tensor in state.values()}
    return {
        "parameters": f"{sum(tensor.numel() for tensor in state.values()):,}",
        "stored as": ", ".join(sorted(dtypes)),
        "size": f"{file.stat().st_size:,} bytes",
        "sha256": f"`{file_sha256(file)}`",
    }


def _figures(record: Mapping[str, str]) -> str:
    if "validation" not in record:
        return "None were measured during training; `dscvsr bench` measures on the usual data sets."
    return (
        f"PSNR on luma of clips held out from training: {record['validation']}. "
        "These are small excerpts; `dscvsr bench` measures on the usual data sets."
    )


def _table(rows: Mapping[str, str]) -> str:
    lines = [f"| {_cell(key)} | {_cell(value)} |" for key, value in rows.items()]
    return "\n".join(["| | |", "|---|---|", *lines])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _json(config: NetworkConfig) -> str:
    return json.dumps(asdict(config), indent=1)
