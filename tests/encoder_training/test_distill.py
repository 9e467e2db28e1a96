"""The distillation program: its parts against closed forms, and a tiny run from start to file."""

from __future__ import annotations

import json
import shutil

import numpy
import pytest
import torch
from PIL import Image
from safetensors import safe_open

from impasto.encoder_training.distill.compact_task import CompactTask
from impasto.encoder_training.distill.lowrank_task import LowRankTask
from impasto.encoder_training.distill.pool import SNAPSHOTS, OnPolicyPool
from impasto.encoder_training.distill.settings import DistillSettings
from impasto.encoder_training.distill.student import r_squared, write_weights
from impasto.encoder_training.distill.task import parse_weights, unexplained_variance
from impasto.encoder_training.distill.teacher import Teacher, choose_filters, measure_bases
from impasto.encoders import load_state, open_encoder
from impasto.encoders.compact import COMPONENTS
from impasto.encoders.lowrank import LowRankVGG, ranks_in
from impasto.errors import PictureError, RecipeError
from impasto.training.checkpoint import read_checkpoint, resume, write_checkpoint
from impasto.training.crops import Crops, read_folder
from impasto.training.device import ComputeDevice
from impasto.training.distributed import DataParallel
from impasto.training.events import Evaluated, Logged
from impasto.training.muon import Muon, orthogonalise
from impasto.training.pictures import read_bounded
from impasto.training.schedules import warmup_constant_linear
from impasto.training.trainer import Trainer

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Forty small pictures of random smooth colour."""
    path = tmp_path_factory.mktemp("pictures")
    generator = torch.Generator().manual_seed(0)
    for index in range(40):
        small = (torch.rand(6, 8, 3, generator=generator) * 255).byte().numpy()
        Image.fromarray(small).resize((56, 48), Image.Resampling.BICUBIC).save(path / f"{index:03}.png")
    return path


def test_split_keeps_every_sixteenth_apart(folder):
    pictures = read_folder(folder)
    assert (len(pictures.train), len(pictures.held_out)) == (37, 3)
    only = read_folder(folder, train=False)
    assert all(torch.equal(a, b) for a, b in zip(only.held_out, pictures.held_out, strict=True))
    assert not any(torch.equal(a, b) for a in pictures.train for b in pictures.held_out)


def test_too_few_pictures_are_refused(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "one.png")
    with pytest.raises(PictureError, match="too few"):
        read_folder(tmp_path)


def test_bad_pictures_are_skipped_and_named(folder, tmp_path):
    for path in folder.iterdir():
        shutil.copy(path, tmp_path)
    (tmp_path / "003.png").write_bytes(b"no picture")
    (tmp_path / "004.png").write_bytes((folder / "004.png").read_bytes()[:200])
    counts = []
    pictures = read_folder(tmp_path, on_progress=lambda done, total: counts.append((done, total)))
    assert counts == [(done, 40) for done in range(1, 41)]
    assert [one.path.name for one in pictures.skipped] == ["003.png", "004.png"]
    assert (len(pictures.train), len(pictures.held_out)) == (35, 3)
    good = read_folder(folder)
    assert all(
        torch.equal(a, b) for a, b in zip(pictures.train, good.train[:2] + good.train[4:], strict=True)
    )
    with pytest.raises(PictureError, match=r"38 pictures that can be read \(2 cannot"):
        read_folder(tmp_path, least=40)
    for path in tmp_path.iterdir():
        path.write_bytes(b"no picture")
    with pytest.raises(PictureError, match="no held-out picture that can be read"):
        read_folder(tmp_path, train=False)


def test_the_digest_follows_names_and_bytes(folder, tmp_path):
    for path in folder.iterdir():
        shutil.copy(path, tmp_path)
    digest = read_folder(folder).digest
    assert read_folder(tmp_path).digest == digest
    (tmp_path / "000.png").rename(tmp_path / "0000.png")
    assert read_folder(tmp_path).digest != digest


def test_training_pictures_are_upright_and_opaque(tmp_path):
    pixels = torch.arange(6 * 4 * 3, dtype=torch.uint8).reshape(6, 4, 3).numpy()
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(pixels).save(tmp_path / "turned.png", exif=exif)
    turned = Image.fromarray(pixels).transpose(Image.Transpose.ROTATE_270)
    expected = torch.from_numpy(numpy.array(turned)).permute(2, 0, 1)
    assert torch.equal(read_bounded(tmp_path / "turned.png", 768), expected)
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    assert bool((read_bounded(tmp_path / "clear.png", 768) == 255).all())


def test_large_training_pictures_are_shrunk_as_pillow_does(tmp_path):
    generator = torch.Generator().manual_seed(0)
    picture = Image.fromarray((torch.rand(90, 120, 3, generator=generator) * 255).byte().numpy())
    picture.save(tmp_path / "large.jpg")
    with Image.open(tmp_path / "large.jpg") as image:
        small = image.convert("RGB")
        small.thumbnail((50, 50))
    expected = torch.from_numpy(numpy.array(small)).permute(2, 0, 1)
    assert torch.equal(read_bounded(tmp_path / "large.jpg", 50), expected)


def test_crops_are_pictures_and_follow_the_seed(folder):
    pictures = read_folder(folder)
    one, two, other = (Crops(pictures, pictures, 32, seed).batch(6) for seed in (3, 3, 4))
    assert one.shape == (6, 3, 32, 32)
    assert float(one.min()) >= 0
    assert float(one.max()) <= 1
    assert torch.equal(one, two)
    assert not torch.equal(one, other)


def test_bases_are_the_principal_components():
    encoder = open_encoder("tiny")
    images = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    basis = measure_bases(encoder, {"relu2_1": 12, "relu3_1": 5}, [images])
    full = basis["relu2_1"]
    rows = encoder(images, ["relu2_1"])["relu2_1"].permute(0, 2, 3, 1).flatten(0, 2)
    components = rows @ full.projection.T
    assert full.share == pytest.approx(1, abs=1e-6)
    covariance = torch.cov(components.T, correction=0)
    assert float(covariance.trace()) == pytest.approx(1, rel=1e-3)
    assert torch.allclose(covariance, torch.diag(covariance.diagonal()), atol=1e-4)
    assert list(covariance.diagonal()) == sorted(covariance.diagonal(), reverse=True)
    assert 0 < basis["relu3_1"].share < 1
    targets = Teacher(encoder, {"relu2_1": full.projection}).targets(images)["relu2_1"]
    assert torch.allclose(targets.permute(0, 2, 3, 1).flatten(0, 2), components, atol=1e-5)


def test_all_filters_explain_everything_and_more_explain_more():
    encoder = open_encoder("tiny")
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(2))
    basis = measure_bases(encoder, {"relu1_1": 8}, [images])["relu1_1"]
    features = encoder(images, ["relu1_1"])["relu1_1"].permute(0, 2, 3, 1).flatten(0, 2)
    components = features @ basis.projection.T
    errors = []
    for count in (2, 5, 8):
        chosen, weight, bias = choose_filters(basis, count)
        assert len(set(chosen)) == count
        guess = features[:, chosen] @ weight.T + bias
        errors.append(float((guess - components).square().sum(1).mean()))
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 1e-4


def test_orthogonalise_keeps_singular_vectors_and_levels_values():
    matrix = torch.randn(12, 30, generator=torch.Generator().manual_seed(3))
    u, _, v = torch.linalg.svd(matrix, full_matrices=False)
    values = torch.linalg.svdvals(orthogonalise(matrix))
    assert 0.5 < float(values.min()) <= float(values.max()) < 1.4
    inner = u.T @ orthogonalise(matrix) @ v.T
    assert float((inner - torch.diag(inner.diagonal())).abs().max()) < 0.1
    assert torch.allclose(orthogonalise(matrix.T), orthogonalise(matrix).T, atol=0.05)


def test_muon_goes_downhill():
    kernel = torch.nn.Parameter(torch.randn(4, 3, 3, 3, generator=torch.Generator().manual_seed(4)))
    optimizer = Muon([kernel], lr=0.1)
    values = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = kernel.square().sum()
        loss.backward()
        optimizer.step()
        values.append(float(loss.detach()))
    assert values[-1] < values[0] / 10


def test_unexplained_is_the_squared_error_a_position_with_its_gradient():
    output = torch.randn(2, 3, 4, 5, requires_grad=True)
    target = torch.randn(2, 3, 4, 5)
    loss = unexplained_variance(output, target)
    assert float(loss.detach()) == pytest.approx(float((output - target).square().sum().detach() / 40))
    loss.backward()
    assert torch.allclose(output.grad, 2 * (output.detach() - target) / 40)


def test_the_learning_rate_warms_up_stays_and_falls_to_0():
    factors = [warmup_constant_linear(step, 1000, 10, 0.5) for step in (0, 300, 750, 1000)]
    assert factors == pytest.approx([0.1, 1, 0.5, 0])


def test_weights_of_layers_are_read_and_checked():
    heads = list(COMPONENTS)
    assert parse_weights(DistillSettings().layer_weights, heads)["relu4_1"] == 2.5
    for bad in ("relu1_1:3", "relu1_1", "x", DistillSettings().layer_weights.replace("2.5", "-1")):
        with pytest.raises(RecipeError):
            parse_weights(bad, heads)
    assert parse_weights("relu4_1:2", heads, every=False) == {"relu4_1": 2}
    with pytest.raises(RecipeError, match="some of relu1_1"):
        parse_weights("relu9_1:2", heads, every=False)


def test_a_low_rank_student_has_its_own_defaults_which_options_override():
    settings = DistillSettings.make({"student": "low-rank", "size": 96})
    assert (settings.size, settings.kernel_learning_rate) == (96, 0.001)
    assert DistillSettings.make({}) == DistillSettings()
    with pytest.raises(RecipeError, match="student"):
        DistillSettings.make({"student": "large"})


def test_pool_holds_pictures_on_the_way_and_forgets(folder):
    pictures = read_folder(folder)
    encoder = open_encoder("tiny")
    pool = OnPolicyPool(Crops(pictures, pictures, 32, 0), capacity=12, steps=6, count=2)
    for _ in range(2):
        pool.refresh(lambda images: encoder(images, list(COMPONENTS)))
    assert len(pool.images) == 12 < 2 * 2 * SNAPSHOTS
    drawn = pool.draw(pool.crops.choice)
    assert drawn.shape == (1, 3, 32, 32)
    assert 0 <= float(drawn.min()) <= float(drawn.max()) <= 1


def test_r_squared_of_a_perfect_and_of_a_blind_student():
    encoder = open_encoder("tiny")
    images = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(5))
    basis = measure_bases(encoder, {"relu2_1": 6}, [images])["relu2_1"]
    teacher = Teacher(encoder, {"relu2_1": basis.projection})
    assert r_squared(teacher.targets, teacher, images)["relu2_1"] == pytest.approx(1)
    mean = basis.mean.view(1, -1, 1, 1)
    blind = r_squared(lambda x: {"relu2_1": mean.expand(len(x), -1, 16, 16)}, teacher, images)
    assert blind["relu2_1"] == pytest.approx(0, abs=1e-4)


def small_task(teacher, folder, monkeypatch, **changes):
    for name, value in {"BASIS_BATCHES": 2, "LEAST_REPLAY": 2, "EVALUATION_STEPS": 6}.items():
        monkeypatch.setattr(f"impasto.encoder_training.distill.task.{name}", value)
    fields = {
        "steps": 8,
        "batch": 2,
        "size": 64,
        "warmup_steps": 2,
        "replay": 4,
        "policy_from": 0.25,
        "policy_every": 2,
        "device": "cpu",
        "precision": "bfloat16",
    }
    settings = DistillSettings.make({**fields, **changes})
    pictures = read_folder(folder)
    compute = ComputeDevice.open(settings.device, settings.precision)
    kind = CompactTask if settings.student == "compact" else LowRankTask
    task = kind(teacher, pictures, pictures, settings, compute, evaluate_every=4)
    task.pool.steps, task.pool.count = 2, 2
    return task


def test_a_short_run_learns_and_writes_a_file(folder, tmp_path, monkeypatch):
    task = small_task(wide_teacher(), folder, monkeypatch)
    events = list(Trainer(task, log_every=4).events())
    lines = [event for event in events if isinstance(event, Logged)]
    assert [line.step for line in lines] == [4, 8]
    assert [event.step for event in events if isinstance(event, Evaluated)] == [4, 8]
    assert set(task.evaluation) == {"photographs", "artworks", "pastiches"}
    assert lines[-1].figures["relu2_1"] < lines[0].figures["relu2_1"] * 1.5

    file = tmp_path / "compact.safetensors"
    write_weights(task.file_state(), file, {"seed": 0})
    with safe_open(file, "pt") as stored:
        assert json.loads(stored.metadata()["impasto"]) == {"seed": 0}
    loaded = open_encoder("compact", weights=file)
    image = torch.rand(1, 3, 64, 64)
    exact = task.student(image, ["relu4_1"])["relu4_1"].detach()
    assert torch.allclose(loaded(image, ["relu4_1"])["relu4_1"], exact, atol=0.02 * float(exact.abs().max()))


def test_a_low_rank_run_starts_from_a_factorisation_and_writes_a_file(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("impasto.encoder_training.distill.lowrank_task.FIT_CROPS", 4)
    teacher = wide_teacher()
    changes = {"student": "low-rank", "budget": 0.6, "layer_weights": "relu2_1:1,relu4_2:2"}
    task = small_task(teacher, folder, monkeypatch, **changes)
    assert task.student.macs(64, 64, ["relu5_1"]) <= 0.6 * teacher.macs(64, 64, ["relu5_1"])
    trainer = Trainer(task, log_every=1)
    lines = [event for event in trainer.events() if isinstance(event, Logged)]
    assert set(lines[0].figures) >= {"relu2_1", "relu4_2"}
    assert 0 < lines[0].figures["relu2_1"] < 0.5
    assert set(task.evaluation["pastiches"]) == {"relu2_1", "relu4_2"}
    first = task.student.convolutions["conv1_1"].weight
    assert torch.equal(first.detach(), teacher.convolutions["conv1_1"].weight)

    file = tmp_path / "student.safetensors"
    write_weights(task.file_state(), file, {"seed": 0})
    ranks = ranks_in(load_state(file), task.blocks)
    assert ranks == task.student.ranks
    loaded = LowRankVGG("again", ranks, blocks=task.blocks)
    loaded.load_state_dict({name: value.float() for name, value in load_state(file).items()})
    image = torch.rand(1, 3, 64, 64)
    exact = task.student(image, ["relu4_1"])["relu4_1"].detach()
    found = loaded(image, ["relu4_1"])["relu4_1"].detach()
    assert torch.allclose(found, exact, atol=0.02 * float(exact.abs().max()))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("changes", [{}, {"student": "low-rank", "budget": 0.6, "learning_rate": 0.01}])
def test_a_resumed_distillation_ends_with_the_same_bits(folder, tmp_path, monkeypatch, changes):
    monkeypatch.setattr("impasto.encoder_training.distill.lowrank_task.FIT_CROPS", 4)
    teacher, stop_after = wide_teacher(), 3
    whole = small_task(teacher, folder, monkeypatch, steps=6, **changes)
    list(Trainer(whole).events())
    first = Trainer(small_task(teacher, folder, monkeypatch, steps=6, **changes))
    for event in first.events():
        if event.step == stop_after:
            break
    write_checkpoint(tmp_path / "c", first, {})
    second = Trainer(small_task(teacher, folder, monkeypatch, steps=6, **changes))
    resume(read_checkpoint(tmp_path / "c", whole.kind), second)
    assert second.step == stop_after
    list(second.events())
    for name, value in whole.weights().items():
        assert torch.equal(value, second.task.weights()[name]), name
    assert second.task.evaluation == whole.evaluation


def test_a_resumed_distillation_keeps_its_components(folder, tmp_path, monkeypatch):
    """Measured again on another device, they may have other signs."""
    teacher = wide_teacher()
    first = Trainer(small_task(teacher, folder, monkeypatch, precision="float32"))
    for event in first.events():
        if event.step == 2:
            break
    for layer, basis in first.task.bases.items():
        first.task.bases[layer] = basis._replace(projection=-basis.projection)
    write_checkpoint(tmp_path / "c", first, {})
    second = small_task(teacher, folder, monkeypatch, precision="float32")
    before = second.teacher.targets(torch.ones(1, 3, 64, 64))
    resume(read_checkpoint(tmp_path / "c", "distill"), Trainer(second))
    after = second.teacher.targets(torch.ones(1, 3, 64, 64))
    assert all(
        torch.equal(second.bases[layer].projection, b.projection) for layer, b in first.task.bases.items()
    )
    assert all(torch.equal(after[layer], -target) for layer, target in before.items())
    images, targets = second.replay[0]
    assert all(torch.equal(targets[layer], t) for layer, t in second.teacher.targets(images).items())


def test_a_process_computes_the_targets_of_its_part(folder, monkeypatch):
    task = small_task(wide_teacher(), folder, monkeypatch, precision="float32")
    images = torch.rand(2, 3, 64, 64)
    whole = task.teacher.targets(images)
    task.parallel = DataParallel(1, 2)
    _, part = task._with_targets(images)
    assert all(torch.allclose(part[layer], target[1:], atol=1e-4) for layer, target in whole.items())


def test_painting_leaves_the_gradients_of_the_student_alone(folder):
    pictures = read_folder(folder)
    encoder = open_encoder("tiny").requires_grad_(True)
    pool = OnPolicyPool(Crops(pictures, pictures, 32, 0), capacity=12, steps=2, count=2)
    pool.refresh(lambda images: encoder(images, list(COMPONENTS)))
    assert all(parameter.grad is None for parameter in encoder.parameters())


def wide_teacher():
    """A VGG with enough channels for every component of the student, and random weights."""
    from impasto.encoders.vgg import VGG, layout

    blocks = ((32,), (64,), (96,), (128, 128), (128,))
    generator = torch.Generator().manual_seed(0)
    state = {
        name: torch.randn(shape, generator=generator) * (2 / (9 * shape[1])) ** 0.5
        if name.endswith("weight")
        else torch.zeros(shape)
        for name, shape in layout(blocks).items()
    }
    return VGG("wide", blocks, state)
