"""``impasto stylize`` in one pass: with ``--fast``, or ``--from`` a picture that was painted in one pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impasto.cli.console import print_status
from impasto.cli.failures import ONE_PICTURE_ERRORS, report_failed
from impasto.cli.guide_options import GuideOptions
from impasto.cli.inputs import Inputs, stored_inputs
from impasto.cli.interrupt import Stop
from impasto.cli.json_report import JsonReport
from impasto.cli.naming import check_distinct, default_path, finished, make_folder, target
from impasto.cli.options import OutputOptions, check_jpeg_quality
from impasto.cli.picture_progress import PictureBar, build_notice
from impasto.cli.session import write_sidecar
from impasto.errors import ImpastoError, RecipeError
from impasto.painting import ONE_PASS_FIELDS, typed_one_pass_settings
from impasto.provenance import Provenance

if TYPE_CHECKING:
    from impasto.batch import Digests
    from impasto.feedforward.graph_stylizer import GraphStylizer
    from impasto.feedforward.settings import OnePassSettings
    from impasto.feedforward.stylizer import Stylizer
    from impasto.guidance import Guides

# Output options that painting in one pass has.
OUTPUT_OPTIONS = ("out", "bits", "jpeg_quality", "sidecar", "quiet")


@dataclass(frozen=True)
class Places:
    """Where pictures go, whether finished ones are painted again, and the report that they are added to."""

    output_options: OutputOptions
    out_dir: Path | None
    again: bool
    report: JsonReport


@dataclass(frozen=True)
class FastJob:
    """Everything that all pictures of one command are painted with, and where they go."""

    stylizer: GraphStylizer | Stylizer
    styles: Sequence[str | Path]
    settings: OnePassSettings
    guides: Guides
    places: Places

    @property
    def style_names(self) -> list[str]:
        """The styles, for the report."""
        return [str(style) for style in self.styles]

    @property
    def files(self) -> list[Path]:
        """Every file that is read besides the content pictures."""
        return [*(style for style in self.styles if isinstance(style, Path)), *self.guides.files]


def paint_fast(
    inputs: Inputs,
    guides: Guides,
    places: Places,
    settings: Mapping[str, Any],
    stop: Stop,
) -> None:
    """Paint every content picture of ``inputs`` with the network for any style."""
    typed, device = typed_one_pass_settings(settings), str(settings.get("device", "auto"))
    _check_options(settings, places.output_options)
    if not inputs.styles or None in inputs.contents:
        raise RecipeError("--fast needs a photograph and at least one painting.")
    from impasto.feedforward.open_stylizer import keep_graphs, open_stylizer
    from impasto.feedforward.pretrained import DEFAULT_NETWORK

    notice = build_notice(DEFAULT_NETWORK, places.output_options.quiet)
    stylizer = open_stylizer(DEFAULT_NETWORK, device=device, on_build=notice)
    job = FastJob(stylizer, inputs.styles, typed, guides, places)
    _paint_all(job, inputs, stop)
    if stylizer.backend == "torch":  # otherwise the graphs are there
        keep_graphs(DEFAULT_NETWORK, device=device, on_build=notice)


def replay_fast(
    provenance: Provenance,
    pictures: Sequence[Path],
    styles: Sequence[Path],
    guide_options: GuideOptions,
    places: Places,
    settings: Mapping[str, Any],
    stop: Stop,
) -> None:
    """Paint with the network and settings of a picture painted in one pass; typed settings replace the stored ones."""
    from impasto.feedforward.open_stylizer import open_stylizer

    _check_options(settings, places.output_options)
    typed, device = typed_one_pass_settings(settings), str(settings.get("device", "auto"))
    changes = {name: getattr(typed, name) for name in settings if name != "device"}
    inputs = _replayed_inputs(provenance, pictures, styles)
    guides = guide_options.guides_or(provenance.images, provenance.source)
    network, backend, tile = provenance.network
    notice = build_notice(network, places.output_options.quiet)
    stylizer = open_stylizer(network, backend=backend, device=device, tile=tile, on_build=notice)
    job = FastJob(
        stylizer,
        provenance.trained_styles or inputs.styles,
        provenance.one_pass_settings.model_copy(update=changes),
        guides,
        places,
    )
    _paint_all(job, inputs, stop)


def _replayed_inputs(provenance: Provenance, pictures: Sequence[Path], styles: Sequence[Path]) -> Inputs:
    if not provenance.trained_styles:
        return stored_inputs(provenance.images, pictures, styles, provenance.source)
    from impasto.imaging import pictures_in

    if styles:
        names = ", ".join(provenance.trained_styles)
        raise RecipeError(
            f"'{provenance.source}' was painted in the trained style {names}; leave --style out."
        )
    if pictures:
        return Inputs(tuple(pictures_in(pictures)), ())
    return stored_inputs(provenance.images, pictures, styles, provenance.source)


def _check_options(settings: Mapping[str, Any], output_options: OutputOptions) -> None:
    check_jpeg_quality(output_options.jpeg_quality)
    for name in settings:
        if name not in ONE_PASS_FIELDS:
            raise RecipeError(
                f"Painting in one pass has no --{name.replace('_', '-')}; leave it out "
                f"(it knows {', '.join(f'--{option}' for option in ONE_PASS_FIELDS)}, --mask, --protect)."
            )
    default = OutputOptions()
    for field in fields(OutputOptions):
        name = field.name
        if name not in OUTPUT_OPTIONS and getattr(output_options, name) != getattr(default, name):
            raise RecipeError(
                f"Painting in one pass has no intermediate pictures; leave --{name.replace('_', '-')} out."
            )


def _paint_all(job: FastJob, inputs: Inputs, stop: Stop) -> None:
    """Paint every content picture; of several, errors are reported at the end and finished ones left alone."""
    from impasto.batch import Digests
    from impasto.imaging import check_file

    for style in inputs.styles:
        check_file(style)
    failed: list[tuple[Path | None, ImpastoError]] = []
    contents = [path for path in inputs.contents if path is not None]
    quiet, digests, skipped = job.places.output_options.quiet, Digests(), 0
    with PictureBar(len(contents), quiet) as bar:
        for number, content in enumerate(contents):
            stop.check()
            bar.show(content.name, number, 0.0)

            def on_progress(tile: int, tiles: int, name: str = content.name, before: int = number) -> None:
                stop.check()
                bar.show(name, before, tile / tiles)

            try:
                key = _request_key(job, content, digests)
                if len(contents) > 1 and not job.places.again and _is_finished(job, content, key):
                    skipped += 1
                else:
                    _paint(job, content, [content, *inputs.styles], key, on_progress)
            except ONE_PICTURE_ERRORS as error:
                if len(contents) == 1:
                    raise
                failed.append((content, error))
                job.places.report.add("failed", content, job.style_names, None, error=error)
    if skipped and not quiet:
        print_status(f"{skipped} pictures were there already (--again paints them again).")
    report_failed(failed)


def _request_key(job: FastJob, content: Path, digests: Digests) -> str:
    """Return the digest of what decides the picture of a photograph."""
    from impasto.batch import one_pass_key

    return one_pass_key(
        digests,
        job.stylizer.model,
        job.settings,
        content=str(content),
        styles=job.style_names,
        guides=job.guides.to_json(),
        bits=job.places.output_options.bits,
    )


def _parts(job: FastJob, content: Path) -> list[str]:
    return [content.stem, *(Path(style).stem for style in job.styles)]


def _is_finished(job: FastJob, content: Path, key: str) -> bool:
    """Return whether the picture of a photograph is there; if so, it is added to the report."""
    found = finished(default_path(job.places.out_dir, _parts(job, content)), key)
    if found is not None:
        job.places.report.add("finished", content, job.style_names, found)
    return found is not None


def _paint(
    job: FastJob, content: Path, read: Sequence[Path], key: str, on_progress: Callable[[int, int], None]
) -> None:
    from impasto.imaging import check_writable

    places, output_options = job.places, job.places.output_options
    if places.out_dir is not None:
        make_folder(places.out_dir)
    output = target(output_options.out, places.out_dir, _parts(job, content))
    outputs = {"--out": check_writable(output.path, bits=output_options.bits)}
    if output_options.sidecar:
        outputs["--sidecar"] = output.sidecar
    check_distinct([*read, *job.files], outputs)
    result = job.stylizer.paint(content, job.styles, job.settings, job.guides, on_progress)
    places.report.seal(result.provenance, key)
    output = output.with_free_name()
    result.save(output.path, bits=output_options.bits, quality=output_options.jpeg_quality)
    if output_options.sidecar:
        write_sidecar(output.sidecar, result.provenance)
    places.report.add("painted", content, job.style_names, output.path, result=result)
    if not output_options.quiet:
        places.report.print_name(output.path)
