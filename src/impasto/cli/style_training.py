"""A training for given styles from the command line: tasks, previews, checks and results."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impasto.cli.console import print_note
from impasto.cli.interrupt import Stop
from impasto.cli.options import as_arguments
from impasto.cli.training_progress import TrainingReport
from impasto.cli.training_session import (
    TrainingSession,
    counting,
    open_compute,
    origin_of,
    read_pictures,
    write_learning_curve,
)
from impasto.errors import DivergedError
from impasto.feedforward.style_settings import GivenStyleSettings
from impasto.hashing import file_sha256

if TYPE_CHECKING:
    from torch import Tensor

    from impasto.encoders import Encoder
    from impasto.feedforward.artifact_checks import Fault
    from impasto.feedforward.model_card import StyleRecord
    from impasto.feedforward.outputs import StyleOutputs
    from impasto.feedforward.tasks.given_styles import GivenStylesTask
    from impasto.feedforward.tasks.johnson import JohnsonTask

LEAST_PHOTOS = 8
COMPACT = "compact"


@dataclass(frozen=True)
class TrainingRequest:
    """The command's arguments, checked before any photograph is read; `given` holds the typed options."""

    styles: list[Path]
    records: list[StyleRecord]
    style_images: list[Tensor]
    photos: Path
    outputs: StyleOutputs
    settings: GivenStyleSettings
    initial: Path | None
    weights: Path | None
    given: dict[str, Any]
    previews: bool
    accept: bool

    @classmethod
    def open(
        cls,
        styles: list[Path],
        descriptions: tuple[list[str], list[str], list[str]],
        *,
        out: Path,
        settings: GivenStyleSettings,
        initial: Path | None,
        **arguments: Any,
    ) -> TrainingRequest:
        """Check the arguments and read the style images; `descriptions` are titles, credits and licences.

        Raises RecipeError, OutputError or PictureError.
        """
        from impasto.feedforward.model_card import describe
        from impasto.feedforward.outputs import StyleOutputs
        from impasto.imaging import read_picture

        settings.check_start(named=initial is not None)
        outputs = StyleOutputs(out)
        outputs.check()
        images = [read_picture(path).pixels for path in styles]
        records = describe(styles, *descriptions)
        return cls(styles, records, images, outputs=outputs, settings=settings, initial=initial, **arguments)

    @property
    def kind(self) -> str:
        """The kind of the trained network."""
        from impasto.feedforward.network_card import KIND_JOHNSON, KIND_STYLES

        return KIND_JOHNSON if self.settings.preset == "johnson" else KIND_STYLES


@dataclass
class StyleTrainingRun:
    """A training with a photograph, uint8 `(3, H, W)`, that it does not see, for previews and checks.

    `substitutes` are the layers that serve instead of published ones (`JohnsonTask.substitutes`).
    """

    session: TrainingSession
    held_out: Tensor
    request: TrainingRequest
    substitutes: Mapping[str, str]

    @classmethod
    def open(
        cls, request: TrainingRequest, report: TrainingReport, stop: Stop, quiet: bool
    ) -> StyleTrainingRun:
        """Open the encoder, read the photographs, measure the style images and set the initial weights.

        Raises WeightsError before any photograph is read.
        """
        from impasto.feedforward.initial_weights import default_initial
        from impasto.feedforward.model_card import layer_names
        from impasto.feedforward.weights import identity
        from impasto.training.trainer import Trainer

        encoder = _open_encoder(request)
        photographs = read_pictures(request.photos, "photographs", report, stop, least=LEAST_PHOTOS)
        task = _open_task(request, encoder, photographs.train, report, stop)
        if task.substitutes and not quiet:
            print_note(
                f"The encoder {encoder.name} lacks layers of the preset {request.settings.preset}; the nearest serve "
                f"instead: {layer_names(task.substitutes)}."
            )
        started_from = "random weights"
        if request.settings.start == "any":
            started_from = identity(request.initial or default_initial())
        origin = {
            **origin_of(photos=photographs),
            "photographs": str(len(photographs.train)),
            "styles": " ".join(record.sha256 for record in request.records),
            "started_from": started_from,
        }
        if request.weights is not None:
            origin["encoder_sha256"] = file_sha256(request.weights)
        session = TrainingSession(Trainer(task), origin, request.outputs.checkpoint, stop, report, quiet)
        run = cls(session, photographs.held_out[0], request, task.substitutes)
        session.write_preview = run.preview if request.previews else None
        return run

    def preview(self) -> Path:
        """Paint the held-out photograph with the weights as they are now, and draw the curve; return the picture."""
        from impasto.feedforward.previews import preview
        from impasto.imaging import write_picture

        photograph = self.held_out[None].float() / 255
        pixels = preview(self.card(), self.session.trainer.task.weights(), photograph)
        outputs = self.request.outputs
        write_picture(outputs.preview, pixels)
        write_learning_curve(outputs, self.session.trainer, quiet=True)
        return outputs.preview

    def card(self) -> dict[str, Any]:
        """Return the card of the network as it is now."""
        from impasto.feedforward.model_card import make_card
        from impasto.feedforward.modules.transform import BLOCKS
        from impasto.feedforward.tasks.given_styles import GivenStylesTask

        trainer, request = self.session.trainer, self.request
        figures = trainer.history[-1][1] if trainer.history else {}
        origin = {name: value for name, value in self.session.origin.items() if name != "styles"}
        name = request.outputs.model.stem
        task = trainer.task
        blocks = task.network.counts if isinstance(task, GivenStylesTask) else BLOCKS
        card = make_card(task.kind, name, request.settings, request.records, figures, origin, blocks)
        substitutes = {"substitutes": dict(self.substitutes)} if self.substitutes else {}
        return {**card, "steps_done": trainer.step, **substitutes}

    def faults(self) -> list[Fault]:
        """Return what the checks find in each style."""
        from impasto.feedforward.artifact_checks import SIZES, Fault, faults
        from impasto.feedforward.previews import painters
        from impasto.training.crops import centre_crops

        photograph = centre_crops([self.held_out], SIZES[0])
        paint_functions = painters(self.card(), self.session.trainer.task.weights())
        all_faults: list[Fault] = []
        for number, record in enumerate(self.request.records):
            self.session.report.counted("checking styles", number + 1, len(paint_functions))
            for fault in faults(paint_functions[number], photograph):
                all_faults.append(Fault(f"in the style {record.name}, {fault.text}", fault.fatal))
        return all_faults

    def finish(self, finished: bool) -> None:
        """Write curve and preview, check the network, and write it with its card.

        A network that fails its checks is kept as rejected, unless the user accepts it: its card then lists the faults.
        Fatal faults are never accepted. Raises DivergedError if a `finished` training is rejected.
        """
        from impasto.feedforward.model_card import write_page, write_styles

        request, outputs = self.request, self.request.outputs
        if request.previews:
            self.preview()
        write_learning_curve(outputs, self.session.trainer, quiet=self.session.quiet)
        weights = self.session.trainer.task.weights()
        faults = self.faults()
        card = {**self.card(), "faults": [fault.text for fault in faults]}
        if any(fault.fatal or not request.accept for fault in faults):
            write_styles(outputs.rejected, weights, card)
            self._reject(faults[0], finished)
            return
        for fault in faults:
            print_note(f"Accepted with a fault: {fault.text}.")
        write_styles(outputs.model, weights, card)
        outputs.rejected.unlink(missing_ok=True)
        write_page(outputs.card, card, _command(request))

    def _reject(self, fault: Fault, finished: bool) -> None:
        """Print that the network was rejected; raise DivergedError if the training is finished."""
        rejected = self.request.outputs.rejected
        if not finished:
            print_note(
                f"The network so far does not pass its checks: {fault.text}. It is kept as '{rejected}'."
            )
            return
        self.session.save()
        raise DivergedError(
            f"The network did not pass its checks: {fault.text}. It is kept as '{rejected}'; train on from it with"
            " --from and another --out, try another --seed, or write it all the same with --resume --accept."
        )


