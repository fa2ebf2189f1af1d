"""Import of published Conv-TasNet weights: both kinds of files, names, sums, and files that would run code."""

import os
import pickle
import sys
from hashlib import sha256
from pathlib import Path

import pytest
import torch

from tests.methods.published_tasnet import network, published, save_as_published
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.registry import WEIGHTS
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.methods import conv_tasnet
from workflow_scripts.lib.weights import tasnet
from workflow_scripts.lib.weights.model_file import load_model
from workflow_scripts.lib.weights.published import check_weights
from workflow_scripts.plan.declared import value_of
from workflow_scripts.train.import_weights import WeightsFile, import_weights


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """A folder of files as the public code writes them: {v1,v2,state}-{zip,old}.th."""
    folder = tmp_path_factory.mktemp("published")
    save_as_published(published(network()), folder)
    return folder


def sum_of(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("format", ["zip", "old"])
@pytest.mark.parametrize("content", ["v1", "v2", "state"])
def test_files_of_both_branches_and_both_formats_give_the_same_model(files, content, format):
    assert "demucs" not in sys.modules
    body, path = network(), files / f"{content}-{format}.th"
    assert (b"demucs.tasnet" in path.read_bytes()) == (content != "state")
    assert (b"class ConvTasNet(nn.Module)" in path.read_bytes()) == (content != "state" and format == "old")
    model = tasnet.read_model(path)
    assert {int(model[f"source.{name}"]) for name in ("drums", "bass", "other", "vocals")} == {0, 1, 2, 3}
    assert int(model["rate"]) == 44100
    assert all(torch.equal(model[name], each) for name, each in body.state_dict().items())
    assert len(model) == len(body.state_dict()) + 5


def test_the_file_of_the_branch_v1_is_a_tuple_whose_last_member_is_the_state(files):
    """So that the files above are what they are said to be, by torch's own reader."""
    with torch.serialization.safe_globals([(tasnet.Placeholder, "demucs.tasnet.ConvTasNet")]):
        content = torch.load(files / "v1-zip.th", weights_only=True)
    assert isinstance(content, tuple) and content[:3] == (
        tasnet.Placeholder, (), {"X": 2, "audio_channels": 2, "norm_type": "gLN"},
    )  # fmt: skip
    assert content[3].keys() == published(network()).keys()


def test_weights_of_half_precision_or_of_a_wrapped_network_are_read(tmp_path):
    state = published(network())
    torch.save({name: each.half() for name, each in state.items()}, tmp_path / "half.th")
    torch.save({"state": {f"module.{name}": each for name, each in state.items()}}, tmp_path / "wrapped.th")
    half, wrapped = (tasnet.read_model(tmp_path / name) for name in ("half.th", "wrapped.th"))
    body = network().state_dict()
    assert all(half[name].dtype == torch.float32 for name in body)
    assert all(torch.equal(half[name], each.half().float()) for name, each in body.items())
    assert all(torch.equal(wrapped[name], each) for name, each in body.items())


def test_the_command_writes_a_model_that_separates(files, tmp_path):
    path, out = files / "v1-old.th", tmp_path / "model.safetensors"
    import_weights(weights=str(path), format="tasnet", out=out, sha256=sum_of(path)[:12])
    model, header = load_model(out, torch.device("cpu"))
    assert header["module"] == "conv_tasnet"
    settings = conv_tasnet.Settings(filters=6, bottleneck=4, hidden=5, blocks=2, repeats=2, chunk_seconds=0.1)
    mixture = torch.randn(2, 9000, generator=torch.Generator().manual_seed(0))
    found = conv_tasnet.separate(Scene(mixture, 44100, ("vocals", "drums", "bass", "other")), settings, model)
    assert found.shape == (4, 2, 9000)
    assert found.abs().max() > 0


def test_a_file_with_another_sum_is_refused(tmp_path):
    path, out = tmp_path / "tasnet.th", tmp_path / "model.safetensors"
    torch.save(published(network()), path)
    with pytest.raises(UserError, match="those of the published files"):
        import_weights(weights=str(path), format="tasnet", out=out)
    for format in ("tasnet", "umss"):
        with pytest.raises(UserError, match="allowed is 00000000"):
            import_weights(weights=str(path), format=format, out=out, sha256="00000000")
    for no_sum in ("", "be5669", "tasnet.th"):
        with pytest.raises(UserError, match="hexadecimal"):
            import_weights(weights=str(path), format="tasnet", out=out, sha256=no_sum)
    with pytest.raises(UserError, match="there is no file"):
        import_weights(weights=str(tmp_path / "absent.th"), format="tasnet", out=out)
    assert not out.exists()


class Attack:
    """Writes a file when it is unpickled without care."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return os.system, (f"touch {self.target}",)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("new", [True, False, None], ids=["zip", "old", "bare"])
def test_a_file_that_would_run_code_is_refused_and_runs_none(tmp_path, new):
    path, target = tmp_path / "tasnet.th", tmp_path / "executed"
    content = {"state": published(network()), "args": Attack(target)}
    if new is None:
        path.write_bytes(pickle.dumps(content))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=new)
    with pytest.raises(UserError, match="cannot be read as weights"):
        tasnet.read_model(path)
    assert not target.exists()
    pickle.loads(pickle.dumps(Attack(target)))  # the attack is a real one
    assert target.exists()


def test_files_of_other_kinds_are_refused_in_one_sentence(tmp_path):
    class Doubled(torch.nn.Module):
        def forward(self, given: torch.Tensor) -> torch.Tensor:
            return 2 * given

    path = tmp_path / "tasnet.th"
    torch.jit.save(torch.jit.trace(Doubled(), torch.ones(1)), path)
    with pytest.raises(UserError, match="compiled program"):
        tasnet.read_tensors(path)
    for name, value in (("numbers", torch.ones(3, dtype=torch.int64)), ("values", torch.tensor([1.0, float("nan")]))):
        torch.save({name: value}, path)
        with pytest.raises(UserError, match=f"the tensor '{name}' holds what is no finite number"):
            tasnet.read_tensors(path)
    for content in (b"", b"no weights", bytes(1000)):
        path.write_bytes(content)
        with pytest.raises(UserError, match="cannot be read as weights"):
            tasnet.read_tensors(path)
    for content in ([1, 2], {}, ("class", (), {}, None)):
        torch.save(content, path)
        with pytest.raises(UserError, match="no named tensors"):
            tasnet.read_tensors(path)


def test_a_missing_another_or_a_misshapen_tensor_is_named():
    state = published(network())
    name = "separator.network.2.1.0.net.3.net.3.weight"
    lacking = {key: each for key, each in state.items() if key != name}
    for given, message in (
        (lacking, f"lacks 1 tensors, the first '{name}'"),
        ({**state, "head.weight": torch.ones(1)}, "'head.weight'"),
        ({**state, name: torch.ones(4, 5, 2)}, "has shape"),
        ({**state, "separator.network.3.weight": torch.ones(12, 4, 1)}, "not for the 4 sources"),
    ):
        with pytest.raises(UserError, match=message):
            tasnet.convert(given, "tasnet.th")


def test_only_weights_with_a_whole_sum_are_fetched_by_name():
    published = value_of(WEIGHTS.module("tasnet"), "PUBLISHED")
    check_weights("weights", WeightsFile("tasnet", None), published)
    with pytest.raises(UserError, match="did you mean 'tasnet_extra'"):
        check_weights("weights", WeightsFile("tasnet_extr", None), published)
    with pytest.raises(UserError, match=r"fetch https://.*beb46fac\.th yourself"):
        check_weights("weights", WeightsFile("tasnet-beb46fac", None), published)
    with pytest.raises(UserError, match=r"'tasnet', where there is no file; give the path of one\.$"):
        check_weights("weights", WeightsFile("tasnet", None), {})
    assert {len(each.sha256) for each in published.values()} == {64, 8}


def test_what_weights_fit_is_known_without_importing_their_reader():
    forms = {name: value_of(WEIGHTS.module(name), "FORM") for name in WEIGHTS.names()}
    assert {name: (form.module, form.rate) for name, form in forms.items()} == {
        "tasnet": ("conv_tasnet", 44100), "umss": ("parametric", 16000),
    }  # fmt: skip
    assert tasnet.FORM.sources == forms["tasnet"].sources
