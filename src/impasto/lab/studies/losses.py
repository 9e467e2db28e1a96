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
        weight = WEIGHTS[name][setting.vgg] * ((128 / setting.size) ** 4 if last == "undivided" else 1)
        return {"style_loss": first.lower(), "gram": last or None, "style_weight": weight}
    return {} if name == BASE else {"variation_weight": float(last)} if first == "TV" else {last: first}


def cells(setting: Setting) -> list[Cell]:
    """Return every choice once."""
    fixed = f"{setting.encoder}'s pooling is built in; `impasto weights fetch vgg19` and use --encoder vgg19."
    own = {"scales": ((setting.size, setting.steps(200, 80)),)}
    return [Cell({"choice": name}, own | _fields(name, setting),
                 missing=fixed if name.endswith("pooling") and not setting.vgg else "")
            for name in dict.fromkeys(name for names in GROUPS.values() for name in names)]  # fmt: skip


def figure(view: View) -> Figure:
    """Draw the groups that have pictures, a row each."""
    groups = {group: [view.find(choice=name) for name in names] for group, names in GROUPS.items()}
    rows = {group: some for group, some in groups.items() if not all(row.missing for row in some)}
    grid = [[Panel(r.picture(), f"{r['choice']}: {r['STYLE']:.2f}, {r['CONTENT']:.2f}, {r['NOISE']:.2f}")
             for r in some] for some in rows.values()]  # fmt: skip
    given = [Panel(view.content, "photograph"), Panel(view.styles[0], "style")]
    return draw([given, *grid], labels=["beneath:\nSTYLE,\nCONTENT,\nNOISE", *rows])


def notes(rows: Sequence[Row]) -> list[str]:
    """Say what was measured, by group."""
    starts = [sum(v for term, v in r.trace()[0].items() if term.startswith("style/"))
              for r in rows if r["choice"] in (BASE, *WEIGHTS)] or [0.0]  # fmt: skip
    found = [f"Style losses at the start lie between {min(starts):.2g} and {max(starts):.2g}."]
    for group, names in GROUPS.items():
        some = [row for row in rows if row["choice"] in names]
        words = (f"{name} " + ", ".join(f"{r['choice']} {r[name]:.2f}" for r in some) for name in MEASURES)
        found += [f"{group.capitalize()}: {'; '.join(words)}."] if some else []
    return found


SAYS = """Average pooling is slightly more appealing than max pooling. Other first pictures change little, though the
photograph biases forms (Gatys). Total variation smooths (Johnson). Sliced Wasserstein distances see whole
distributions of features, Gram matrices only second moments (Heitz)."""
ELSE = """Style weights make every loss about 4 at the start, measured once for our pictures; then content weights
steer all to one distance from the photograph. Gatys' and Johnson's Gram losses differ by a factor 4 alone."""
STUDY = Study("losses", "Losses, pooling and first pictures", "What do other losses, poolings and starts change?",
              "Gatys, Ecker & Bethge, CVPR 2016, sections 2, 6; Johnson, Alahi & Fei-Fei, ECCV 2016, section 3.2; "
              "Heitz, Vanhoey, Chambon & Belcour, CVPR 2021", SAYS, cells, ("judge", "cost"), figure, notes,
              MEASURES, differs=ELSE)  # fmt: skip
