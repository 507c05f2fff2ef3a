"""Figures over time: charts, and the statement of a month."""
