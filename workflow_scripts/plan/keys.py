"""Every key of the configuration: meaning, unit, default, choices and bounds. `config/schema.yaml` is made from it.

The settings of a kind or of a module of methods are declared where that is; here they are a mapping.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from workflow_scripts.lib.core.names import RATES
from workflow_scripts.lib.core.settings import Unique, settings
from workflow_scripts.lib.datasets.budget import Budget, UnpairedBudget
from workflow_scripts.lib.metrics.contract import Scoring
from workflow_scripts.lib.training.description import Need
from workflow_scripts.lib.training.schedule import Schedule
from workflow_scripts.plan.claim_keys import Claims
from workflow_scripts.plan.key_types import Folder, Named, Names, Path, Shown, SomeNames, Stems, Values


def key(description: str, **bounds: Any) -> Any:
    """What a key means, and bounds that its type does not have."""
    return Field(description=description, **bounds)


@settings
class Resources:
    """What a job is given."""

    threads: Annotated[
        int, key("Cores that a job uses; results can differ in the last bit between numbers of threads.", ge=1)
    ] = 1
    mem_mb: Annotated[
        int, key("Memory of a job in MB; a cluster gives it and may end a job that uses more.", ge=1000)
    ] = 2000
    runtime: Annotated[int, key("Time limit of a job in minutes on a cluster.", ge=1)] = 60
    gpu: Annotated[int, key("Number of GPUs that a job can use; 0 where it cannot.", ge=0)] = 0


@settings
class Degrade:
    """Ways to make F0 worse."""

    offset_hz: Annotated[
        tuple[Annotated[int, Field(ge=-2000, le=2000)] | Annotated[float, Field(ge=-2000, le=2000)], ...],
        key("Offsets added to every voiced frame, in Hz."),
        Unique,
    ] = ()
    octaves: Annotated[
        tuple[Annotated[int, Field(ge=-8, le=8)], ...],
        key("Whole octaves by which every voiced frame is moved, negative for down."),
        Unique,
    ] = ()
    muted: Annotated[
        tuple[Annotated[int, Field(ge=0, le=1)] | Annotated[float, Field(ge=0, le=1)], ...],
        key("Probabilities that a frame is unvoiced, in all voices at once."),
        Unique,
    ] = ()
    left_out: Annotated[tuple[SomeNames, ...], key("Groups of voices that are unvoiced throughout."), Unique] = ()

    def __bool__(self) -> bool:
        return any(vars(self).values())


@settings
class Comparison:
    """Methods that are compared on one data set."""

    dataset: Annotated[Named, key("Name of the data set (config/datasets/<name>.yaml, or a key of `datasets`).")]
    sources: Annotated[
        SomeNames,
        key("Sources to estimate; stems of the data set, or `accompaniment`, the sum of the stems not named."),
    ]
    methods: Annotated[
        SomeNames,
        key(
            "Methods in the order of the table (config/methods/<name>.yaml, or keys of `methods`), and submissions of "
            "others (config/submissions/<name>/, or keys of `submissions`)."
        ),
    ]
    metrics: Annotated[SomeNames, key("Metrics in the order of the tables; the first is the headline.")]
    f0: Annotated[
        Names, key("F0 sources for the methods that need one, each a row of its own (config/f0/<name>.yaml).")
    ] = ()
    degrade: Annotated[
        Degrade,
        key(
            "Ways to make each of the sources in `f0` worse; each value is one more F0 source, and a figure shows what "
            "becomes of the methods (the robustness tests of arXiv 2201.09592)."
        ),
    ] = Degrade()
    marks: Annotated[
        Names,
        key(
            "Sources of marks beside its own with which each method that needs marks is a row of its own; a figure "
            "shows what the quality of the marks does."
        ),
    ] = ()
    contrasts: Annotated[
        tuple[Annotated[tuple[Named, Named], Unique], ...],
        key(
            "Planned comparisons, each a pair of methods of the comparison (others are passed over): their paired "
            "difference with its interval and test stands under the tables, corrected for these pairs alone."
        ),
        Unique,
    ] = ()
    seeds: Annotated[
        tuple[Annotated[int, Field(ge=0)], ...],
        key(
            "Seeds; each repeats training and separation (of a `bound` or what draws nothing, the first alone).",
            min_length=1,
        ),
        Unique,
    ] = (0,)
    groups: Annotated[
        tuple[Folder, ...],
        key(
            "Families of songs of the track table that get tables and paired tests of their own, beside those of all "
            "songs."
        ),
        Unique,
    ] = ()
    split: Annotated[Literal["train", "valid", "test"], key("Split of the data set that is separated and scored.")] = (
        "test"
    )
    aggregation: Annotated[
        Literal["median", "mean"],
        key(
            "How frames and tracks become one number: `median` over frames, then over tracks (SiSEC), or `mean` over "
            "all frames (arXiv 2201.09592). The CSV table has both."
        ),
    ] = "median"
    scoring: Annotated[Scoring, key("How the metrics are computed.")] = Scoring()


@settings
class Weights:
    """A file of published weights."""

    format: Annotated[
        Named, key("`tasnet`: Conv-TasNet of facebookresearch/demucs; `umss`: parametric models of schufo/umss.")
    ]
    file: Annotated[
        Path,
        key("Path of the file, or `tasnet` or `tasnet_extra`, which are fetched; nothing but tensors is read of it."),
    ]
    sha256: Annotated[
        Annotated[str, Field(pattern="^[0-9a-fA-F]{8,64}$")] | None,
        key(
            "Sum of the file, or its beginning; null allows the published files alone (format `tasnet`), or any "
            "(`umss`)."
        ),
    ] = None
    licence: Annotated[Shown, key("Licence of the file, which is told before it is fetched.")] = ""


@settings
class Method:
    """A method of separation."""

    label: Annotated[Shown, key("Name of the row in tables and figures.")]
    module: Annotated[Named, key("Module of workflow_scripts/lib/methods.")]
    like: Annotated[
        Named | None, key("Name of another method, whose keys hold here too where they are not given anew.")
    ] = None
    bound: Annotated[bool, key("True for a row that is no competitor, such as a mask that knows the answer.")] = False
    draws: Annotated[bool, key("False for a method that draws nothing at random, which has one seed.")] = True
    needs: Annotated[tuple[Need, ...], key("What the method is given beside the mixture."), Unique] = ()
    settings: Annotated[Values, key("Settings that differ from the module's defaults.")] = Field(default_factory=dict)
    training: Annotated[Schedule, key("How a method that learns step by step is trained.")] = Schedule()
    budget: Annotated[Budget, key("How much of the training data a method that learns is given.")] = Budget()
    unpaired: Annotated[
        UnpairedBudget,
        key("Which unlabelled recordings a method that needs `unpaired` is given beside the paired songs."),
    ] = UnpairedBudget()
    weights: Annotated[
        Weights | None,
        key("File of published weights, the model of a method that needs `weights`, which is then not trained."),
    ] = None
    start: Annotated[
        Named | None,
        key(
            "Name of another method that has a model: training, or adaptation, starts from the weights of its model "
            "for the same data set, sources, F0 and seed, and a method that does neither works with them; null for "
            "none."
        ),
    ] = None
    train_on: Annotated[
        Literal["train", "test"],
        key(
            "Split whose tracks are learned from; `test` lets a method learn from the very mixtures that it is to "
            "separate, and is allowed only with the setting `supervision: mixture`, which reads no stem."
        ),
    ] = "train"
    training_f0: Annotated[
        Named | None,
        key("F0 source that the method learns with, whatever it is to separate with; null is the same one for both."),
    ] = None
    marks: Annotated[
        Named | None, key("Where the marks come from, for a method that needs them (config/marks/<name>.yaml).")
    ] = None
    resources: Annotated[Resources, key("What its jobs are given.")] = Resources()

    @property
    def has_model(self) -> bool:
        """Whether it has a model of its own, trained or read from a file of published weights."""
        return not {"training", "weights"}.isdisjoint(self.needs)


@settings
class Source:
    """Where F0 or marks come from: the name of a kind, with its settings."""

    label: Annotated[Shown, key("Name in tables and figures.")]
    kind: Annotated[Named, key("Where it comes from: a module of audio/f0_sources or datasets/marks_sources in lib.")]
    like: Annotated[Named | None, key("Name of another such source, whose keys hold here too.")] = None
    of: Annotated[Named | None, key("For `degraded`, the name of the source that is made worse.")] = None
    settings: Annotated[Values, key("Settings of the kind.")] = Field(default_factory=dict)
    resources: Annotated[Resources, key("What its jobs are given.")] = Resources()


@settings
class F0Source(Source):
    """Where F0 comes from."""


@settings
class MarksSource(Source):
    """Where marks come from."""


@settings
class OwnSong:
    """How a recording of the user's own is separated."""

    guided_method: Annotated[Named, key("Method for a song with marks.")] = "guided_remix"
    guided_data: Annotated[
        Named,
        key(
            "Data set whose training tracks give the model that is adapted to it; not used where that is read from "
            "published weights."
        ),
    ] = "songs_stereo_8k"
    ensemble_method: Annotated[
        Named, key("Method for a vocal ensemble with F0; one that learns from the recording itself.")
    ] = "parametric_unsupervised_test"
    ensemble_voices: Annotated[
        Stems,
        key("Names of the voices, the highest first, where no F0 table names them.", min_length=1),
    ] = ("soprano", "alto", "tenor", "bass")
    ensemble_rate: Annotated[
        int, key("Sampling rate at which an ensemble is separated, in Hz.", ge=RATES[0], le=RATES[1])
    ] = 16000


