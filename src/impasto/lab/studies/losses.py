"""One recipe with other losses, pooling and first pictures."""

from collections.abc import Sequence
from typing import Any

from impasto.lab.figure import Figure, Panel, draw
from impasto.lab.row import Row, View
from impasto.lab.study import Cell, Setting, Study

BASE, MEASURES = "default", ("STYLE", "CONTENT", "NOISE", "seconds")
# Measured at 128 pixels through compact and Oxford's VGG-19; the undivided one grows with the size's fourth power.
WEIGHTS = {"Gram gatys": (4e3, 2.5e-11), "Gram d2l": (1.2e6, 1.6e-6), "Gram johnson": (1e3, 6e-12),
           "Gram undivided": (7e-6, 9e-17), "Wasserstein": (40.0, 3.7e-6), "sliced": (50.0, 6.8e-6)}  # fmt: skip
GROUPS = {"total variation": (BASE, "TV 1", "TV 10", "TV 100"), "Gram": tuple(WEIGHTS)[:4],
          "pooling": ("max pooling", "average pooling", "l2 pooling"), "start": (BASE, "noise start", "style start"),
          "statistics": ("Gram d2l", BASE, "Wasserstein", "sliced")}  # fmt: skip


def _fields(name: str, setting: Setting) -> dict[str, Any]:
    """Return what a choice changes."""
    first, _, last = name.partition(" ")
    if name in WEIGHTS:
        weight = WEIGHTS[name][setting.vgg] * (128 / setting.size) ** (4 * (last == "undivided"))
        return {"style_loss": first.lower(), "gram": last or None, "style_weight": weight}
    return {} if name == BASE else {"variation_weight": float(last)} if first == "TV" else {last: first}


def cells(setting: Setting) -> list[Cell]:
    """Return every choice once."""
    fixed = f"{setting.encoder}'s pooling is built in; `impasto weights fetch vgg19` and use --encoder vgg19."
    why, scales = "" if setting.vgg else fixed, ((setting.size, setting.steps(200, 80)),)
    return [Cell({"choice": name}, {**_fields(name, setting), "scales": scales}, missing=why * ("pooling" in name))
            for name in dict.fromkeys(sum(GROUPS.values(), ()))]  # fmt: skip


def _grouped(rows: Sequence[Row]) -> dict[str, list[Row]]:
    some = {group: [row for row in rows if row["choice"] in names] for group, names in GROUPS.items()}
    return {group: found for group, found in some.items() if found}


def figure(view: View) -> Figure:
    """Draw the groups that have pictures, a row each."""
    rows, caption = _grouped(view.painted), "{}: {:.2f}, {:.2f}, {:.2f}"
    grid = [[Panel(r.picture(), caption.format(r["choice"], *(r[name] for name in MEASURES[:3]))) for r in some]
            for some in rows.values()]  # fmt: skip
    given = [Panel(view.content, "photograph"), Panel(view.styles[0], "style")]
    return draw([given, *grid], labels=["beneath:\nSTYLE,\nCONTENT,\nNOISE", *rows])


def notes(rows: Sequence[Row]) -> list[str]:
    """Say what was measured, by group."""
    firsts = [r.trace()[0] for r in rows if r["choice"] in (BASE, *WEIGHTS)]
    starts = [sum(v for name, v in line.items() if name.startswith("style/")) for line in firsts] or [0.0]
    found = [f"Style losses at the start lie between {min(starts):.2g} and {max(starts):.2g}."]
    for group, some in _grouped(rows).items():
        words = (f"{name} " + ", ".join(f"{r['choice']} {r[name]:.2f}" for r in some) for name in MEASURES)
        found.append(f"{group.capitalize()}: {'; '.join(words)}.")
    return found


SAYS = """Average pooling is slightly more appealing than max. Other first pictures change little, though the photograph
biases forms. Total variation smooths. Sliced Wasserstein sees whole distributions, Gram matrices second moments."""
ELSE = """Style weights make every loss about 4 at the start, measured once for our pictures; then content weights
steer all to one distance from the photograph. Gatys' and Johnson's Gram losses differ by a factor 4 alone."""
STUDY = Study("losses", "Losses, pooling and first pictures", "What do other losses, poolings and starts change?",
              "Gatys et al., CVPR 2016, sections 2, 6; Johnson et al., ECCV 2016, section 3.2; Heitz et al., CVPR 2021",
              SAYS, cells, ("judge", "cost"), figure, notes, MEASURES, differs=ELSE)  # fmt: skip
