"""Recordings of which the file names say all: the track, and which stem of it the file is.

Read so: Dagstuhl ChoirSet, ESMUC Choir Dataset and Cantoria (one microphone a singer), VocalSet and vocadito (one voice
alone); see config/datasets/.
"""

import re
from typing import Annotated, Literal

from pydantic import Field

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.settings import Free, settings
from workflow_scripts.lib.datasets.layouts.contract import Origin
from workflow_scripts.lib.datasets.origin import READABLE, visible_files
from workflow_scripts.lib.datasets.raw import Clip, RawTrack

MIXTURE_IS_SUM = True
OPENS_NOTHING = True


@settings
class Settings:
    """pattern: of the whole path below the root, without suffix, with the groups `track` and, of several stems, `stem`.

    It may have the groups `song` and `singer` too; files that do not fit are passed over.
    names: what the file names call each stem.  split: that all tracks are of.
    """

    pattern: Annotated[str, Free("a regular expression, see `check`")] = "(?P<track>[^/]+)/(?P<stem>[^/]+)"
    names: Annotated[dict[str, str], Free("names in the user's files")] = Field(default_factory=dict)
    split: Literal["train", "valid", "test"] = "test"

    def check(self) -> str | None:
        """The pattern must be one, and say what the track is."""
        try:
            groups = re.compile(self.pattern).groupindex
        except re.error as error:
            return f"pattern is no regular expression ({error})."
        return None if "track" in groups else "pattern has no group 'track'; write (?P<track>...)."


def read(origin: Origin, settings: Settings) -> list[RawTrack]:
    """The tracks of which all stems are there. Raises UserError for two files of one stem, and where no file fits."""
    pattern, called = re.compile(settings.pattern), {name: stem for stem, name in settings.names.items()}
    found: dict[str, tuple[dict[str, str], dict[str, Clip]]] = {}
    for path in visible_files(origin.root):
        inside = path.relative_to(origin.root).with_suffix("").as_posix()
        match = pattern.fullmatch(inside) if path.suffix.lower() in READABLE else None
        if match is None:
            continue
        said = {name: text or "" for name, text in match.groupdict().items()}
        stem = called.get(said["stem"], said["stem"]) if "stem" in said else origin.stems[0]
        clips = found.setdefault(said["track"], (said, {}))[1]
        if stem in clips:
            raise UserError(
                f"{path}: is the same stem and track as {clips[stem].shown}; make settings.pattern tell them apart."
            )
        clips[stem] = Clip.of(path)
    whole = {track: each for track, each in found.items() if set(origin.stems) <= each[1].keys()}
    if not whole:
        raise UserError(
            f"{origin.root}: {len(found)} tracks have names that fit settings.pattern, none of them with all of "
            f"{', '.join(origin.stems)}; name the folder that the archive unpacks to."
        )
    return [
        RawTrack(
            track, settings.split, said.get("song") or track, tuple(filter(None, [said.get("singer")])), "",
            {stem: clips[stem] for stem in origin.stems}, None,
        )
        for track, (said, clips) in whole.items()
    ]  # fmt: skip
