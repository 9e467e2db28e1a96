"""``impasto batch``: paint many pictures, and go on where the last run stopped."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from impasto.cli.batch_graphs import build_graphs
from impasto.cli.batch_options import BatchOptions, BatchRequest, batch_request
from impasto.cli.batch_progress import BatchProgress
from impasto.cli.cluster import ClusterOptions, connected, note_local_files
from impasto.cli.console import print_status
from impasto.cli.everyday_help import EverydayCommand
from impasto.cli.guide_options import GuideOptions, check_guides
from impasto.cli.interrupt import Stop
from impasto.cli.json_report import JsonReport
from impasto.cli.options import check_jpeg_quality, takes_recipe
from impasto.cli.recurring import RecurringTimer
from impasto.errors import PARTLY_FAILED, RecipeError, unknown

if TYPE_CHECKING:
    from impasto.batch import BatchItem, BatchPainter, BatchRow
    from impasto.cluster import RayCluster

app = typer.Typer(add_completion=False)

WATCH_SECONDS = 2.0
REPORT_SECONDS = 5.0
# Of the time of a run, the share that rewriting its report may take.
REPORT_SHARE = 0.02


@app.command("batch", cls=EverydayCommand)
@takes_recipe("aspect", "seamless")
def batch(
    contents: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PHOTO...", help="Content images, folders of them, or URLs.", show_default=False
        ),
    ] = None,
    *,
    batch_options: BatchOptions,
    guide_options: GuideOptions,
    settings: dict[str, Any],
) -> None:
    """Paint many pictures: folders, tables, variations; goes on where it stopped.

    Photographs and folders are painted in every --style, and the rows of a --manifest as they say. Pictures that are
    finished are left alone, so the same command goes on after Ctrl-C, a crash, or with new pictures.
    A picture that fails becomes a row of the report, and the others are painted.
    """
    with JsonReport("batch", batch_options.as_json) as report, Stop(batch_options.quiet) as stop:
        request = batch_request(contents or (), batch_options, guide_options, settings)
        _Batch(request, stop, report).run()


@dataclass
class _Batch:
    """One run of the command."""

    request: BatchRequest
    stop: Stop
    json_report: JsonReport
    cluster: RayCluster | None = None
    _timer: RecurringTimer = field(default_factory=lambda: RecurringTimer(REPORT_SECONDS))

    def run(self) -> None:
        """Paint everything; raise `typer.Exit` if pictures failed, and `Interrupted` after a signal."""
        from impasto.batch import BatchReport
        from impasto.batch.places import check_output, remove_remains

        options, items = self.request.options, self._items()
        painter = self._painter()
        self._check(items)
        with ExitStack() as stack:
            if options.cluster is not None:
                self.cluster = stack.enter_context(connected(options.cluster, options.quiet))
                note_local_files(self.cluster, [painter.out, *(item.content for item in items)])
            check_output(painter.out, painter.form)
            remove_remains(painter.out)
            self.report = BatchReport(items, [painter.place(item) for item in items])
            try:
                build_graphs(items, options.quiet)
                self._paint(painter, items)
                if options.watch:
                    self._watch(painter)
            finally:
                self._write(painter)
        self._end()

    def _items(self) -> list[BatchItem]:
        """Return the pictures to paint; raises what is wrong with the request."""
        from impasto.batch import Variation, product_items, read_manifest
        from impasto.batch.items import check_ids
        from impasto.batch.places import absolute, list_pictures

        request, options = self.request, self.request.options
        if not request.contents and options.manifest is None:
            raise RecipeError("Nothing was given to paint; name photographs, a folder, or a --manifest.")
        if options.fast and options.network is not None:
            raise RecipeError("--fast is the network for any style; leave it or --network out.")
        network = "fast" if options.fast else options.network
        own = network is not None and network != "fast"
        styles = [
            place
            for style in options.style or ()
            for place in ([style] if own and not Path(style).suffix else list_pictures(style))
        ]
        guides = request.guides.guides()
        check_guides(guides, read=True)
        items: list[BatchItem] = []
        if request.contents:
            contents = [place for content in request.contents for place in list_pictures(content)]
            variations = [Variation(name, tuple(values)) for name, values in request.variations.items()]
            items += product_items(
                list(dict.fromkeys(map(absolute, contents))), styles, variations, settings=request.settings,
                network=network, guides=guides.to_json(), mixed="mix" in request.settings or bool(guides.masks),
            )  # fmt: skip
        if options.manifest is not None:
            if request.variations:
                raise RecipeError("--vary is for photographs; write the values into the manifest's rows.")
            items += read_manifest(
                options.manifest,
                settings=request.settings,
                styles=styles,
                network=network,
                guides=guides.to_json(),
            )
            check_ids([item.id for item in items])
        return items

    def _painter(self) -> BatchPainter:
        from impasto.batch import BatchPainter, PictureFormat, Repaint
        from impasto.imaging import WRITABLE

        options = self.request.options
        if options.out_dir is None:
            raise RecipeError("--out-dir says where the pictures go; give a folder or a URL.")
        suffix = f".{(options.format or 'png').lower().removeprefix('.')}"
        if suffix not in WRITABLE:
            raise RecipeError(unknown("format", options.format, [name[1:] for name in WRITABLE]))
        quality = 95 if options.jpeg_quality is None else check_jpeg_quality(options.jpeg_quality)
        form = PictureFormat(suffix, 8 if options.bits is None else options.bits, quality)
        repaint = Repaint.ALWAYS if options.again else Repaint.CHANGED if options.update else Repaint.NEVER
        return BatchPainter(options.out_dir, form, repaint, options.sidecar)

    def _check(self, items: Sequence[BatchItem]) -> None:
        """Raise what would make the end of the run fail."""
        from impasto.batch.report import check_report
        from impasto.batch.sheet import check_sheet

        options = self.request.options
        if options.report is not None:
            check_report(options.report)
        if options.sheet is not None:
            check_sheet(options.sheet, len(items))
        ClusterOptions(options.cluster, options.workers).check()
        if options.watch and not any(Path(content).is_dir() for content in self.request.contents):
            raise RecipeError("--watch waits for new pictures in a folder; give one as PHOTO.")

    def _paint(self, painter: BatchPainter, items: Sequence[BatchItem]) -> None:
        """Paint the items; on a signal, those that are left stay rows "left"."""
        from impasto.batch.painter import StopBatch

        options = self.request.options
        progress = BatchProgress(len(items), options.quiet, names=not options.as_json)
        with progress.bar:
            try:
                for row in self._rows(painter, items, progress):
                    self.report.add(row)
                    progress.add(row)
                    if self._timer.due():
                        self._write_report(painter)
            except StopBatch:
                pass

    def _rows(
        self, painter: BatchPainter, items: Sequence[BatchItem], progress: BatchProgress
    ) -> Iterator[BatchRow]:
        """Yield the rows as the pictures are done, here or on the cluster; raises `StopBatch` after a signal."""
        from impasto.batch import paint_items
        from impasto.batch.painter import StopBatch

        def tell(item: BatchItem | None = None, share: float = 0.0) -> None:
            if self.stop.number:
                raise StopBatch
            progress.show("" if item is None else item.id, share)

        if self.cluster is None:
            return paint_items(painter, items, tell)
        from impasto.cluster import paint_on_cluster

        return paint_on_cluster(
            self.cluster, painter, items, workers=self.request.options.workers, on_wait=tell
        )

    def _watch(self, painter: BatchPainter) -> None:
        """Paint new pictures of the folders, until a signal; a file is taken when it has not changed for a while."""
        seen: dict[str, tuple[Any, ...]] = {}
        if not self.request.options.quiet and not self.stop.number:
            print_status("Waiting for new pictures; Ctrl-C ends it.")
        self._write(painter)
        while not self.stop.number:
            time.sleep(WATCH_SECONDS)
            new = self._new_items(seen)
            if new:
                self.report.extend(new, [painter.place(item) for item in new])
                self._paint(painter, new)
                self._write(painter)

    def _new_items(self, seen: dict[str, tuple[Any, ...]]) -> list[BatchItem]:
        """Return the items that have no row yet and whose files are as they were at the last look."""
        from impasto.batch.places import fingerprint
        from impasto.errors import PictureError

        known = {item.id for item in self.report.items}
        try:
            items = [item for item in self._items() if item.id not in known]
        except PictureError:  # a folder may be empty for a while
            return []
        ready = []
        for item in items:
            try:
                state = fingerprint(item.content)
            except PictureError:  # still empty
                continue
            if seen.get(item.content) == state:
                ready.append(item)
            seen[item.content] = state
        return ready

    def _write_report(self, painter: BatchPainter) -> None:
        """Write the table; it is rewritten more rarely the longer that takes."""
        from impasto.batch import write_report
        from impasto.batch.places import join

        started = time.monotonic()
        write_report(self.request.options.report or join(painter.out, "report.csv"), self.report.rows)
        self._timer.every = max(REPORT_SECONDS, (time.monotonic() - started) / REPORT_SHARE)
        self._timer.restart()

    def _write(self, painter: BatchPainter) -> None:
        """Write the table and the contact sheet; what --json prints comes first, because writing may fail."""
        from impasto.batch import write_sheet

        values = self.report.to_json()
        self.json_report.pictures = values.pop("pictures")
        self.json_report.extra = values
        self._write_report(painter)
        if self.request.options.sheet is not None:
            write_sheet(self.request.options.sheet, self.report.items, self.report.rows)

    def _end(self) -> None:
        """Print the counts; raise `Interrupted` or `typer.Exit` with the code for what happened."""
        report = self.report
        parts = [f"{report.count('painted')} of {len(report.items)} pictures painted"]
        for state, text in (("finished", "were finished already"), ("changed", "are there with other settings"),
                            ("failed", "failed"), ("left", "are left: the same command goes on")):  # fmt: skip
            if report.count(state):
                parts.append(f"{report.count(state)} {text}")
        if not self.request.options.quiet:
            print_status(f"{'; '.join(parts)}.")
        self.stop.check()
        if report.count("failed", "changed"):
            raise typer.Exit(PARTLY_FAILED)
