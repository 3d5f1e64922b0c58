"""Stations, their rota and their bookings in conversation. Importing this fills the router."""

from handlers.bookings import booking, calendar, day, figures, reminders, rota

JOBS = reminders.JOBS

__all__ = ["JOBS", "booking", "calendar", "day", "figures", "rota"]
