"""The keys of a data set, as `keys.py` has those of all else."""

from typing import Annotated

from pydantic import Field

from workflow_scripts.lib.core.names import RATES
from workflow_scripts.lib.core.settings import settings
from workflow_scripts.plan.key_types import Named, Names, Path, Shown, Stems, Values
from workflow_scripts.plan.keys import Resources, key


@settings
class Muted:
    """How sources are silenced."""

    seed: Annotated[int, key("Seed of the orders.", ge=0)]


@settings
class Dataset:
    """A data set."""

    kind: Annotated[Named, key("Where the data comes from: a module of workflow_scripts/lib/datasets/kinds.")]
    stems: Annotated[Stems, key("Names of the isolated sources of every track.", min_length=1)]
    like: Annotated[Named | None, key("Name of another data set, whose keys hold here too.")] = None
    of: Annotated[
        Named | None, key("For the kinds `subsets` and `excerpts`, the data set that this one is made from.")
    ] = None
    label: Annotated[Shown, key("Name in tables and figures.")] = ""
    remark: Annotated[Shown, key("Stands under every table made from the data.")] = ""
    version: Annotated[Shown, key("Version of the data.")] = ""
    licence: Annotated[Shown, key("Licence of the data.")] = ""
    citation: Annotated[Shown, key("BibTeX entries of the data.")] = ""
    used_by: Annotated[Names, key("Papers in config/papers/ that use the data.")] = ()
    access: Annotated[
        Shown, key("How to get data that is not downloaded, and what the folder must look like that `root` names.")
    ] = ""
    terms: Annotated[Path, key("Address of the terms that `accept_licence` accepts.")] = ""
    accept_licence: Annotated[
        bool, key("Set to true once you have read and accepted the terms; nothing is downloaded before.")
    ] = False
    settings: Annotated[Values, key("Settings of the kind, for example `root`, the folder of the recordings.")] = Field(
        default_factory=dict
    )
    voices: Annotated[Names, key("Stems that have an F0, the highest first.")] = ()
    rate: Annotated[
        Annotated[int, Field(ge=RATES[0], le=RATES[1])] | None,
        key("Sampling rate of the prepared files in Hz; null keeps that of the first track."),
    ] = None
    channels: Annotated[
        Annotated[int, Field(ge=1, le=2)] | None,
        key("Channels of the prepared files; null takes those of the widest file, one or two."),
    ] = None
    muted: Annotated[
        Muted | None,
        key(
            "Silences one source in each stretch of the validation and test tracks, in random order, each once, as the "
            "test set of the WASPAA 2021 paper; `seed` draws the orders; null leaves the tracks as they are."
        ),
    ] = None
    models_from: Annotated[
        Named | None, key("Data set whose training tracks give the models for this one; null takes its own.")
    ] = None
    synthesised: Annotated[
        bool, key("True for data that is made and not recorded: no published value is judged on it.")
    ] = False
    resources: Annotated[Resources, key("What its jobs are given.")] = Resources()
