"""Which file a path means, judged before any reader is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..errors import SourceError

MNE_EXTENSIONS = (
    *(".edf", ".bdf", ".gdf", ".fif", ".fif.gz", ".vhdr", ".ahdr", ".set"),
    *(".cnt", ".mff", ".nxe", ".lay", ".cdt", ".nedf", ".mefd"),
)
XDF_EXTENSIONS = (".xdf", ".xdfz")
TEXT_EXTENSIONS = (".csv", ".txt", ".arff")
EXTENSIONS = (*MNE_EXTENSIONS, *XDF_EXTENSIONS, *TEXT_EXTENSIONS)

FOLDERS = frozenset({".mff", ".mefd"})
_BELONGS_TO = {
    ".vmrk": ".vhdr",
    ".eeg": ".vhdr",
    ".dat": ".vhdr",
    ".amrk": ".ahdr",
    ".fdt": ".set",
}


def extension(path: Path) -> str:
    """Return a path's extension in lower case, ``.fif.gz`` taken as one."""
    name = path.name.lower()
    return ".fif.gz" if name.endswith(".fif.gz") else path.suffix.lower()


def belongs_to(path: Path) -> str:
    """Return the extension of the file that a part of a recording belongs to, or nothing."""
    return _BELONGS_TO.get(extension(path), "")


def check_path(path: Path, known: Sequence[str] = EXTENSIONS) -> str:
    """Return a recording's extension.

    Parameters
    ----------
    path : Path
        The file, or for a few formats the folder.
    known : sequence of str
        The extensions to accept.

    Raises
    ------
    SourceError
        If there is nothing at `path` that could be such a recording.
    """
    kind = extension(path)
    if not path.exists():
        raise SourceError(
            f"there is no recording at {path}, expected an existing file; check the path."
        )
    if kind in _BELONGS_TO:
        raise SourceError(
            f"{path} is one part of a recording; open the {_BELONGS_TO[kind]} file beside it."
        )
    if path.is_dir() and kind not in FOLDERS:
        raise SourceError(f"{path} is a folder, expected one recording; name the file inside it.")
    if kind not in known:
        raise SourceError(
            f"{path} has the unknown extension '{kind}', expected one of {', '.join(known)}; "
            "convert it to one of them."
        )
    if path.is_file() and path.stat().st_size == 0:
        raise SourceError(f"{path} is empty (0 bytes), expected a recording; copy it again.")
    return kind