Definitions = dict[Folder, Values]
LIKE = "`like: NAME` takes what a variant does not say from another entry"


@settings
class Keys:
    """The configuration."""

    run: Annotated[Names, key("Names of the comparisons to run.")]
    comparisons: Annotated[dict[Folder, Comparison], key("The comparisons by name.")]
    targets: Annotated[
        dict[Folder, SomeNames],
        key(
            "Targets of Snakemake by name, each a list of comparisons of `run` whose tables and figures it makes; "
            "`COMPARISON/KIND` stands for one kind of them, such as `compare` for the tables or `draw_gains`: "
            "`snakemake paper_one_shot_results`."
        ),
    ] = Field(default_factory=dict)
    shards: Annotated[
        int,
        key(
            "Number of jobs that the tracks of one stage are cut into; more of them use more cores or nodes at once.",
            ge=1,
            le=10000,
        ),
    ] = 1
    data_cache: Annotated[Path, key("Folder for downloaded archives and for the hashes of the user's own files.")] = (
        "results/cache"
    )
    song: Annotated[
        Path | None,
        key(
            "A recording of your own to separate instead of a run; give marks=PATH with it (when each source plays), "
            "or, for a vocal ensemble, f0=PATH or the name of an F0 source."
        ),
    ] = None
    own_song: Annotated[OwnSong, key("How such a recording is separated.")] = OwnSong()
    claims: Annotated[Claims, key("How published claims are judged.")] = Claims()
    datasets: Annotated[
        Definitions, key(f"Data sets of your own by name, or keys to change in those of config/datasets/; {LIKE}.")
    ] = Field(default_factory=dict)
    methods: Annotated[
        Definitions,
        key(f"Variants of methods of your own by name, or keys to change in those of config/methods/; {LIKE}."),
    ] = Field(default_factory=dict)
    f0: Annotated[
        Definitions, key(f"F0 sources of your own by name, or keys to change in those of config/f0/; {LIKE}.")
    ] = Field(default_factory=dict)
    submissions: Annotated[
        dict[Folder, Path],
        key(
            "Estimates or scores of others, by the name that comparisons list among their `methods`: the folder of "
            "each, which holds `submission.yaml`; those in config/submissions/ need not be named."
        ),
    ] = Field(default_factory=dict)
    marks: Annotated[
        Definitions, key(f"Sources of marks of your own by name, or keys to change in those of config/marks/; {LIKE}.")
    ] = Field(default_factory=dict)
