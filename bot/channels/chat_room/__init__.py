"""A group chat in the browser: the way to try a community's settings before the bot joins a real group."""

from bot.channels.chat_room.people import ChatGroup, Persona
from bot.channels.chat_room.room import ChatRoom

__all__ = ["ChatGroup", "ChatRoom", "Persona"]
