"""The fuzz of the contract runs on a service of its own, says what it was answered, and finds nothing wrong."""

import asyncio
import re
import subprocess
import sys


async def test_whoever_fuzzes_is_told_how_often_and_how_he_was_answered():
    command = [sys.executable, "-m", "tests.contract.fuzz", "--role", "customs", "--minutes", "0.08", "--seed", "1"]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    said = re.search(r"customs, seed 1: answered (.*); 0 wrong; broken: {}", done.stdout)
    assert said, done.stdout
    answers = dict(each.split(": ") for each in said[1].split(", "))
    assert int(answers["200"]) > 0
    assert int(answers["422"]) > 0
