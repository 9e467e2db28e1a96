"""Uploads that end early leave no file."""

from __future__ import annotations

import asyncio
import contextlib

from impasto.studio.service import StudioService


def test_a_cancelled_upload_leaves_no_file(idle_studio: StudioService) -> None:
    uploads = idle_studio.folder.uploads

    async def body():
        yield b"\x89PNG"
        assert len(list(uploads.iterdir())) == 1
        await asyncio.Event().wait()

    async def run() -> None:
        task = asyncio.create_task(idle_studio.pictures.receive(body(), "slow.png"))
        await asyncio.sleep(0.01)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert not list(uploads.iterdir())
