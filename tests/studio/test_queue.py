"""The queue without any process: order, states, what survives a restart, what is forgotten. Processes' words are
said by the tests."""

from __future__ import annotations

import asyncio
import time

import pytest

from impasto.errors import RecipeError
from impasto.studio.database import PictureRow
from impasto.studio.job_store import FRESH_SECONDS
from impasto.studio.models import JobBody
from impasto.studio.processes import DIED, RequestError
from impasto.studio.settings import StudioSettings
from impasto.studio.studio import MOST_DEATHS, Studio
from impasto.studio.workers import Worker

from .conftest import OPEN, TINY

MB = 1_000_000


class Spoken:
    """A painting process that is said to be there: what it was sent."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.hand: Worker = studio.crew.hands[0]
        self.sent: list[tuple] = []
        self.hand.send = lambda *message: self.sent.append(message)
        self.hand.start = lambda: None

    def say(self, *message) -> None:
        self.hand._hear(message)

    async def die(self) -> None:
        self.hand._hear(DIED)
        self.say("ready", "cpu", 1)

    @property
    def tasks(self) -> list[str]:
        return [message[1]["id"] for message in self.sent if message[0] == "paint"]


def body(studio: Studio, **changes) -> JobBody:
    samples = list(studio.pictures.samples)
    return JobBody(**{"content": samples[0], "styles": samples[4:5], "recipe": TINY, **changes})


@pytest.fixture
def hand(quiet: Studio) -> Spoken:
    spoken = Spoken(quiet)
    spoken.say("ready", "cpu", 1)
    return spoken


def states(studio: Studio, *jobs) -> list[str]:
    return [studio.ledger.job(job.id).state for job in jobs]


def test_one_job_at_a_time_in_their_order(quiet, hand) -> None:
    first, second, third = (quiet.submit(body(quiet)) for _ in range(3))
    assert states(quiet, first, second, third) == ["running", "queued", "queued"]
    assert [quiet.ledger.public(job)["position"] for job in (first, second, third)] == [None, 1, 2]
    hand.say("left", first.id, "done", None, {"step": 3})
    assert states(quiet, first, second, third) == ["done", "running", "queued"]
    assert hand.tasks == [first.id, second.id]
    assert quiet.ledger.public(third)["position"] == 1


def test_nothing_is_given_to_a_process_that_is_not_ready(quiet) -> None:
    job = quiet.submit(body(quiet))
    spoken = Spoken(quiet)
    assert states(quiet, job) == ["queued"]
    spoken.say("ready", "cpu", 1)
    assert states(quiet, job) == ["running"]


def test_pause_makes_room_and_resume_goes_in_front(quiet, hand) -> None:
    async def run() -> None:
        first, second, third = (quiet.submit(body(quiet)) for _ in range(3))
        pausing = asyncio.create_task(quiet.leave(first, "pause"))
        await asyncio.sleep(0)
        assert hand.sent[-1] == ("leave", first.id, "pause")
        hand.say("left", first.id, "paused", None, {"step": 2})
        await pausing
        assert states(quiet, first, second, third) == ["paused", "running", "queued"]
        quiet.resume(first)
        assert states(quiet, first) == ["queued"]
        hand.say("left", second.id, "done", None, {})
        assert states(quiet, first, third) == ["running", "queued"]
        assert first.step == 2

    asyncio.run(run())


def test_waiting_jobs_are_paused_and_cancelled_at_once(quiet, hand) -> None:
    async def run() -> None:
        first, second, third = (quiet.submit(body(quiet)) for _ in range(3))
        await quiet.leave(second, "pause")
        await quiet.leave(third, "cancel")
        assert states(quiet, first, second, third) == ["running", "paused", "stopped"]
        with pytest.raises(RequestError, match="not begun"):
            await quiet.leave(second, "keep")
        for how in ("pause", "cancel", "keep"):
            with pytest.raises(RequestError, match="stopped already"):
                await quiet.leave(third, how)
        for job in (first, third):
            with pytest.raises(RequestError, match="only a paused one"):
                quiet.resume(job)

    asyncio.run(run())


def test_keeping_a_paused_job_has_a_process_save_it(quiet, hand) -> None:
    async def run() -> None:
        job = quiet.submit(body(quiet))
        hand.say("left", job.id, "paused", None, {"step": 2})
        quiet.folder.checkpoint(job.id).write_bytes(b"saved")
        keeping = asyncio.create_task(quiet.leave(job, "keep"))
        await asyncio.sleep(0)
        assert hand.sent[-1][1]["keep"] is True
        quiet.folder.result(job.id).write_bytes(b"picture")
        hand.say("left", job.id, "stopped", None, {"step": 2})
        await keeping
        assert job.state == "stopped"
        assert job.has_picture

    asyncio.run(run())


def test_a_dead_process_costs_no_job_until_it_died_too_often(quiet, hand) -> None:
    async def run() -> None:
        job, other = quiet.submit(body(quiet)), quiet.submit(body(quiet))
        hand.say("step", job.id, 2, (32, 24), 1.0, 5.0)
        for _ in range(MOST_DEATHS - 1):
            await hand.die()
            assert states(quiet, job, other) == ["running", "queued"]
        hand.say("step", job.id, 2, (32, 24), 1.0, 5.0)
        await hand.die()
        assert states(quiet, job, other) == ["failed", "running"]
        assert "died 3 times" in quiet.ledger.job(job.id).error

    asyncio.run(run())


def test_deaths_do_not_count_where_the_job_got_further(quiet, hand) -> None:
    async def run() -> None:
        job = quiet.submit(body(quiet))
        for step in range(1, 3 * MOST_DEATHS):
            hand.say("step", job.id, step, (32, 24), 1.0, 5.0)
            await hand.die()
        assert states(quiet, job) == ["running"]

    asyncio.run(run())


def test_wishes_are_kept_where_the_process_died_before_it_could(quiet, hand) -> None:
    async def run(how: str, state: str) -> None:
        job = quiet.submit(body(quiet))
        leaving = asyncio.create_task(quiet.leave(job, how))
        await asyncio.sleep(0)
        await hand.die()
        await leaving
        assert states(quiet, job) == [state]

    asyncio.run(run("pause", "paused"))
    asyncio.run(run("cancel", "stopped"))


def again(studio: Studio) -> Studio:
    """A studio that finds what this one left when its server was killed."""
    studio.database.close()
    found = Studio(StudioSettings(studio.folder.root, limits=OPEN))
    asyncio.run(found.start())
    return found


def test_jobs_survive_the_server(quiet, hand) -> None:
    jobs = [quiet.submit(body(quiet, recipe={**TINY, "seed": seed})) for seed in range(5)]
    hand.say("started", jobs[0].id, 3, 0)
    quiet.ledger._saved.clear()  # a second passes
    hand.say("step", jobs[0].id, 2, (32, 24), 1.5, 5.0)
    asyncio.run(quiet.leave(jobs[2], "pause"))
    asyncio.run(quiet.leave(jobs[3], "cancel"))
    quiet.change(jobs[4], 0.9, None)
    found = again(quiet)
    assert states(found, *jobs) == ["queued", "queued", "paused", "stopped", "queued"]
    assert [job.id for job in found.ledger.queued()] == [jobs[0].id, jobs[1].id, jobs[4].id]
    first = found.ledger.job(jobs[0].id)
    assert (first.step, first.steps, first.scale, first.losses) == (2, 3, (32, 24), [(2, 1.5)])
    assert found.ledger.job(jobs[4].id).recipe["strength"] == 0.9
    assert [job.recipe["seed"] for job in found.database.page(None, 9)] == [4, 3, 2, 1, 0]
    found.database.close()


@pytest.mark.parametrize(("wish", "state"), [("pause", "paused"), ("cancel", "stopped"), ("keep", "queued")])
def test_wishes_survive_the_server(quiet, hand, wish, state) -> None:
    job = quiet.submit(body(quiet))
    job.wish = wish
    quiet.ledger.save(job)
    found = again(quiet)
    assert states(found, job) == [state]
    assert found.ledger.job(job.id).wish == ("keep" if wish == "keep" else None)
    found.database.close()


def test_a_change_reaches_the_process_and_the_recipe(quiet, hand) -> None:
    styles = list(quiet.pictures.samples)[4:6]
    job = quiet.submit(body(quiet, styles=styles))
    quiet.change(job, 0.8, [0.3, 0.7])
    assert hand.sent[-1] == ("change", job.id, 0.8, [0.3, 0.7])
    assert (job.recipe["strength"], job.recipe["mix"]) == (0.8, [0.3, 0.7])
    for strength, mix in ((3.0, None), (None, [0.5, 0.9]), (None, [0.2, 0.3, 0.5])):
        with pytest.raises(RecipeError):
            quiet.change(job, strength, mix)
    # What the process painted with in the end is what the job says.
    hand.say("left", job.id, "done", None, {"step": 3, "strength": 0.5, "mix": None})
    assert (job.recipe["strength"], job.recipe["mix"]) == (0.5, None)
    with pytest.raises(RequestError, match="done already"):
        quiet.change(job, 0.8, None)


def test_the_queue_has_an_end(quiet, hand) -> None:
    for _ in range(OPEN.queue):
        quiet.submit(body(quiet))
    with pytest.raises(RequestError, match="not finished") as refused:
        quiet.submit(body(quiet))
    assert refused.value.status == 429


def test_a_studio_where_nothing_can_be_painted_says_so(quiet) -> None:
    job = quiet.submit(body(quiet))
    Spoken(quiet).say("broken", "There is no device 'cuda' here.")
    assert states(quiet, job) == ["failed"]
    assert quiet.ledger.job(job.id).error == "There is no device 'cuda' here."
    with pytest.raises(RequestError, match="no device 'cuda'"):
        quiet.submit(body(quiet))


def test_several_cards_get_a_process_each(quiet) -> None:
    first = Spoken(quiet)
    first.say("ready", "cuda:0", 3)
    assert [hand.device for hand in quiet.crew.hands] == ["cuda:0", "cuda:1", "cuda:2"]
    jobs = [quiet.submit(body(quiet)) for _ in range(3)]
    assert states(quiet, *jobs) == ["running", "queued", "queued"]
    quiet.crew.hands[2].send = lambda *message: None
    quiet.crew.hands[2]._hear(("ready", "cuda:2", 3))
    assert states(quiet, *jobs) == ["running", "running", "queued"]


def test_losses_are_thinned(quiet, hand) -> None:
    job = quiet.submit(body(quiet))
    hand.say("started", job.id, 10_000, 0)
    for step in range(1, 10_001):
        job.step = step
        job.note_loss(float(step))
    assert 150 <= len(job.losses) <= 200
    job.step = 5_000
    job.note_loss(float("nan"))
    assert job.losses[-1][0] < 5_000


def test_the_oldest_is_forgotten_first(quiet, hand) -> None:
    jobs = [quiet.submit(body(quiet)) for _ in range(3)]
    for index, job in enumerate(jobs[:2]):
        quiet.folder.result(job.id).write_bytes(b"x" * MB)
        hand.say("left", job.id, "done", None, {})
        row = quiet.ledger.job(job.id)
        row.ended, row.bytes = 1000.0 + index, 40 * MB
        quiet.database.save(row)
    old, fresh, used = (f"{digit}" * 32 for digit in "abc")
    now = time.time()
    for name, at in ((old, 999.0), (fresh, now), (used, 998.0)):
        quiet.folder.picture(name).write_bytes(b"y")
        quiet.database.save_picture(PictureRow(name, "p", 1, 1, False, 10 * MB, at))
    quiet.submit(body(quiet, styles=[used]))
    quiet.database.touch([used], 998.0)

    def left(keep: int) -> tuple[list[bool], list[bool]]:
        object.__setattr__(quiet.ledger.limits, "history_bytes", keep)
        try:
            assert quiet.ledger.tidy() is (keep > 0)
        finally:
            object.__setattr__(quiet.ledger.limits, "history_bytes", 2_000 * MB)
        return (
            [quiet.database.job(job.id) is not None for job in jobs],
            [quiet.folder.picture(name).is_file() for name in (old, fresh, used)],
        )

    samples = sum(quiet.folder.picture(name).stat().st_size for name in quiet.pictures.samples)
    assert left(samples + 111 * MB) == ([True, True, True], [True, True, True])
    assert left(samples + 101 * MB) == ([True, True, True], [False, True, True])
    assert left(samples + 90 * MB) == ([False, True, True], [False, True, True])
    assert left(0) == ([False, False, True], [False, True, True])
    assert not quiet.folder.job(jobs[0].id).exists()
    assert all(quiet.folder.picture(name).is_file() for name in quiet.pictures.samples)
    assert FRESH_SECONDS < 3600


def test_forgetting_a_job_that_waits(quiet, hand) -> None:
    first, second, third = (quiet.submit(body(quiet)) for _ in range(3))
    asyncio.run(quiet.forget(second))
    assert not quiet.folder.job(second.id).exists()
    with pytest.raises(RequestError, match="no job"):
        quiet.ledger.job(second.id)
    assert quiet.ledger.public(third)["position"] == 1
    hand.say("left", first.id, "done", None, {})
    assert states(quiet, third) == ["running"]


def test_a_job_whose_picture_is_gone_fails_with_a_sentence(quiet, hand) -> None:
    first = quiet.submit(body(quiet))
    name = "d" * 32
    quiet.folder.picture(name).write_bytes(b"y")
    quiet.database.save_picture(PictureRow(name, "p", 1, 1, False, 1, time.time()))
    second = quiet.submit(body(quiet, styles=[name]))
    quiet.folder.picture(name).unlink()
    hand.say("left", first.id, "done", None, {})
    assert states(quiet, second) == ["failed"]
    assert "no picture" in quiet.ledger.job(second.id).error


def test_errors_name_pictures_as_their_owner_does(quiet, hand) -> None:
    job = quiet.submit(body(quiet))
    path = quiet.folder.picture(job.content)
    hand.say("left", job.id, "failed", f"The mask '{path}' is coloured.", {})
    assert quiet.ledger.job(job.id).error == "The mask 'Astronaut' is coloured."
