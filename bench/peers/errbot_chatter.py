"""Errbot over the corpus, in an environment of its own. For each line of input: one round, its seconds printed.

Driven as in `bench_peers`: a TestBackend without its own serve loop, `callback_message` called for every message,
commands run in the caller's thread (BOT_ASYNC off, which is the faster way), handlers that only count.
"""

# mypy: ignore-errors

import gc
import json
import logging
import os
import sys
import tempfile
import time
from pathlib import Path

from errbot.backends import test as backend
from errbot.backends.base import Message

COMMANDS = ("new", "list", "show", "take", "done", "remind", "close", "stats", "find", "help")
PLUGIN = "[Core]\nName=Counting\nModule=counting\n[Python]\nVersion=3\n"
HEAD = "from errbot import BotPlugin, botcmd\nHITS = [0]\nclass Counting(BotPlugin):\n"
COUNT = '    @botcmd(name="b{0}")\n    def b{0}(self, msg, args):\n        HITS[0] += 1\n'


def start():
    """A bot with ten commands, named b… so as not to clash with built-in ones; and its counter."""
    folder = Path(tempfile.mkdtemp())
    (folder / "counting.plug").write_text(PLUGIN)
    (folder / "counting.py").write_text(HEAD + "".join(COUNT.format(name) for name in COMMANDS))
    harness = backend.TestBot.__new__(backend.TestBot)
    harness.bot_thread = None
    settings = {"BOT_ASYNC": False, "BOT_PREFIX": "/", "BOT_ADMINS": ("gbin@localhost",)}
    harness.setup(extra_plugin_dir=str(folder), loglevel=logging.CRITICAL, extra_config=settings)
    logging.disable(logging.CRITICAL)
    bot = backend.setup_bot("Test", harness.logger, harness.bot_config)
    bot.connect_callback()
    bot.plugin_manager.activate_non_started_plugins()
    return bot, sys.modules[bot.commands["bnew"].__self__.__module__].HITS


def play(bot, room, rows, people):
    """Wire dict → event → dispatch, for every row. Gives the seconds."""
    gc.collect()
    began = time.process_time()
    for row in rows:
        user = row["user"]
        if user not in people:
            people[user] = backend.TestOccupant(f"u{user}", "testroom")
        text = row["text"]
        message = Message("/b" + text[1:] if row["cmd"] else text)
        message.frm, message.to = people[user], room
        bot.callback_message(message)
    return time.process_time() - began


def main():
    """One round a line of input, until its end."""
    rows = [json.loads(line) for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()]
    talk = [row for row in rows if row["cmd"] is None]
    bot, hits = start()
    room, people = backend.TestRoom("testroom", bot=bot), {}
    for _ in sys.stdin:
        hits[0] = 0
        answer = {"talk": play(bot, room, talk, people), "all": play(bot, room, rows, people), "hits": hits[0]}
        print("errbot: " + json.dumps(answer), flush=True)


main()
os._exit(0)
