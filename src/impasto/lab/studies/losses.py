"""One recipe with other losses, pooling and first pictures."""

from collections.abc import Sequence

from impasto.lab.cells import PaintCell
from impasto.lab.figure import Figure, Panel, draw
from impasto.lab.row import FigureData, Row
from impasto.lab.setting import Setting
from impasto.lab.study import Study

BASE, SAID, SHOWN = "default", "(STYLE, CONTENT, NOISE)", ("STYLE", "CONTENT", "NOISE", "seconds")
# Measured at 128 pixels through compact and Oxford's VGG-19; the undivided one grows with the size's fourth power.
WEIGHTS = {"Gram gatys": (4e3, 2.5e-11), "Gram d2l": (1.2e6, 1.6e-6), "Gram johnson": (1e3, 6e-12),
           "Gram undivided": (7e-6, 9e-17), "Wasserstein": (40.0, 3.7e-6), "sliced": (50.0, 6.8e-6)}  # fmt: skip
GROUPS = {"total variation": (BASE, "TV 1", "TV 10", "TV 100"), "Gram": tuple(WEIGHTS)[:4],
          "pooling": ("max pooling", "average pooling", "l2 pooling"), "start": (BASE, "noise start", "style start"),
          "statistics": ("Gram d2l", BASE, "Wasserstein", "sliced")}  # fmt: skip


def _fields(name: str, setting: Setting) -> dict[str, object]:
    first, _, last = name.partition(" ")
    if name in WEIGHTS:
        weight = WEIGHTS[name][setting.vgg] * (128 / setting.size) ** (4 * (last == "undivided"))
        return {"style_loss": first.lower(), "gram": last or None, "style_weight": weight}
    return {} if name == BASE else {"variation_weight": float(last)} if first == "TV" else {last: first}


def cells(setting: Setting) -> list[PaintCell]:
    """Return every choice once."""
    fixed = f"{setting.encoder}'s pooling is built in; `impasto weights fetch vgg19` and use --encoder vgg19."
    why, scales = "" if setting.vgg else fixed, ((setting.size, setting.steps(200, 80)),)
    return [PaintCell({"choice": name}, {**_fields(name, setting), "scales": scales}, missing=why * ("pooling" in name))
            for name in dict.fromkeys(sum(GROUPS.values(), ()))]  # fmt: skip


def _grouped(rows: Sequence[Row]) -> dict[str, dict[str, Row]]:
    said = {f"{r['choice']}: {r['STYLE']:.2f}, {r['CONTENT']:.2f}, {r['NOISE']:.2f}": r for r in rows}
    some = {group: {k: r for k, r in said.items() if r["choice"] in names} for group, names in GROUPS.items()}
    return {group: found for group, found in some.items() if found}


def figure(view: FigureData) -> Figure:
    """Draw the groups that have pictures, a row each."""
    given, rows = [Panel(view.content, "photograph"), Panel(view.styles[0], "style")], _grouped(view.painted)
    grid = [[Panel(row.picture(), said) for said, row in some.items()] for some in rows.values()]
    return draw([given, *grid], labels=["beneath:\nSTYLE,\nCONTENT,\nNOISE", *rows])


def notes(rows: Sequence[Row]) -> list[str]:
    """Say what was measured, by group."""
    starts = [row["loss at start"] for row in rows if row["choice"] in (BASE, *WEIGHTS)] or [0.0]
    found = [f"{name.capitalize()} {SAID}: {'; '.join(some)}." for name, some in _grouped(rows).items()]
    return [*found, f"Style losses at the start lie between {min(starts):.2g} and {max(starts):.2g}."]


SAYS = """Average pooling is slightly more appealing than max. Other first pictures change little, though the photograph
biases forms. Total variation smooths. Sliced Wasserstein sees whole distributions, Gram matrices second moments."""
ELSE = """Style weights make every loss about 4 at the start, measured once for our pictures; then content weights
steer all to one distance from the photograph. Gatys' and Johnson's Gram losses differ by a factor 4 alone."""
STUDY = Study("losses", "Losses, pooling and first pictures", "What do other losses, poolings and starts change?",
              "Gatys et al., CVPR 2016, sections 2, 6; Johnson et al., ECCV 2016, section 3.2; Heitz et al., CVPR 2021",
              SAYS, cells, ("judge", "loss", "cost"), figure, notes, SHOWN, differs=ELSE)  # fmt: skip
