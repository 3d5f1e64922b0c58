"""Quizzes with prizes in conversation. Importing this fills the router."""

from handlers.quizzes import answering, asking, prizes

JOBS = asking.JOBS

__all__ = ["JOBS", "answering", "asking", "prizes"]
