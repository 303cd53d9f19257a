"""Sending an edition, from what was approved to the report: who gets what, frozen, sent, and what came back."""
