"""Alerts: what is watched, when somebody is told, and how."""
