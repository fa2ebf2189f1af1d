"""Names that stand in paths and tables of every stage, and what may be such a name.

Imported while the workflow is planned, so nothing heavy is imported here.
"""

import hashlib
import re
import unicodedata

NO_F0 = "no-f0"  # stands for the F0 source where a method uses none
SPLITS = ("train", "valid", "test")
MIXTURE, REST, ACCOMPANIMENT = "mixture", "rest", "accompaniment"

RATES = (4000, 768000)  # Hz; lowest and highest sampling rate of recordings

LONGEST_TRACK = 200  # bytes; a file is named after a track, and while it is written it has some 30 more, of 255
LONGEST_STEM = 40  # bytes; a folder is named after all sources of a comparison
LONGEST_SLUG = 60
FORBIDDEN = frozenset('/\\;:+*?"<>|{}$')  # in paths, lists, patterns of Snakemake, or formulas of figures
SYSTEM_FOLDERS = frozenset({
    "__macosx", "lost+found", "system volume information", "$recycle.bin", "recycler", "recycled", "@eadir",
    "@recycle", "@recently-snapshot", "@sharebin", "@tmp", "#recycle", "#snapshot", "~snapshot", "thumbs.db",
    "desktop.ini",
})  # fmt: skip


def composed(name: str) -> str:
    """A name as Unicode composes it (NFC); macOS hands on decomposed ones."""
    return unicodedata.normalize("NFC", name)


def same_name(name: str) -> str:
    """Names with equal values are one folder on some file systems: composed, case folded."""
    return composed(name).casefold()


def of_the_system(name: str) -> bool:
    """Whether a file or folder is not the user's: hidden, or left by an operating system or a network drive."""
    return name.startswith(".") or name.casefold() in SYSTEM_FOLDERS


def wrong_in_stem(name: str) -> str | None:
    """What keeps a name from being that of a stem or voice, which files and columns are named after; None if nothing.

    A minus before a name says in marks that the source is silent.
    """
    if not name or name != name.strip():
        return "is empty, or begins or ends with a space"
    if name[0] in ".-\u2212\u2013":
        return f"begins with {name[0]!r}"
    if wrong := sorted({sign for sign in name if sign in FORBIDDEN or not sign.isprintable()}):
        return f"has {wrong[0]!r}"
    if len(name.encode()) > LONGEST_STEM:
        return f"is longer than {LONGEST_STEM} bytes"
    return f"is {MIXTURE!r}, which is that of the sum" if same_name(name) == MIXTURE else None


def slug(name: str) -> str:
    """A name as that of a folder, in ASCII letters, digits, `_` and `-`; names that differ have different ones.

    What cannot be written so is told by the first digits of a hash of the whole name.
    """
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    short = re.sub(r"[^A-Za-z0-9_-]+", "_", letters).strip("_-")[:LONGEST_SLUG]
    if short == name:
        return short
    return f"{short or 'song'}-{hashlib.sha256(composed(name).encode(errors='surrogateescape')).hexdigest()[:8]}"
