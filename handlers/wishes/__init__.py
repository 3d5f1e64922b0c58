"""Wishes and crowd wishes in conversation. Importing this fills the router."""

from handlers.wishes import asking, claiming, figures, lists, pledging, reminders, reviewing

JOBS = reminders.JOBS

__all__ = ["JOBS", "asking", "claiming", "figures", "lists", "pledging", "reviewing"]