def _open_encoder(request: TrainingRequest) -> Encoder:
    """Return the encoder of the losses; raises WeightsError if a published preset's weights are missing."""
    from impasto.encoders import CATALOGUE, ENCODERS, open_encoder, require_weights
    from impasto.feedforward.training_presets import PUBLISHED

    name, preset = request.settings.encoder, request.settings.preset
    if preset not in PUBLISHED:
        return open_encoder(name, weights=request.weights)
    if name in CATALOGUE and request.weights is None:
        require_weights(
            name,
            subject=f"The preset {preset} needs the weights of {name}, which are",
            alternative="or give --weights FILE, or give --encoder compact to go on with the nearest layers of the "
            "encoder that ships with impasto",
        )
    # The published network pads with zeros. Encoders with built-in padding are opened as they are.
    padding = "zeros" if ENCODERS[name].adjustable else "replicate"
    return open_encoder(name, weights=request.weights, padding=padding)


def _open_task(
    request: TrainingRequest,
    encoder: Encoder,
    photographs: Sequence[Tensor],
    report: TrainingReport,
    stop: Stop,
) -> GivenStylesTask | JohnsonTask:
    from torch import uint8

    from impasto.encoders import open_encoder, prepare, tune_process
    from impasto.feedforward.initial_weights import default_initial, initialiser_from
    from impasto.feedforward.loss_encoder import loss_encoder
    from impasto.feedforward.tasks.given_styles import GivenStylesTask
    from impasto.feedforward.tasks.johnson import JohnsonTask

    settings = request.settings
    compute, parallel = open_compute(settings.device, settings.precision)
    device, precision = compute.device, compute.precision
    encoder = prepare(encoder, device, precision)
    tune_process()
    if request.kind == JohnsonTask.kind:
        return JohnsonTask(encoder, photographs, request.style_images, settings, compute, parallel)
    if settings.encoder != COMPACT:
        paintings = [(image[0] * 255).round().to(uint8) for image in request.style_images]
        encoder = loss_encoder(encoder, photographs, paintings, settings.seed)
    initialiser = None
    if settings.start == "any":
        compact = prepare(open_encoder(COMPACT), device, precision)
        sha256 = [record.sha256 for record in request.records]
        initialiser = initialiser_from(request.initial or default_initial(), compact, sha256)
    return GivenStylesTask(
        encoder,
        photographs,
        request.style_images,
        settings,
        compute,
        parallel,
        initialiser=initialiser,
        on_progress=counting("measuring style images", report, stop),
    )


def _command(request: TrainingRequest) -> str:
    """Return the command line that trains this network again, with file names but no folders."""
    words = ["impasto", "train", *(path.name for path in request.styles)]
    words += ["--photos", request.photos.resolve().name, "--out", request.outputs.model.name]
    for flag, path in (("--from", request.initial), ("--weights", request.weights)):
        words += [flag, path.name] if path else []
    texts = {name: value for name, value in request.given.items() if isinstance(value, list)}
    settings = {
        name: value for name, value in request.given.items() if value is not None and name not in texts
    }
    # "--steps 100" reads better than "--steps=100" in a card.
    words += [part for word in as_arguments(settings) for part in word.split("=", 1)]
    words += [part for name, values in texts.items() for value in values for part in (f"--{name}", value)]
    words += ["--accept"] if request.accept else []
    return shlex.join(words)
